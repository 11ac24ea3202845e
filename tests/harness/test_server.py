"""A bot without any framework, in plain HTTP, against the simulated Telegram on a loopback address."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from botflight_harness.clock import SystemClock
from botflight_harness.server import Address, BotApi, application, bot_api, serving
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.world import Telegram

TOKEN = "1000000001:letters"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x02"


@dataclass
class Client:
    """What a bot in another language has: an address and a token."""

    session: aiohttp.ClientSession
    address: Address
    token: str

    async def __call__(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method with JSON, and return the whole answer."""
        async with self.session.post(self.url(method), json=parameters) as response:
            return await response.json()

    def url(self, method: str) -> str:
        """Return the address of a method."""
        return f"{self.address.url}/bot{self.token}/{method}"


@pytest.fixture
def telegram() -> Telegram:
    return Telegram(clock=SystemClock())


@pytest.fixture
def bot(telegram: Telegram) -> BotAccount:
    return telegram.bot(TOKEN)


@pytest.fixture
def alice(telegram: Telegram, bot: BotAccount) -> Person:
    person = telegram.user("Alice")
    person.chat_in(bot)
    return person


@pytest.fixture
def api(telegram: Telegram) -> BotApi:
    return bot_api(telegram)


@pytest.fixture
async def client(api: BotApi, bot: BotAccount) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session, serving(application(api)) as address:
        yield Client(session, address, bot.token)


async def test_a_method_answers_with_ok_and_a_result(client: Client) -> None:
    """A call that goes well answers as Telegram does."""
    answer = await client("getMe")

    assert answer["ok"] is True
    assert answer["result"]["id"] == 1000000001


async def test_parameters_come_by_query_form_and_json(client: Client, alice: Person) -> None:
    """GET and POST, a query, a form and JSON say the same."""
    form = {
        "chat_id": alice.user_id,
        "text": "hi",
        "reply_markup": '{"inline_keyboard":[[{"text":"a","url":"https://a.b"}]]}',
    }

    async with client.session.get(
        client.url("sendMessage"), params={"chat_id": alice.user_id, "text": "hi"}
    ) as response:
        by_query = await response.json()
    async with client.session.post(client.url("SENDMESSAGE"), data=form) as response:
        by_form = await response.json()
    by_json = await client("sendMessage", chat_id=alice.user_id, text="hi")

    assert [answer["result"]["text"] for answer in (by_query, by_form, by_json)] == ["hi", "hi", "hi"]
    assert by_form["result"]["reply_markup"]["inline_keyboard"][0][0]["text"] == "a"


async def test_a_file_goes_up_and_comes_down(client: Client, alice: Person) -> None:
    """A photo sent as multipart is found by getFile, and its bytes at the path that it gives."""
    form = aiohttp.FormData({"chat_id": str(alice.user_id)})
    form.add_field("photo", PNG, filename="dot.png")
    async with client.session.post(client.url("sendPhoto"), data=form) as response:
        photo = (await response.json())["result"]["photo"][-1]

    path = (await client("getFile", file_id=photo["file_id"]))["result"]["file_path"]
    async with client.session.get(f"{client.address.url}/file/bot{TOKEN}/{path}") as response:
        content = await response.read()

    assert content == PNG


async def test_a_file_that_is_not_there_is_404(client: Client) -> None:
    """No file and no bot answer alike: 404 as Telegram's server says it."""
    async with client.session.get(f"{client.address.url}/file/bot{TOKEN}/photos/file_9.jpg") as response:
        answer = await response.json()

    assert (response.status, answer) == (404, {"ok": False, "error_code": 404, "description": "Not Found"})


async def test_a_refusal_has_telegrams_code_words_and_status(client: Client) -> None:
    """What Telegram refuses is refused in its words, and the HTTP status is the error code."""
    async with client.session.post(client.url("sendMessage"), json={"chat_id": 404, "text": "hi"}) as response:
        answer = await response.json()

    assert response.status == 400
    assert answer == {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}


async def test_a_flood_tells_how_long_to_wait(client: Client, telegram: Telegram, alice: Person) -> None:
    """A 429 carries retry_after, as bots' libraries look for it."""
    telegram.faults.flood("sendMessage", retry_after_s=3)

    answer = await client("sendMessage", chat_id=alice.user_id, text="hi")

    assert (answer["error_code"], answer["parameters"]) == (429, {"retry_after": 3})


