import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.resources import files
from typing import Any

import pytest

from botflight_harness import Person, Telegram, Upload
from botflight_harness.telegram import schema
from botflight_harness.telegram.methods import LATE, METHODS, Late

Call = Callable[..., Any]


def test_the_schema_is_that_of_bot_api_10_3() -> None:
    """All methods and types are there, in a file that is read quickly."""
    loaded = schema.load()

    assert loaded.version == "10.3"
    assert len(set(loaded.methods.values())) == 185
    assert len(loaded.types) == 400
    assert len(loaded.fields("Update")) == 1 + 27
    assert len(files(schema.__package__).joinpath("schema.json").read_bytes()) < 150_000


def test_a_parameter_has_its_type_and_limit() -> None:
    """Names, types, what is required, and the limits that the descriptions name."""
    method = schema.load().method("sendmessage")

    assert method is not None
    text = method.parameters["text"]
    assert (text.type, text.required, text.limit) == ("String", True, schema.Limit(1, 4096, "characters"))
    assert method.parameters["chat_id"].kind == "peer"
    assert method.returns == "Message"


def test_an_unknown_method_is_none() -> None:
    """The world makes a 404 of it."""
    assert schema.load().method("sendTelepathy") is None


def test_what_is_modelled_is_in_the_schema() -> None:
    """Each method exists under the name that the world gives it."""
    assert METHODS.keys() <= set(schema.load().methods.values())


@pytest.mark.parametrize(
    "name", ["sendMessage", "editMessageText", "deleteMessage", "answerCallbackQuery", "setWebhook"]
)
def test_every_parameter_that_is_required_is_modelled(name: str) -> None:
    """A method that could never be called with success would be none."""
    method = schema.load().method(name)

    assert method is not None
    handler = METHODS[name]
    models = handler.load().models if isinstance(handler, Late) else handler.models
    assert set(method.required) <= models


@pytest.fixture
def scenario(telegram: Telegram, call: Call, alice: Person) -> Telegram:
    """A world in which most things have happened."""
    bot = telegram.sole_bot()
    alice.send_text("/start")
    chat = alice.user_id
    button = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    sent = call("sendMessage", chat_id=chat, text="<b>x</b> /go", parse_mode="HTML", reply_markup=button)
    here = {"chat_id": chat, "message_id": sent["message_id"]}
    call("getMe")
    tap = alice.tap("Go").update
    call("answerCallbackQuery", callback_query_id=tap.payload["id"], text="ok")
    call("editMessageText", **here, text="[y](https://example.com)", parse_mode="MarkdownV2")
    for kind in ("video", "animation", "audio", "voice", "document", "sticker"):
        medium = call(f"send{kind.capitalize()}", {kind: Upload("a.bin", b"data")}, chat_id=chat)[kind]
        call("getFile", file_id=medium["file_id"])
    call("copyMessage", from_chat_id=chat, **here)
    call("forwardMessage", from_chat_id=chat, **here)
    call("setMyCommands", commands=[{"command": "start", "description": "Begin"}])
    call("getMyCommands")
    call("getMyName")
    call("getWebhookInfo")
    alice.send_file("voice", b"data", file_name="a.oga", duration_s=3)
    alice.edit_text(alice.screen[0], "/help", where=bot)
    alice.block()
    alice.unblock()
    call("getUpdates")
    return telegram


def test_every_answer_has_the_published_shape(scenario: Telegram, complaints: Callable[..., list[str]]) -> None:
    """No field is invented, none that is required is missing, and each has its type."""
    found = []
    for call in scenario.calls:
        method = schema.load().method(call.method)
        assert method is not None
        found += complaints(method.returns.partition("|")[0], call.result, call.method)

    assert found == []


def test_every_update_has_the_published_shape(scenario: Telegram, complaints: Callable[..., list[str]]) -> None:
    """Updates are checked against the schema as answers are."""
    updates = list(scenario.sole_bot().updates)

    found = [found for update in updates for found in complaints("Update", update.as_json(), "update")]

    assert found == []
    assert {update.kind for update in updates} == {"message", "edited_message", "callback_query", "my_chat_member"}


@pytest.mark.parametrize("family", LATE)
def test_a_family_that_is_imported_late_is_known_by_its_methods(family: str) -> None:
    """A method that the table leaves out could never be called."""
    module = import_module(f"botflight_harness.telegram.methods.{family}")

    assert LATE[family].split() == list(module.METHODS)


def test_a_world_imports_no_late_family() -> None:
    """What few bots call costs the others nothing."""
    code = "import sys, botflight_harness.telegram.world; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    late = {f"botflight_harness.telegram.methods.{family}" for family in LATE}
    assert not late & set(loaded)
