"""Whoever sent what failed is told so, whatever failed at it."""

from __future__ import annotations

from typing import Any

import orjson

from botflight_harness.telegram import Person, Telegram
from botflight_harness.telegram.updates import Lane
from botflight_service.storage.interface import Storage
from shop import SECRET, Shop, open_shop


def answers(telegram: Telegram) -> list[str]:
    """The queries of taps that were answered, in order."""
    return [
        str(call.parameters["callback_query_id"]) for call in telegram.calls if call.method == "answerCallbackQuery"
    ]


async def post(shop: Shop, update_id: int, **content: Any) -> int:
    """Bring the service an update by hand; the status."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    body = orjson.dumps({"update_id": update_id, **content})
    response = await shop.harness.request("POST", "/webhook", headers=headers, body=body)
    await shop.harness.idle()
    return response.status


async def test_what_cannot_be_read_ends_with_an_apology(shop: Shop, boris: Person) -> None:
    """A message in a shape that nobody thought of is done after, and its sender knows of the money."""
    await boris.sends("/start")
    told = {"from": boris.as_json(), "chat": {"id": boris.user_id, "type": "private"}, "text": "?", "entities": ["?"]}

    status = await post(shop, 5, message=told)

    assert status == 200
    assert "ничего не списано" in boris.last.text.lower()
    assert await shop.storage.undone("p-main01") == []
    assert shop.updates()[-1]["outcome"] == "FAILED"


class Defective:
    """A store that cannot read balances: a defect, not an outage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        if name == "balance":
            return self._fail
        return getattr(self._storage, name)

    async def _fail(self, *_: object) -> None:
        raise RuntimeError("a defect")


async def test_a_tap_that_fails_is_answered(telegram: Telegram, alice: Person) -> None:
    """The button stops spinning with the apology, and not only when somebody loses patience."""
    async with open_shop(telegram, tampered=Defective) as shop:  # type: ignore[arg-type]  # it passes calls on
        await alice.sends("/start")

        await alice.taps("balance")

        assert len(answers(telegram)) == 1
        assert "nothing was charged" in alice.last.text
        assert shop.updates()[-1]["outcome"] == "FAILED"


async def test_a_tap_on_a_message_of_inline_mode_is_answered(shop: Shop, telegram: Telegram, alice: Person) -> None:
    """The bot has no inline mode; a button of a time when it had one stops spinning all the same."""
    bot = telegram.sole_bot()
    query = telegram.open_query(bot, alice.user_id, alice.chat_in())
    tapped = {"id": query.query_id, "from": alice.as_json(), "inline_message_id": "x", "chat_instance": "1"}
    update = telegram.update(bot, "callback_query", {**tapped, "data": "menu"}, lane=Lane("callback", alice.user_id))
    assert update is not None

    await shop.harness.carry([update])

    assert answers(telegram) == [query.query_id]


async def test_blanks_that_are_marked_as_a_command_are_answered(shop: Shop, telegram: Telegram, alice: Person) -> None:
    """A command without a word is a text like any other."""
    entity = {"type": "bot_command", "offset": 0, "length": 1}

    await alice._travel(alice.send_content({"text": "\N{NO-BREAK SPACE}", "entities": [entity]}).updates)

    assert shop.updates()[-1]["outcome"] == "UNEXPECTED_INPUT"
    assert "models" in alice.last.callback_data
