"""The control routes that the page is built on, without a browser."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest

from botflight_harness.clock import SystemClock
from botflight_harness.server import bot_api, serving
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.world import Telegram
from botflight_harness.web import chat_app

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x02"
BUTTON = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}, {"text": "Copy", "copy_text": {"text": "x"}}]]}


@dataclass(frozen=True)
class Got:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Control:
    """The control routes over HTTP."""

    session: aiohttp.ClientSession
    url: str
    alice: Person
    bot: BotAccount
    telegram: Telegram

    async def post(self, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Post JSON, and return status and answer."""
        async with self.session.post(f"{self.url}/_control/{path}", json=body or {}) as response:
            return response.status, await response.json()

    async def acts(self, action: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Post one of Alice's acts."""
        return await self.post(f"people/{self.alice.user_id}/{action}", body)

    async def get(self, path: str) -> Got:
        """Get a route."""
        async with self.session.get(f"{self.url}{path}") as response:
            return Got(response.status, response.headers, await response.read())

    def asks(self, text: str = "Sure?") -> int:
        """Let the bot write a message with a button, and return its id."""
        call = {"chat_id": self.alice.user_id, "text": text, "reply_markup": BUTTON}
        message_id: int = self.telegram.call(self.bot.token, "sendMessage", call)["message_id"]
        return message_id


@pytest.fixture
async def control() -> AsyncIterator[Control]:
    """A page with Alice alone."""
    telegram = Telegram(clock=SystemClock())
    bot = telegram.bot("1000000001:letters")
    alice = telegram.user("Alice")
    app = chat_app(bot_api(telegram), bot, title="Test", links={"Metrics": "/metrics"}, people=[alice])
    async with aiohttp.ClientSession() as session, serving(app) as address:
        yield Control(session, address.url, alice, bot, telegram)


async def test_the_state_tells_everything(control: Control) -> None:
    """One answer holds the bot, the people with their messages, calls, updates and links."""
    await control.acts("messages", {"text": "hello"})

    state = orjson.loads((await control.get("/_control/state")).body)

    assert state["title"] == "Test"
    assert state["links"] == {"Metrics": "/metrics"}
    assert [message["text"] for message in state["people"][0]["messages"]] == ["hello"]
    assert [update["status"] for update in state["updates"]] == ["waiting"]


async def test_a_key_that_asks_for_a_number_shares_it(control: Control) -> None:
    """The page presses it as a telephone does, and its label is not written."""
    await control.acts("messages", {"text": "hello"})
    keys = {"keyboard": [[{"text": "My number", "request_contact": True}, {"text": "A poll", "request_poll": {}}]]}
    call = {"chat_id": control.alice.user_id, "text": "Who?", "reply_markup": keys}
    control.telegram.call(control.bot.token, "sendMessage", call)

    status, message = await control.acts("presses", {"text": "My number"})
    unknown, said = await control.acts("presses", {"text": "My name"})

    assert (status, message["contact"]["user_id"]) == (200, control.alice.user_id)
    assert "text" not in message
    assert unknown >= 400
    assert "no button 'My name'" in said["error"]


async def test_a_person_writes(control: Control) -> None:
    """A text becomes a message and an update for the bot."""
    status, message = await control.acts("messages", {"text": " hello "})

    assert (status, message["text"]) == (200, "hello")
    assert [update.payload["text"] for update in control.bot.updates] == ["hello"]


async def test_a_photo_is_sent_and_read_back(control: Control) -> None:
    """A picture goes up as multipart and is shown with its own type."""
    form = aiohttp.FormData({"caption": "look"})
    form.add_field("photo", PNG, filename="dot.png", content_type="image/png")
    async with control.session.post(
        f"{control.url}/_control/people/{control.alice.user_id}/messages", data=form
    ) as response:
        message = await response.json()

    shown = await control.get(f"/_control/files/{message['photo'][-1]['file_id']}")

    assert message["caption"] == "look"
    assert (shown.headers["content-type"], shown.body) == ("image/png", PNG)


async def test_what_could_run_is_handed_out_as_bytes(control: Control) -> None:
    """A document with markup in it is nothing that a browser would run."""
    stored = control.alice.send_file("document", b"<script>alert(1)</script>", file_name="page.html").message.content

    shown = await control.get(f"/_control/files/{stored['document']['file_id']}")

    assert shown.headers["content-type"] == "application/octet-stream"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]


async def test_a_tap_is_a_callback_query(control: Control) -> None:
    """The button at a row and a column is tapped, and the query's id returned."""
    message_id = control.asks()

    status, answer = await control.acts("taps", {"message_id": message_id, "row": 0, "column": 0})

    (update,) = control.bot.updates
    assert (status, update.payload["data"], update.payload["id"]) == (200, "yes", answer["query_id"])


async def test_a_burst_repeats_the_last_act_as_new_updates(control: Control) -> None:
    """Five taps at once are five updates with ids of their own, even on a message that has changed meanwhile."""
    message_id = control.asks()
    await control.acts("taps", {"message_id": message_id, "row": 0, "column": 0})
    edit = {"chat_id": control.alice.user_id, "message_id": message_id, "text": "Done"}
    control.telegram.call(control.bot.token, "editMessageText", edit)

    status, answer = await control.acts("burst", {"times": 5})

    assert status == 200
    assert len(set(answer["update_ids"])) == 5
    assert [update.payload["data"] for update in control.bot.updates] == ["yes"] * 6


