"""Telegram's limits on sending, as a switch: 30 messages a second, one a second to a chat, 20 a minute to a group.

The numbers are those of https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from botflight_harness.clock import MINUTE_MS, SECOND_MS
from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.errors import too_many_requests

#: More windows than this mean that nobody looks at the clock; the oldest are forgotten.
WINDOWS_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many messages within so long."""

    messages: int
    within_ms: int


@dataclass(slots=True)
class FloodLimits:
    """Who has sent how much lately. It is off until a test turns it on."""

    is_on: bool = False
    overall: Limit = Limit(30, SECOND_MS)
    per_chat: Limit = Limit(1, SECOND_MS)
    per_group: Limit = Limit(20, MINUTE_MS)
    #: How many messages above a chat's limit go through at once, as Telegram lets short bursts pass.
    burst: int = 0
    #: How often a call was told to wait.
    refusals: int = 0
    #: by (bot, chat, length): when messages were sent, the oldest first
    _sent_ms: dict[tuple[int, int, int], deque[int]] = field(default_factory=dict)

    def turn_on(self, *, burst: int = 0) -> None:
        """Refuse with 429 and retry_after what goes beyond the limits, on Telegram's clock."""
        self.is_on, self.burst = True, burst
        self._sent_ms.clear()

    def turn_off(self) -> None:
        """Let everything through again."""
        self.is_on = False

    def check(self, bot_id: int, chat: Chat, *, now_ms: int) -> None:
        """Count a message. Raises Refusal with the seconds to wait, and counts nothing, when it is one too many."""
        if not self.is_on:
            return
        windows = [self._window(bot_id, 0, self.overall, now_ms)]
        limits = [self.overall]
        limit = Limit(self.per_chat.messages + self.burst, self.per_chat.within_ms)
        windows.append(self._window(bot_id, chat.chat_id, limit, now_ms))
        limits.append(limit)
        if chat.kind != "private":
            windows.append(self._window(bot_id, chat.chat_id, self.per_group, now_ms))
            limits.append(self.per_group)
        wait_ms = max(_wait_ms(sent, limit, now_ms) for sent, limit in zip(windows, limits, strict=True))
        if wait_ms > 0:
            self.refusals += 1
            raise too_many_requests(math.ceil(wait_ms / SECOND_MS))
        for sent in windows:
            sent.append(now_ms)

    def _window(self, bot_id: int, chat_id: int, limit: Limit, now_ms: int) -> deque[int]:
        sent = self._sent_ms.setdefault((bot_id, chat_id, limit.within_ms), deque())
        if len(self._sent_ms) > WINDOWS_MOST:
            del self._sent_ms[next(iter(self._sent_ms))]
        while sent and sent[0] <= now_ms - limit.within_ms:
            sent.popleft()
        return sent


def _wait_ms(sent: deque[int], limit: Limit, now_ms: int) -> int:
    if len(sent) < limit.messages:
        return 0
    return sent[-limit.messages] + limit.within_ms - now_ms
