"""When the official server tries an update again.

At once, then after 2, 4, 8 seconds and so on, then every 60 to 120 at random; `Retry-After` is honoured up to
an hour (WebhookActor.cpp of tdlib/telegram-bot-api).
"""

from random import Random

from botflight_harness.clock import HOUR_MS, SECOND_MS

RETRY_AFTER_MOST_MS = HOUR_MS
DOUBLED_MOST_MS = 60 * SECOND_MS
LONGEST_MS = 120 * SECOND_MS


def pause_ms(failures: int, *, retry_after_s: float | None, random: Random) -> int:
    """Return how long to wait after the given number of failures, the first being 1."""
    if retry_after_s is not None:
        return min(max(round(retry_after_s * SECOND_MS), 0), RETRY_AFTER_MOST_MS)
    if failures <= 1:
        return 0
    doubled_ms = SECOND_MS << min(failures - 1, 16)
    if doubled_ms < DOUBLED_MOST_MS:
        return doubled_ms
    return random.randrange(DOUBLED_MOST_MS, LONGEST_MS)
