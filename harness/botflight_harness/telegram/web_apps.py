"""Mini Apps that people have open, and what bots have prepared for them to send."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Chat

#: The newest of so many are kept of each.
KEPT_MOST = 10_000
#: How long something prepared can be sent. Telegram says only that it tells the end of it.
PREPARED_MS = 24 * 3600 * SECOND_MS

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(slots=True, eq=False)
class WebApp:
    """A Mini App that somebody has open."""

    app_id: str
    bot: BotAccount
    user_id: int
    chat: Chat
    url: str
    #: what the page is told, signed with the bot's token: Telegram.WebApp.initData
    init_data: str
    #: by it the bot may send one message in the person's name; empty for an app below the chat
    query_id: str = ""
    #: the button below the chat that opened it: such an app may send data instead
    button_text: str = ""
    is_answered: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a bot has prepared for somebody: a message to send, or a question to answer."""

    prepared_id: str
    bot: BotAccount
    user_id: int
    #: a message: its content and buttons; a question: the KeyboardButton
    content: Mapping[str, Any]
    keyboard: dict[str, Any] | None
    #: the kinds of chats that a message may be sent to
    kinds: frozenset[str]
    until_ms: int


@dataclass(slots=True)
class WebApps:
    """The open apps of a world, and what was prepared."""

    _random: Random
    _open: OrderedDict[str, WebApp] = field(default_factory=OrderedDict)
    _prepared: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)

    def open(
        self, bot: BotAccount, user: Mapping[str, Any], chat: Chat, url: str, *, button_text: str, now_ms: int
    ) -> WebApp:
        """Open a page for somebody; without a `button_text` the bot may answer in their name."""
        number = "AA" + self._letters(22)
        facts = {"user": json.dumps(user, ensure_ascii=False, separators=(",", ":")), "auth_date": str(now_ms // 1000)}
        if not button_text:
            facts["query_id"] = number
        app = WebApp(number, bot, int(user["id"]), chat, url, sign(facts, bot.token), facts.get("query_id", ""))
        app.button_text = button_text
        self._open[number] = app
        _forget(self._open)
        return app

    def get(self, app_id: str) -> WebApp | None:
        """Return an app by its id, which is that of its query, or None."""
        return self._open.get(app_id)

    def prepare(
        self,
        bot: BotAccount,
        user_id: int,
        content: Mapping[str, Any],
        *,
        keyboard: dict[str, Any] | None = None,
        kinds: frozenset[str] = frozenset(),
        now_ms: int,
    ) -> Prepared:
        """Keep something for somebody to send."""
        prepared = Prepared(self._letters(16), bot, user_id, content, keyboard, kinds, now_ms + PREPARED_MS)
        self._prepared[prepared.prepared_id] = prepared
        _forget(self._prepared)
        return prepared

    def prepared(self, prepared_id: str, user_id: int, now_ms: int) -> Prepared | None:
        """Return what was prepared for somebody, while it can be sent, or None."""
        found = self._prepared.get(prepared_id)
        return found if found is not None and found.user_id == user_id and now_ms < found.until_ms else None

    def _letters(self, count: int) -> str:
        return "".join(self._random.choices(_LETTERS, k=count))


def sign(facts: Mapping[str, str], token: str) -> str:
    """Return facts as a query with their hash, as https://core.telegram.org/bots/webapps#validating-data has it.

    The `signature` for third parties is left out: only Telegram has the key for it.
    """
    import hashlib  # noqa: PLC0415 -- these three cost more than the rest of the module, and few tests come here
    import hmac  # noqa: PLC0415
    from urllib.parse import urlencode  # noqa: PLC0415

    checked = "\n".join(f"{name}={facts[name]}" for name in sorted(facts))
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return urlencode({**facts, "hash": hmac.new(key, checked.encode(), hashlib.sha256).hexdigest()})


def _forget(kept: OrderedDict[str, Any]) -> None:
    if len(kept) > KEPT_MOST:
        kept.popitem(last=False)
