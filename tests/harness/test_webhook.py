import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from botflight_harness import Person, Telegram, WebhookHarness
from botflight_harness.delivery import Undelivered


class Service:
    """A small service that notes what it gets, and answers with the statuses that it is given."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.got: list[int] = []
        self.secrets: list[str | None] = []
        self.statuses: list[int] = []
        self.at_ms: list[int] = []
        self.at_once = 0
        self.most_at_once = 0
        self.is_up = False
        routes = [Route("/webhook", self.webhook, methods=["POST"]), Route("/livez", self.livez)]
        self.app = Starlette(routes=routes, lifespan=self.lifespan)

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self.is_up = True
        yield
        self.is_up = False

    async def livez(self, _: Request) -> Response:
        return PlainTextResponse("alive" if self.is_up else "down")

    async def webhook(self, request: Request) -> Response:
        update = await request.json()
        self.secrets.append(request.headers.get("x-telegram-bot-api-secret-token"))
        self.got.append(update["update_id"])
        self.at_ms.append(self.telegram.clock.now_ms())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return PlainTextResponse("", status_code=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
def service(telegram: Telegram) -> Service:
    return Service(telegram)


@pytest.fixture
async def harness(service: Service, telegram: Telegram) -> AsyncIterator[WebhookHarness]:
    async with WebhookHarness(service.app, telegram, secret="s3cret") as harness:
        yield harness


async def test_an_update_is_posted_with_the_secret(harness: WebhookHarness, service: Service, alice: Person) -> None:
    """What a person does is posted to the app, once, with the secret in its header."""
    await alice.sends("hello")

    assert len(service.got) == 1
    assert service.secrets == ["s3cret"]
    assert len(harness.bot.updates) == 0


async def test_the_lifespan_is_kept(service: Service, telegram: Telegram) -> None:
    """The app is up inside, and shut down after."""
    async with WebhookHarness(service.app, telegram, secret="s") as harness:
        inside = await harness.request("GET", "/livez")

    assert (inside.status, inside.text) == (200, "alive")
    assert not service.is_up


@pytest.mark.usefixtures("harness")
async def test_a_refused_update_comes_again_at_once_then_after_two_seconds(service: Service, alice: Person) -> None:
    """Anything but 2xx is tried again: at once, then after 2, 4, 8 seconds of Telegram's clock, none of them real."""
    service.statuses = [500, 503, 404, 302, 500, 200]

    await alice.sends("hello")

    start_ms = service.at_ms[0]
    assert [at_ms - start_ms for at_ms in service.at_ms] == [0, 0, 2_000, 6_000, 14_000, 30_000]
    assert len(set(service.got)) == 1


async def test_an_update_that_is_never_taken_fails_the_test(
    harness: WebhookHarness, service: Service, alice: Person
) -> None:
    """After a dozen tries the harness gives up, says what was answered, and keeps the update for a restart."""
    service.statuses = [500] * 50

    with pytest.raises(Undelivered, match="500"):
        await alice.sends("hello")

    assert len(harness.bot.updates) == 1


async def test_a_tap_that_could_not_be_delivered_for_150_seconds_is_dropped(
    harness: WebhookHarness, service: Service, telegram: Telegram, alice: Person
) -> None:
    """A callback query expires after 150 seconds, as on the official server."""
    chat = telegram.private_chat(alice, harness.bot)
    message = telegram.post(chat, harness.bot, {"text": "menu"})
    service.statuses = [500] * 50

    act = alice.tap_data(message, "go")
    await harness.carry(act.updates)

    assert harness.courier.dropped == [act.update]
    assert service.at_ms[-1] - service.at_ms[0] < 150_000


async def test_chats_are_served_side_by_side_and_each_in_order(
    harness: WebhookHarness, service: Service, telegram: Telegram
) -> None:
    """Many people at once are served in parallel, while the updates of each arrive in order."""
    people = [telegram.user(f"User {number}") for number in range(20)]
    acts = {person: [person.send_text(str(number)).update for number in range(3)] for person in people}

    await harness.carry([update for updates in acts.values() for update in updates])

    assert service.most_at_once == 20
    for updates in acts.values():
        wanted = [update.update_id for update in updates]
        assert [number for number in service.got if number in wanted] == wanted


