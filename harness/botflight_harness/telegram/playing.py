"""Games, as people play them: the button that starts one, and the page that the bot opens."""

import asyncio
from typing import TYPE_CHECKING, cast

from botflight_harness.telegram.actor import Act, Actor, Place
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.screen import Seen

if TYPE_CHECKING:
    from botflight_harness.telegram.games import Game

#: How long a game waits for a bot that works in the background, in real seconds.
START_PATIENCE_S = 5.0


class Playing(Actor):
    """What somebody can do with games."""

    def play(
        self, on: Message | Seen | int | None = None, *, where: Place | None = None, update_id: int | None = None
    ) -> Act:
        """Press the button that starts a game, on a message or on the newest game."""
        number = on if isinstance(on, int) or on is None else on.message_id
        for message in self.chat_in(where).newest_first():
            if "game" in message.content and number in {None, message.message_id}:
                return self._start_game(message, update_id)
        raise ImpossibleAct(f"{self.first_name} sees no game")

    async def plays(self, on: Message | Seen | int | None = None, *, where: Place | None = None) -> str:
        """Start a game, and return the address of the page that the bot opens.

        What is scored there the bot tells Telegram with setGameScore. Raises AssertionError when it opens nothing.
        """
        act = self.play(on, where=where)
        if not act.updates:
            raise ImpossibleAct("the bot asked for no callback_query, and so for no games")
        await self._travel(act.updates)
        query = self._telegram.callback_queries[act.update.payload["id"]]
        changed = asyncio.Event()
        unsubscribe = self._telegram.subscribe(lambda _: changed.set())
        try:
            async with asyncio.timeout(START_PATIENCE_S):
                while not query.is_answered:
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            raise AssertionError(f"the bot did not answer {self.first_name}, who wants to play") from None
        finally:
            unsubscribe()
        if not query.url:
            raise AssertionError(f"the bot opened no page for {self.first_name}, who wants to play")
        return query.url

    def _start_game(self, message: Message, update_id: int | None) -> Act:
        game = cast("Game", message.behind)
        return self._press_button(message, {"game_short_name": game.short_name}, update_id)
