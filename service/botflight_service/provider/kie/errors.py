"""What becomes of KIE's codes: which are tried again, which settle the attempt, and which wake somebody.

| code | means | createTask and uploads | recordInfo |
| --- | --- | --- | --- |
| 401 | the key is wrong | settle, alarm | asked again, alarm |
| 402 | no credits left | settle, alarm | asked again, alarm |
| 403 | blocked on the way (Cloudflare's 1010) | settle, alarm | asked again, alarm |
| 400, 404, 422 | the order is refused | settle | 404 and 422: the task is not known |
| 429 | too fast; not queued | again after a rest | again after a rest |
| 433 | the key's own limit is used up | settle, alarm | asked again, alarm |
| 455 | maintenance | again, then settle; alarm | asked again, alarm |
| 500, 501 | KIE failed | settle: never sent twice | asked again |
| 505 | the feature is disabled | settle, alarm | asked again, alarm |

An error in a whole answer is no lost answer: the money goes back at once, and a file that comes after all is a present.
"""

from __future__ import annotations

from typing import Final

from botflight_service.provider.interface import ProviderError, ProviderRefused, ProviderUnavailable
from botflight_service.provider.kie.wire import Answer, Record, says_content

TOO_FAST: Final = 429
MAINTENANCE: Final = 455
#: Nothing goes well again before a person acts.
ALARMING: Final = frozenset({401, 402, 403, 433, MAINTENANCE, 505})
_REFUSED_ORDER: Final = frozenset({400, 404, 413, 415, 422})
_UNKNOWN_TASK: Final = frozenset({404, 422})

#: Codes of ours, by what users are told.
UNAVAILABLE: Final = "unavailable"
REFUSED: Final = "refused"
CONTENT_REFUSED: Final = "content_refused"
FAILED: Final = "generation_failed"
JOB_UNKNOWN: Final = "job_unknown"


def of_order(found: Answer) -> ProviderError:
    """What an error to createTask or to an upload comes to: nothing was taken, or nothing may be sent again."""
    code = found.code
    if code in {TOO_FAST, MAINTENANCE}:
        return ProviderUnavailable(UNAVAILABLE, str(code), alarm=_alarm(code))
    if code in ALARMING:
        return ProviderRefused(UNAVAILABLE, str(code), alarm=_alarm(code))
    if code in _REFUSED_ORDER:
        return ProviderRefused(CONTENT_REFUSED if found.is_about_content else REFUSED, str(code))
    return ProviderRefused(FAILED, str(code))


def of_question(found: Answer) -> ProviderError:
    """What an error to recordInfo or to the credit comes to: a question may always be asked again."""
    if found.code in _UNKNOWN_TASK:
        return ProviderRefused(JOB_UNKNOWN, str(found.code))
    return ProviderUnavailable(UNAVAILABLE, str(found.code), alarm=_alarm(found.code))


def failure_of(record: Record) -> str:
    """Why a task failed, as a code of ours."""
    if says_content(record.fail_message):
        return CONTENT_REFUSED
    return REFUSED if record.fail_code in {"400", "422"} else FAILED


def _alarm(code: int) -> str:
    return str(code) if code in ALARMING else ""