async def test_no_more_posts_at_once_than_connections(service: Service, telegram: Telegram) -> None:
    """`connections_most` bounds how many posts are under way."""
    people = [telegram.user(f"User {number}") for number in range(20)]

    async with WebhookHarness(service.app, telegram, secret="s", connections_most=5) as harness:
        await harness.carry([person.send_text("hello").update for person in people])

    assert service.most_at_once == 5


async def test_a_repeat_is_the_same_update_again(harness: WebhookHarness, service: Service, alice: Person) -> None:
    """`repeat` posts an update that was taken already, with the same update_id."""
    act = alice.send_text("hello")
    await harness.carry(act.updates)

    await harness.repeat(act.update, times=2)

    assert service.got == [act.update.update_id] * 3


async def test_updates_can_come_out_of_order(harness: WebhookHarness, service: Service, alice: Person) -> None:
    """`reorder` posts updates in the order that the test names."""
    first, second = alice.send_text("one").update, alice.send_text("two").update

    await harness.reorder([second, first])

    assert service.got == [second.update_id, first.update_id]


async def test_taps_can_arrive_together(
    harness: WebhookHarness, service: Service, telegram: Telegram, alice: Person
) -> None:
    """`together` posts all taps at the same moment, though one user's taps share a lane."""
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    alice.send_text("/start")
    parameters = {"chat_id": alice.user_id, "text": "menu", "reply_markup": markup}
    telegram.call(harness.bot.token, "sendMessage", parameters)

    await alice.taps("Go", times=20, together=True)

    assert service.most_at_once == 20
    assert len(set(service.got)) == 20


async def test_what_a_person_does_after_taps_that_came_together_is_delivered(
    harness: WebhookHarness, service: Service, alice: Person
) -> None:
    """Posting together leaves nothing behind: the next update finds its way as ever."""
    await harness.together([alice.send_text("one").update, alice.send_text("two").update])

    act = alice.send_text("three")
    await harness.carry(act.updates)

    assert act.update not in harness.bot.updates
    assert len(service.got) == 3


async def test_a_lost_acknowledgement_brings_the_update_again(
    harness: WebhookHarness, service: Service, alice: Person
) -> None:
    """When the 200 is lost on its way the same update comes a second time."""
    harness.lose_acknowledgement()

    await alice.sends("hello")

    assert len(service.got) == 2
    assert len(set(service.got)) == 1


async def test_undelivered_updates_follow_to_a_new_service(service: Service, telegram: Telegram, alice: Person) -> None:
    """What happened while no service was there is posted to the next one."""
    waiting = alice.send_text("while you were away").update

    async with WebhookHarness(service.app, telegram, secret="s"):
        after = await alice.sends("hello")

    assert service.got[0] == waiting.update_id
    assert after.text == "hello"
    assert len(service.got) == 2


async def test_an_app_that_raises_fails_the_test(telegram: Telegram, alice: Person) -> None:
    """An exception out of the app is a 500 for Telegram, and fails the test unless it is expected."""

    async def app(scope: dict, _: object, __: object) -> None:
        if scope["type"] == "http":
            raise RuntimeError("out of tea")

    async def run() -> None:
        async with WebhookHarness(app, telegram, secret="s"):
            with pytest.raises(Undelivered):
                await alice.sends("hello")

    with pytest.raises(AssertionError, match="out of tea"):
        await run()


async def test_the_service_says_when_it_is_idle(service: Service, telegram: Telegram, alice: Person) -> None:
    """With `idle` given, what a person does returns when the service has done its work, not when it acknowledged."""
    waited: list[int] = []

    async def idle() -> None:
        waited.append(len(service.got))

    async with WebhookHarness(service.app, telegram, secret="s", idle=idle):
        await alice.sends("hello")

    assert waited == [1]