async def test_a_repeat_names_the_last_update(control: Control) -> None:
    """The same update goes to the bot again, even when it had confirmed it."""
    await control.acts("messages", {"text": "hello"})
    (update,) = control.bot.updates
    control.bot.updates.done(update)

    status, answer = await control.acts("repeat")

    polled = orjson.loads((await control.get(f"/bot{control.bot.token}/getUpdates")).body)
    assert (status, answer["update_id"]) == (200, update.update_id)
    assert polled["result"] == [update.as_json()]


async def test_blocking_is_seen_by_the_bot(control: Control) -> None:
    """The person's state changes, and an update tells the bot."""
    status, person = await control.acts("block", {"blocked": True})

    assert (status, person["blocked"]) == (200, True)
    assert [update.kind for update in control.bot.updates] == ["my_chat_member"]


async def test_a_person_is_added_with_a_language(control: Control) -> None:
    """A new person has the name and the language that was asked for."""
    status, person = await control.post("people", {"name": "Борис", "language": "ru"})

    assert (status, person["name"], person["language"]) == (200, "Борис", "ru")
    assert control.telegram.people[person["id"]].language == "ru"


async def test_a_seventh_person_does_not_fit(control: Control) -> None:
    """The page has room for six."""
    for number in range(5):
        await control.post("people", {"name": f"Person {number}", "language": "en"})

    status, answer = await control.post("people", {"name": "Seventh", "language": "en"})

    assert (status, answer) == (409, {"error": "6 people are as many as fit here"})


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("messages", {}, 400),
        ("messages", {"text": "  "}, 400),
        ("messages", {"text": "x" * 4097}, 400),
        ("messages", {"text": ["list"]}, 400),
        ("messages", [1], 400),
        ("taps", {"message_id": 1, "row": 0, "column": 0}, 404),
        ("taps", {"message_id": True, "row": 0, "column": 0}, 400),
        ("edits", {"message_id": 10**30, "text": "x"}, 400),
        ("edits", {"message_id": 404, "text": "x"}, 404),
        ("burst", {"times": 2}, 409),
        ("repeat", {}, 409),
    ],
)
async def test_what_cannot_be_done_is_said(control: Control, action: str, body: object, status: int) -> None:
    """A mistake is answered with a status and a sentence, and changes nothing."""
    answered, answer = await control.acts(action, body)

    assert answered == status
    assert isinstance(answer["error"], str)
    assert len(control.bot.updates) == 0


@pytest.mark.parametrize("times", [0, 101, -1])
async def test_a_burst_is_bounded(control: Control, times: int) -> None:
    """From one to a hundred at once, no more."""
    await control.acts("messages", {"text": "hello"})

    status, _ = await control.acts("burst", {"times": times})

    assert status == 409
    assert len(control.bot.updates) == 1


async def test_a_button_that_tells_the_bot_nothing_is_refused(control: Control) -> None:
    """A button without callback data is none that can be tapped."""
    message_id = control.asks()

    status, answer = await control.acts("taps", {"message_id": message_id, "row": 0, "column": 1})

    assert (status, answer["error"]) == (409, "The button 'Copy' tells the bot nothing")


async def test_a_stranger_can_do_nothing(control: Control) -> None:
    """An id that is nobody's is 404."""
    status, _ = await control.post("people/1/messages", {"text": "hello"})

    assert status == 404


async def test_another_site_can_do_nothing(control: Control) -> None:
    """A request with another site's origin is refused before anything is read."""
    headers = {"Origin": "https://evil.example"}
    path = f"{control.url}/_control/people/{control.alice.user_id}/messages"

    async with control.session.post(path, json={"text": "hello"}, headers=headers) as response:
        assert response.status == 403
    assert len(control.bot.updates) == 0


async def test_events_begin_with_a_snapshot_and_go_on_after_the_last_one_seen(control: Control) -> None:
    """A browser that reconnects with Last-Event-ID misses nothing and gets nothing twice."""
    events = f"{control.url}/_control/events"
    async with control.session.get(events) as stream:
        seen, kind, _ = await read_event(stream)
    await control.acts("messages", {"text": "hello"})

    async with control.session.get(events, headers={"Last-Event-ID": seen}) as stream:
        kinds = [await read_event(stream), await read_event(stream)]

    assert kind == "snapshot"
    assert [(kind, data.get("status") or data["message"]["text"]) for _, kind, data in kinds] == [
        ("message", "hello"),
        ("update", "waiting"),
    ]


async def read_event(stream: aiohttp.ClientResponse) -> tuple[str, str, dict[str, Any]]:
    """Read one server-sent event: its id, kind and data."""
    lines = [(await stream.content.readline()).decode() for _ in range(4)]
    event_id, kind, data = (line.partition(": ")[2].strip() for line in lines[:3])
    return event_id, kind, orjson.loads(data)


async def test_the_page_may_load_nothing_from_elsewhere(control: Control) -> None:
    """The page comes with a policy that names no other host and allows no inline script."""
    page = await control.get("/")

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert b"http" not in page.body.replace(b"http://www.w3.org", b"")


async def test_the_parts_of_the_page_are_served(control: Control) -> None:
    """Scripts and styles come with their types; what is no part of the page does not come."""
    script = await control.get("/_page/page.js")
    missing = await control.get("/_page/page.py")

    assert (script.status, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert missing.status == 404
