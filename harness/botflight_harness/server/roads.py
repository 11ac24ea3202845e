"""How updates reach the bots over HTTP: each bot polls, or is posted to."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from botflight_harness.delivery import Outcome
from botflight_harness.server.journal import Journal
from botflight_harness.server.loopback import host_of, is_loopback
from botflight_harness.server.polling import Polls
from botflight_harness.server.posting import ANSWER_WITHIN_S, Posts
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.updates import Update
from botflight_harness.telegram.world import Telegram


@dataclass(slots=True)
class Roads:
    """The roads of every bot that has been heard of, by token."""

    telegram: Telegram
    journal: Journal
    _polls: dict[str, Polls] = field(default_factory=dict)
    _posts: dict[str, Posts] = field(default_factory=dict)
    _session: aiohttp.ClientSession | None = None

    def polls(self, bot: BotAccount) -> Polls:
        """Return how this bot polls. From then on its updates are written into the journal."""
        polls = self._polls.get(bot.token)
        if polls is None:
            polls = self._polls[bot.token] = Polls(self.telegram, bot, self.journal)
            bot.updates.listen(partial(self.journal.queued, bot))
        return polls

    async def follow(self, bot: BotAccount) -> None:
        """Post to the bot's webhook from now on, or stop when it has none any more."""
        posts = self._posts.get(bot.token)
        if posts is not None and posts.webhook is bot.webhook:
            return
        if posts is not None:
            del self._posts[bot.token]
            await posts.close()
        if bot.webhook is not None:
            self.polls(bot).webhook_came()
            posts = Posts(self.telegram, bot, bot.webhook, self.journal, self._open())
            self._posts[bot.token] = posts
            posts.start()

    def again(self, bot: BotAccount, update: Update) -> asyncio.Future[Outcome]:
        """Deliver the very same update once more; the future ends when the bot has taken or refused it."""
        posts = self._posts.get(bot.token)
        return self.polls(bot).again(update) if posts is None else posts.again(update)

    def together(self, bot: BotAccount, updates: Sequence[Update]) -> list[asyncio.Task[None]]:
        """Deliver updates that wait at the same moment; a bot that polls gets them in one answer anyway."""
        posts = self._posts.get(bot.token)
        return [] if posts is None else posts.together(updates)

    async def reorder(self, bot: BotAccount, updates: Sequence[Update]) -> None:
        """Post updates that wait in this order. Raises LookupError when the bot has no webhook."""
        await self._webhook(bot).reorder(updates)

    def lose_acknowledgement(self, bot: BotAccount, *, times: int) -> None:
        """Lose the next acknowledgements of a webhook. Raises LookupError when the bot has none."""
        self._webhook(bot).lose_acknowledgement(times=times)

    async def rest(self, bot: BotAccount) -> bool:
        """Wait until no post is on its way, but for pauses between two tries; False when the bot has no webhook."""
        posts = self._posts.get(bot.token)
        if posts is not None:
            await posts.rest()
        return posts is not None

    def hears(self, bot: BotAccount) -> bool:
        """Tell whether the bot has a webhook, or has ever polled."""
        polls = self._polls.get(bot.token)
        return bot.token in self._posts or (polls is not None and polls.has_polled)

    def forget(self, bot: BotAccount) -> None:
        """Forget that the bot was ever heard of, as another program is to take its place."""
        if polls := self._polls.get(bot.token):
            polls.has_polled = False
            polls.heard.clear()

    async def heard(self, bot: BotAccount) -> None:
        """Wait until the bot polls or has a webhook."""
        await self.polls(bot).heard.wait()

    async def close(self) -> None:
        """Stop posting and let the connections go."""
        await asyncio.gather(*(posts.close() for posts in self._posts.values()))
        self._posts.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _webhook(self, bot: BotAccount) -> Posts:
        posts = self._posts.get(bot.token)
        if posts is None:
            raise LookupError(f"{bot.username} has no webhook")
        return posts

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Certificates of this machine are its owner's business; Telegram takes self-signed ones too.
            connector = aiohttp.TCPConnector(limit=0, ssl=False)
            timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session


def check_webhook(parameters: Mapping[str, Any]) -> None:
    """Raise Refusal when a webhook would lead away from this machine."""
    url = str(parameters.get("url") or "")
    if url and not is_loopback(host_of(url)):
        raise bad_request("bad webhook: this simulated Telegram posts to addresses of this machine alone")