async def test_a_wrong_token_is_401(client: Client) -> None:
    """A token of no bot is unauthorized."""
    client.token = "1:wrong"

    assert (await client("getMe"))["error_code"] == 401


async def test_what_is_not_modelled_is_501(client: Client, api: BotApi, telegram: Telegram, alice: Person) -> None:
    """The simulation says where it ends and makes up no success."""
    alice.send_text("/start")
    photo = {"chat_id": alice.user_id, "photo": "https://example.com/a.png"}

    async with client.session.post(client.url("sendPhoto"), json=photo) as response:
        answer = await response.json()

    assert response.status == 501
    assert answer["description"].startswith("Not Implemented: sendPhoto with a URL")
    assert api.journal.calls[-1].outcome == "not modelled"
    with pytest.raises(AssertionError, match="sendPhoto with a URL"):
        telegram.check()


async def test_a_body_that_cannot_be_read_is_400(client: Client) -> None:
    """Broken JSON is refused with a sentence."""
    headers = {"Content-Type": "application/json"}

    async with client.session.post(client.url("getMe"), data=b"{", headers=headers) as response:
        answer = await response.json()

    assert (response.status, answer["description"]) == (400, "Bad Request: can't parse JSON object")


async def test_a_lost_answer_breaks_the_connection(client: Client, telegram: Telegram, alice: Person) -> None:
    """A fault may lose an answer after the effect: the message is there, and the bot cannot know."""
    telegram.faults.lose_answer("sendMessage", how="reset")

    with pytest.raises(aiohttp.ClientError):
        await client("sendMessage", chat_id=alice.user_id, text="hi")

    assert alice.last.text == "hi"


async def test_the_token_is_nowhere_in_the_journal(client: Client, api: BotApi, alice: Person) -> None:
    """What a developer looks at holds no secret."""
    await client("setWebhook", url="http://127.0.0.1:9/", secret_token="hush-hush")
    await client("sendMessage", chat_id=alice.user_id, text="hi")

    assert TOKEN not in repr(api.journal.calls)
    assert "hush-hush" not in repr(api.journal.calls)


async def until(holds: Callable[[], bool]) -> None:
    """Let others work until something holds, for five seconds at most."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - nothing in the world sets an event for it
            await asyncio.sleep(0)


async def test_another_site_cannot_act_as_the_bot(client: Client) -> None:
    """A page from elsewhere, open in a browser on this machine, is refused."""
    headers = {"Origin": "https://evil.example"}

    async with client.session.post(client.url("getMe"), headers=headers) as response:
        answer = await response.json()

    assert (response.status, answer["error_code"]) == (403, 403)


# Polling


async def test_a_poll_waits_for_the_next_update(client: Client, api: BotApi, bot: BotAccount, alice: Person) -> None:
    """Long polling answers as soon as somebody writes."""
    polling = asyncio.create_task(client("getUpdates", timeout=50))
    await until(lambda: api.roads.polls(bot).is_waiting)

    alice.send_text("hello")

    assert [update["message"]["text"] for update in (await polling)["result"]] == ["hello"]


async def test_an_update_comes_again_until_it_is_confirmed(client: Client, alice: Person) -> None:
    """An offset confirms what was before it, and nothing else does."""
    alice.send_text("hello")
    first = (await client("getUpdates"))["result"]
    second = (await client("getUpdates"))["result"]

    third = (await client("getUpdates", offset=first[0]["update_id"] + 1))["result"]

    assert first == second
    assert third == []


async def test_a_second_poll_ends_the_first(client: Client, api: BotApi, bot: BotAccount) -> None:
    """Two pollers of one bot: the older gets Telegram's 409."""
    older = asyncio.create_task(client("getUpdates", timeout=50))
    await until(lambda: api.roads.polls(bot).is_waiting)

    newer = await client("getUpdates")

    assert newer["result"] == []
    assert (await older)["error_code"] == 409


