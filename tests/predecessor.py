"""What the bot that this one replaces logged of its billing preflight."""

from __future__ import annotations

import json
import re
from typing import Any

#: The line that the predecessor logged over an empty store (its release log of 2026-01-23).
_LINE = (
    '{"sections":{"db":{"status":"OK","details":"ok","meta":{"latency_ms":0,"lat_ms":0,"query_status":"OK",'
    '"query_latency_ms":0}},"tenants":{"status":"OK","details":"found=0, sample=[]","meta":{"partners_found":0,'
    '"partners_sample":[],"partners_top":[],"storage_partner":"p***01","query_status":"OK","query_latency_ms":0}},'
    '"users":{"status":"OK","details":"records=0 (initialized=0)","meta":{"records":0,"note":"","query_status":"OK",'
    '"query_latency_ms":0}},"balances":{"status":"OK","details":"records=0, partners=0, neg=0, updated24h=0 '
    '(initialized=0)","meta":{"records":0,"note":"","query_status":"OK","query_latency_ms":0}},"free_limits":{'
    '"status":"OK","details":"records=0, partners=0, violations=0, used_today_range=None-None (initialized=0)",'
    '"meta":{"daily_limit":5,"records":0,"note":"","query_status":"OK","query_latency_ms":0}},"attempts":{"status":'
    '"OK","details":"total=0, last24h=0, dup_request_id=0, stale_pending=0 (request_id=not_tracked)","meta":{'
    '"stale_minutes":30,"total":0,"last24h":0,"dup_request_id":0,"note":"","query_status":"OK","query_latency_ms":0}},'
    '"storage_rw":{"status":"OK","details":"ok","meta":{"rw_ok":true,"delete_ok":true,"latency_ms":0,'
    '"diagnostics_source":"custom","timeout_s":2.0,"retries":2}}},"result":"READY","how_to_fix":[]}'
)


#: Its payload.
PREDECESSOR: dict[str, Any] = json.loads(_LINE)


def reduced(payload: Any, like: Any = PREDECESSOR) -> Any:
    """Keep of a payload what the predecessor's has, with latencies as 0."""
    if isinstance(like, dict):
        return {
            name: 0 if re.fullmatch(r"(query_)?lat(ency)?_ms", name) else reduced(payload[name], like[name])
            for name in like
        }
    return list(payload) if isinstance(payload, tuple) else payload
