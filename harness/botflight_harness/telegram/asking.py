"""Inline mode, as people use it: typing after a bot's name, and choosing one of the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act, Actor, Place
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.inline import inline_content
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.updates import Lane, Update


@dataclass(slots=True, eq=False)
class InlineQuery:
    """What somebody has typed after a bot's name, and the bot's answers."""

    query_id: str
    bot: BotAccount
    user_id: int
    text: str
    at_ms: int
    update: Update | None = None
    #: None until the bot has answered
    results: list[dict[str, Any]] | None = None
    next_offset: str = ""
    button: Mapping[str, Any] = field(default_factory=dict)

    @property
    def titles(self) -> list[str]:
        """What stands in the list of answers, by title or else by id."""
        return [str(result.get("title") or result["id"]) for result in self.results or ()]

    def find(self, title: str | int) -> dict[str, Any]:
        """Return an answer by its place, title or id. Raises ImpossibleAct when there is none."""
        if self.results is None:
            raise ImpossibleAct(f"{self.bot.username} has not answered the inline query {self.text!r}")
        for place, result in enumerate(self.results):
            if title in {place, result.get("title"), result["id"]}:
                return result
        raise ImpossibleAct(f"no answer {title!r}: {self.titles}")


class Asking(Actor):
    """What somebody can do with a bot that answers inline."""

    def ask_inline(
        self, text: str, *, of: BotAccount | None = None, offset: str = "", where: Place | None = None
    ) -> InlineQuery:
        """Type `text` after the bot's name in some chat. The bot's answer shows in the result."""
        bot = of or self._telegram.sole_bot()
        if not bot.inline_mode:
            raise ImpossibleAct(f"{bot.username} does not answer inline: set bot.inline_mode, as BotFather does")
        query = self._telegram.open_inline_query(bot, self.user_id, text)
        kind = self.chat_in(where).kind if where is not None else "sender"
        payload = {
            "id": query.query_id,
            "from": self.as_json(),
            "query": text,
            "offset": offset,
            "chat_type": "sender" if where is bot else kind,
        }
        query.update = self._telegram.update(bot, "inline_query", payload, lane=Lane("inline", self.user_id))
        return query

    def choose(self, query: InlineQuery, answer: str | int, *, where: Place | None = None) -> Act:
        """Send one of the answers into a chat, by its place, title or id."""
        result = query.find(answer)
        content, keyboard = inline_content(self._telegram, query.bot, result)
        act = self.send_content(content, where=where or query.bot, via=query.bot, inline_keyboard=keyboard)
        updates = list(act.updates)
        message = act.message
        if message is not None and result["type"] == "game":
            message.behind = self._telegram.games.get(query.bot, str(result["game_short_name"]))
        if query.bot.inline_feedback and message is not None:
            payload = {"result_id": result["id"], "from": self.as_json(), "query": query.text}
            if message.inline_message_id:
                payload["inline_message_id"] = message.inline_message_id
            lane = Lane("inline", self.user_id)
            chosen = self._telegram.update(query.bot, "chosen_inline_result", payload, lane=lane)
            updates += [chosen] if chosen is not None else []
        return Act(message, tuple(updates))

    async def asks_inline(self, text: str, *, of: BotAccount | None = None, where: Place | None = None) -> InlineQuery:
        """Type `text` after the bot's name, and wait until the bot has dealt with it."""
        query = self.ask_inline(text, of=of, where=where)
        await self._travel([query.update] if query.update is not None else [])
        return query

    async def chooses(self, query: InlineQuery, answer: str | int, *, where: Place | None = None) -> Seen:
        """Send one of the answers into a chat."""
        return await self._done(self.choose(query, answer, where=where))