async def test_a_webhook_ends_the_poll(client: Client, api: BotApi, bot: BotAccount) -> None:
    """A poll that waits ends when a webhook is set."""
    polling = asyncio.create_task(client("getUpdates", timeout=50))
    await until(lambda: api.roads.polls(bot).is_waiting)

    await client("setWebhook", url="http://127.0.0.1:9/")

    assert (await polling)["description"] == "Conflict: terminated by setWebhook request"


async def test_a_confirmed_update_is_polled_once_more_when_repeated(
    client: Client, api: BotApi, bot: BotAccount, alice: Person
) -> None:
    """Repeating puts the very same update into the next answer, whatever the offset."""
    update = alice.send_text("hello").update
    await client("getUpdates", offset=update.update_id + 1)

    api.roads.again(bot, update)

    answer = await client("getUpdates", offset=update.update_id + 1)
    assert [repeated["update_id"] for repeated in answer["result"]] == [update.update_id]


async def test_the_journal_tells_when_a_bot_has_taken_an_update(
    client: Client, api: BotApi, bot: BotAccount, alice: Person
) -> None:
    """An update waits, is handed out, and is delivered once the next poll confirms it."""
    api.roads.polls(bot)
    update = alice.send_text("hello").update

    await client("getUpdates")
    (handed_out,) = api.journal.deliveries
    await client("getUpdates", offset=update.update_id + 1)
    (confirmed,) = api.journal.deliveries

    assert (handed_out.tries, handed_out.status) == (1, "waiting")
    assert (confirmed.tries, confirmed.status) == (1, "delivered")


# Webhook


@dataclass
class Receiver:
    """A bot's own web server: remembers what it was posted, and answers as it is told."""

    updates: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    url: str = ""
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: Request) -> Response:
        """Take an update."""
        self.updates.append(await request.json())
        self.secrets.append(request.headers.get("x-telegram-bot-api-secret-token"))
        self._came.set()
        return self.answers.pop(0) if self.answers else Response()

    async def got(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many updates have come."""
        async with asyncio.timeout(5):
            while len(self.updates) < count:
                self._came.clear()
                await self._came.wait()
        return self.updates


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/hook", receiver.receive, methods=["POST"])])
    async with serving(app) as address:
        receiver.url = f"{address.url}/hook"
        yield receiver


async def test_updates_are_posted_with_the_secret(client: Client, receiver: Receiver, alice: Person) -> None:
    """A webhook gets what waits and what comes, with the secret in its header."""
    alice.send_text("before")
    await client("setWebhook", url=receiver.url, secret_token="hush")
    alice.send_text("after")

    updates = await receiver.got(2)

    assert [update["message"]["text"] for update in updates] == ["before", "after"]
    assert receiver.secrets == ["hush", "hush"]


async def test_what_is_not_acknowledged_comes_again(client: Client, receiver: Receiver, alice: Person) -> None:
    """Anything but 2xx is tried again, the first time at once, and is told by getWebhookInfo."""
    receiver.answers.append(Response(status_code=503))
    await client("setWebhook", url=receiver.url)

    alice.send_text("hello")

    first, second = await receiver.got(2)
    assert first == second
    info = (await client("getWebhookInfo"))["result"]
    assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"


async def test_an_acknowledged_update_waits_no_more(
    client: Client, receiver: Receiver, alice: Person, bot: BotAccount
) -> None:
    """After a 2xx nothing is pending."""
    await client("setWebhook", url=receiver.url)

    alice.send_text("hello")
    await receiver.got(1)

    await until(lambda: not len(bot.updates))
    assert (await client("getWebhookInfo"))["result"]["pending_update_count"] == 0


async def test_a_method_in_the_answer_is_run(client: Client, receiver: Receiver, alice: Person) -> None:
    """A bot may answer an update with a call."""
    receiver.answers.append(JSONResponse({"method": "sendMessage", "chat_id": alice.user_id, "text": "by answer"}))
    await client("setWebhook", url=receiver.url)

    alice.send_text("hello")

    assert (await alice.sees("by answer")).from_bot


async def test_a_repeated_update_is_posted_again(
    client: Client, receiver: Receiver, api: BotApi, bot: BotAccount, alice: Person
) -> None:
    """Repeating posts the very same update once more."""
    await client("setWebhook", url=receiver.url)
    update = alice.send_text("hello").update
    await receiver.got(1)

    api.roads.again(bot, update)

    first, second = await receiver.got(2)
    assert first == second


async def test_updates_go_together_when_asked(
    client: Client, api: BotApi, bot: BotAccount, alice: Person, meeting: "Meeting"
) -> None:
    """Twenty updates of one chat are on their way at the same moment, each once."""
    await client("setWebhook", url=meeting.url)
    updates = [alice.send_text(f"tap {number}").update for number in range(20)]

    api.roads.together(bot, updates)

    assert sorted(await meeting.all_came()) == [update.update_id for update in updates]


@pytest.mark.parametrize("turns", range(8))
async def test_what_goes_together_comes_once(
    client: Client, receiver: Receiver, api: BotApi, bot: BotAccount, alice: Person, turns: int
) -> None:
    """However the event loop's turns fall, updates that go together are not posted by their lane as well."""
    await client("setWebhook", url=receiver.url)

    async def burst() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        api.roads.together(bot, [alice.send_text(f"tap {number}").update for number in range(5)])

    bursting = asyncio.create_task(burst())  # in each turn it comes before the poster, which "before" wakes
    alice.send_text("before")
    await bursting

    await receiver.got(6)
    alice.send_text("after")  # comes behind whatever the lane still holds
    await until(lambda: receiver.updates[-1]["message"]["text"] == "after")
    numbers = [update["update_id"] for update in receiver.updates]
    assert len(numbers) == len(set(numbers)) == 7


async def test_what_is_not_taken_together_waits_again(
    client: Client, receiver: Receiver, api: BotApi, bot: BotAccount, alice: Person
) -> None:
    """Of updates that go together, one that fails comes again with the same id."""
    receiver.answers.append(Response(status_code=503))
    await client("setWebhook", url=receiver.url)
    updates = [alice.send_text(f"tap {number}").update for number in range(3)]

    api.roads.together(bot, updates)

    posted = [update["update_id"] for update in await receiver.got(4)]
    assert posted.count(posted[0]) == 2
    await until(lambda: {entry.status for entry in api.journal.deliveries} == {"delivered"})
    assert sorted(entry.tries for entry in api.journal.deliveries) == [1, 1, 2]


@dataclass
class Meeting:
    """A bot that answers nobody until twenty updates are there."""

    url: str = ""
    barrier: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(21))
    numbers: list[int] = field(default_factory=list)

    async def receive(self, request: Request) -> Response:
        """Take an update and wait for the others."""
        self.numbers.append((await request.json())["update_id"])
        await self.barrier.wait()
        return Response()

    async def all_came(self) -> list[int]:
        """Wait for all, and return their ids."""
        async with asyncio.timeout(5):
            await self.barrier.wait()
        return self.numbers


