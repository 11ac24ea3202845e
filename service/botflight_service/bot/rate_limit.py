"""How fast one user may go on: a bucket of tokens each, in memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

#: Users who are remembered; whoever was here longest ago is forgotten first, and then has a full bucket.
MAX_USERS = 20_000
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class TooFast:
    """An update that comes too soon after others of its user."""

    #: After so long they may go on, whatever they do meanwhile.
    wait_s: int
    #: Whether they know that already, from a message that was sent while they waited.
    told: bool


@dataclass(slots=True)
class _Bucket:
    """What one user may still do."""

    tokens: float
    at_ms: int
    #: Nothing is let through before: what they were told holds.
    closed_until_ms: int = 0
    told: bool = False
    #: The last update and what was said of it: it may be asked for again, and is the same one then.
    update_id: int = -1
    verdict: TooFast | None = None


class RateLimit:
    """Lets `burst` updates of a user through at once, and `per_minute` in the long run; 0 lets all through.

    Whoever is too fast waits for half a bucket, and is told for how long: what they do meanwhile does not prolong it.
    Where several processes share the work each counts the lanes that it has.
    """

    def __init__(self, *, per_minute: int, burst: int, max_users: int = MAX_USERS) -> None:
        self._per_ms = per_minute / _MINUTE_MS
        self._burst = burst
        self._max_users = max_users
        self._buckets: OrderedDict[int, _Bucket] = OrderedDict()

    def take(self, user_id: int, update_id: int, *, now_ms: int, by_message: bool) -> TooFast | None:
        """Count an update; None where it may go on. `by_message`: a refusal would be told by a message."""
        if not self._per_ms:
            return None
        bucket = self._buckets.get(user_id)
        if bucket is None:
            bucket = self._buckets[user_id] = _Bucket(self._burst, now_ms)
            if len(self._buckets) > self._max_users:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(user_id)
        if bucket.update_id != update_id:
            bucket.update_id, bucket.verdict = update_id, self._decide(bucket, now_ms, by_message=by_message)
        return bucket.verdict

    def _decide(self, bucket: _Bucket, now_ms: int, *, by_message: bool) -> TooFast | None:
        if now_ms >= bucket.closed_until_ms:
            gained = max(0, now_ms - bucket.at_ms) * self._per_ms
            bucket.tokens, bucket.at_ms = min(self._burst, bucket.tokens + gained), now_ms
            if bucket.tokens >= 1:
                bucket.tokens -= 1
                return None
            bucket.closed_until_ms = now_ms + math.ceil(max(1, self._burst / 2) / self._per_ms)
            bucket.told = False
        refusal = TooFast(math.ceil((bucket.closed_until_ms - now_ms) / 1000), bucket.told)
        bucket.told = bucket.told or by_message
        return refusal
