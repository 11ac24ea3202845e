"""Groups that a bot guards: whoever wants to come in waits for what the bot says to a query of its own."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Account, Chat
from botflight_harness.telegram.errors import NotModelled
from botflight_harness.telegram.membership import InviteLink, request_to_join
from botflight_harness.telegram.updates import Update

if TYPE_CHECKING:
    from botflight_harness.telegram.world import Telegram

#: The bot has to say something by then; afterwards the request is left to the other administrators.
ANSWERED_WITHIN_MS = 10 * SECOND_MS
#: The newest of so many are remembered.
QUERIES_MOST = 100_000


@dataclass(slots=True, eq=False)
class JoinQuery:
    """A question to the bot that guards a group."""

    query_id: str
    bot: BotAccount
    chat: Chat
    person: Account
    link: InviteLink | None
    at_ms: int
    #: the Mini App that is shown to the person while they wait
    web_app_url: str = ""
    #: approve, decline or queue; empty as long as it waits
    result: str = ""

    def is_open(self, now_ms: int) -> bool:
        """Tell whether the bot may still answer: a Mini App that is shown takes its time."""
        return not self.result and bool(self.web_app_url or now_ms - self.at_ms < ANSWERED_WITHIN_MS)


def ask_guard(world: "Telegram", chat: Chat, person: Account, link: InviteLink | None, bio: str) -> list[Update]:
    """Let somebody ask to come into a guarded group.

    Raises NotModelled when other bots run the group too: which of them hears of it before the guard has
    spoken is not known.
    """
    guard = chat.guard
    assert guard is not None
    bots = [bot for bot in world.members(chat) if chat.may(bot.user_id, "can_invite_users")]
    if bots != [guard]:
        raise NotModelled(f"a group that {guard.username} guards and that other bots run as well")
    number = str(world.random.randrange(10**17, 10**18))
    world.join_queries[number] = JoinQuery(number, guard, chat, person, link, world.clock.now_ms())
    if len(world.join_queries) > QUERIES_MOST:
        del world.join_queries[next(iter(world.join_queries))]
    return request_to_join(world, chat, person, link, bio, query_id=number)