@pytest.fixture
async def meeting() -> AsyncIterator[Meeting]:
    meeting = Meeting()
    app = Starlette(routes=[Route("/", meeting.receive, methods=["POST"])])
    async with serving(app) as address:
        meeting.url = f"{address.url}/"
        yield meeting


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/hook", "https://bot.example/hook", "http://127.0.0.1.evil.example/", "http:///hook"]
)
async def test_a_webhook_elsewhere_is_refused(client: Client, url: str) -> None:
    """Updates go to this machine alone."""
    answer = await client("setWebhook", url=url)

    assert answer["error_code"] == 400
    assert "this machine" in answer["description"]


async def test_no_webhook_means_no_posts(client: Client, receiver: Receiver, alice: Person) -> None:
    """After deleteWebhook updates wait for a poll."""
    await client("setWebhook", url=receiver.url)
    await client("deleteWebhook")

    alice.send_text("hello")

    assert len((await client("getUpdates"))["result"]) == 1
    assert receiver.updates == []


async def test_garbage_comes_with_200(client: Client, telegram: Telegram, alice: Person) -> None:
    """A page that is no answer, as a proxy in between may send it."""
    telegram.faults.lose_answer("sendMessage", how="garbage")

    async with client.session.post(client.url("sendMessage"), json={"chat_id": alice.user_id, "text": "x"}) as response:
        body = await response.text()

    assert (response.status, body.startswith("<html>")) == (200, True)
    assert alice.last.text == "x"
