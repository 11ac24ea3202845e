"""Every finding of the service preflight: Telegram's view of us, what waits, and the provider."""

from typing import Final

from botflight_diagnostics.findings.spec import FindingSpec, Severity

_CRITICAL_ALERT: Final = "BotflightPreflightCritical"
_WARNING_ALERT: Final = "BotflightPreflightWarning"

SERVICE_FINDINGS: Final = (
    FindingSpec(
        code="SVC_WEBHOOK_WRONG",
        severity=Severity.CRITICAL,
        meaning="Telegram delivers this bot's updates to another address than ours, or to none.",
        impact="Nobody is answered: what users send and tap never arrives here.",
        how_to_fix="Stop whoever else uses this token, then start `botflight serve` again: it sets its webhook.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="SVC_WEBHOOK_ERROR",
        severity=Severity.WARNING,
        meaning="Telegram could not deliver an update within the last minutes.",
        impact="Users wait for Telegram's next try; taps that are not delivered within 150 s are lost.",
        how_to_fix="Read `last_error` of section `telegram` and mend it: address, certificate, proxy, or us.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="SVC_WEBHOOK_PENDING",
        severity=Severity.WARNING,
        meaning="Many updates wait at Telegram to be delivered.",
        impact="Users are answered late.",
        how_to_fix="See whether `/webhook` answers 200 (`botflight_updates_refused_total`) and how long updates take.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="SVC_TELEGRAM_UNREACHABLE",
        severity=Severity.CRITICAL,
        meaning="Telegram has not answered for minutes.",
        impact="No answer reaches any user; what is to be sent waits in the outbox.",
        how_to_fix="Look at DNS, the network and TELEGRAM_API_BASE_URL from this machine; all goes on by itself.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="SVC_UPDATES_LATE",
        severity=Severity.WARNING,
        meaning="An update has been waiting for its end for over half a minute.",
        impact="This user, at least, sees nothing happen.",
        how_to_fix="Look at `HANDLER_FAILED` in the logs and at the store's latency.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="SVC_UPDATES_STUCK",
        severity=Severity.CRITICAL,
        meaning="An update has been waiting for its end for over five minutes.",
        impact="Users of its chat are not answered at all: what they sent later waits behind it.",
        how_to_fix="Run `botflight preflight`; if the store is well restart the service, which replays what is undone.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="SVC_UPDATES_FULL",
        severity=Severity.CRITICAL,
        meaning="So many updates wait that no more are taken.",
        impact="Telegram is asked to deliver again later; taps older than 150 s are lost.",
        how_to_fix="Look for what slows every update (store, Telegram, CPU), or start another replica.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="SVC_OUTBOX_OLD",
        severity=Severity.WARNING,
        meaning="A message has been waiting to be sent for over a minute.",
        impact="Users wait for answers that are decided already.",
        how_to_fix="Look at `MESSAGE_DELAYED` in the logs: 429 passes by itself, errors of the network need you.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="SVC_PROVIDER_FAILING",
        severity=Severity.WARNING,
        meaning="Over a tenth of the calls to the provider failed within the last minutes.",
        impact="Generations are late or fail; users get their money back.",
        how_to_fix="Look at the provider's status page and at `PROVIDER_CALLED` in the logs.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="SVC_PROVIDER_REFUSING",
        severity=Severity.WARNING,
        meaning="The provider refused over half of what was handed in within the last minutes.",
        impact="These generations fail at once; users get their money back.",
        how_to_fix="Look at `failure` of the attempts: a key that was revoked, a model that changed, or prompts.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="SVC_PROVIDER_CREDIT_LOW",
        severity=Severity.WARNING,
        meaning="Little is left of the credit with the provider.",
        impact="None yet; once it is used up every generation fails.",
        how_to_fix="Buy credit on the provider's site.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="SVC_PROVIDER_CREDIT_GONE",
        severity=Severity.CRITICAL,
        meaning="Nothing is left of the credit with the provider.",
        impact="Every generation fails; users get their money back and leave.",
        how_to_fix="Buy credit on the provider's site; the next generation goes through, no restart is needed.",
        alert=_CRITICAL_ALERT,
    ),
)
