"""Every log event of the service."""

from typing import Final

from botflight_diagnostics.telemetry.catalogue.entries import EventSpec

EVENTS: Final = (
    EventSpec(
        name="UPDATE_DONE",
        level="info, error",
        fields=("outcome", "duration_ms", "lag_ms", "handler"),
        meaning="The last line of every update: how it ended. An error when a fault of ours ended it.",
    ),
    EventSpec(
        name="user_action",
        level="info",
        fields=("action", "outcome"),
        meaning="What a user did, once per action, and what came of it.",
    ),
    EventSpec(
        name="main_render", level="info", fields=("screen", "outcome"), meaning="The main menu was drawn for a user."
    ),
    EventSpec(
        name="confirm_generation",
        level="info",
        fields=("task_id", "model", "funding", "price_hundredths", "outcome"),
        meaning="A user tapped confirm: what came of it.",
    ),
    EventSpec(
        name="CALLBACK_NOT_ANSWERED",
        level="info",
        fields=(),
        meaning="Telegram did not take the answer to a tap: too late, or the call failed. The work itself is done.",
    ),
    EventSpec(
        name="WEBHOOK_EARLY_UPDATE",
        level="warning",
        fields=("update_id", "update_type", "correlation_id", "phase", "kept"),
        meaning="An update came before the service was ready or while it drained; `kept` tells whether it is stored.",
    ),
    EventSpec(
        name="WEBHOOK_REFUSED",
        level="warning, error",
        fields=("status", "reason"),
        meaning="A request to the webhook was not taken: wrong secret, too large, no update; or the store failed.",
    ),
    EventSpec(
        name="UPDATE_REPEATED",
        level="info",
        fields=("update_id", "update_type", "correlation_id"),
        meaning="Telegram delivered an update again; it was answered and not dispatched.",
    ),
    EventSpec(
        name="UPDATE_REPLAYED",
        level="info, warning",
        fields=("update_id", "update_type", "correlation_id"),
        meaning="An update that a former process left undone is taken up again.",
    ),
    EventSpec(
        name="POLLING_FAILED",
        level="warning",
        fields=("retry_s",),
        meaning="Telegram could not be asked for updates; it is asked again.",
    ),
    EventSpec(
        name="TELEGRAM_UNREACHABLE",
        level="warning",
        fields=("retry_s",),
        meaning="Telegram could not be reached at the start; it is tried again.",
    ),
    EventSpec(
        name="HANDLER_FAILED",
        level="error",
        fields=("handler",),
        meaning="A handler raised; the update's outcome says what came of it.",
    ),
    EventSpec(name="STARTING", level="info", fields=("mode",), meaning="The process has its settings and begins."),
    EventSpec(
        name="READY",
        level="info",
        fields=("startup_ms", "updates_replayed", "messages_replayed", "attempts_resumed", "lanes_taken_up"),
        meaning="Updates are processed as they come.",
    ),
    EventSpec(
        name="DRAINING",
        level="info",
        fields=(),
        meaning="No more updates are taken; what is in hand is finished.",
    ),
    EventSpec(
        name="STOPPED",
        level="info",
        fields=("updates_left", "attempts_left", "messages_left"),
        meaning="Everything is closed; what is left will be replayed.",
    ),
    EventSpec(
        name="lock_release_failed",
        level="info, error",
        fields=("reason",),
        meaning="The lock of the one active instance was not given back; info when the loop was closed before.",
    ),
    EventSpec(
        name="LEASES_LOST",
        level="error",
        fields=("lanes",),
        meaning="The other replicas took this one for dead and may have its lanes; it begins anew.",
    ),
    EventSpec(
        name="LANE_NOT_CALLED",
        level="warning",
        fields=(),
        meaning="Whoever works on a lane could not be told that something came for it; it is found within seconds.",
    ),
    EventSpec(
        name="CLEANUP_SKIPPED",
        level="info",
        fields=("part", "reason"),
        meaning="A part was not closed at the end, because the event loop that it lives on was closed before.",
    ),
    EventSpec(
        name="CLEANUP_FAILED",
        level="error",
        fields=("part",),
        meaning="A part could not be closed at the end; the others were.",
    ),
    EventSpec(
        name="ATTEMPT_MOVED",
        level="info",
        fields=("task_id", "model", "state", "free", "failure"),
        meaning="An attempt at generation came to another state.",
    ),
    EventSpec(
        name="ATTEMPT_BROKEN",
        level="error",
        fields=("task_id",),
        meaning="A defect ended the work on an attempt. It keeps its hold, and is taken up again within a minute.",
    ),
    EventSpec(
        name="PROVIDER_CALLED",
        level="info, warning",
        fields=("provider", "operation", "outcome", "duration_ms"),
        meaning="A call to the provider ended.",
    ),
    EventSpec(
        name="PROVIDER_PICKED",
        level="info, warning",
        fields=("provider", "callbacks"),
        meaning="Who makes the files; a warning where they are only drawn here, because no key is set.",
    ),
    EventSpec(
        name="PROVIDER_ALARM",
        level="error",
        fields=("provider", "operation", "alarm"),
        meaning="The provider refuses until somebody acts: `alarm` is its own code, and its runbook says what to do.",
    ),
    EventSpec(
        name="PROVIDER_CALLBACK",
        level="info, warning",
        fields=("outcome", "task_id"),
        meaning="The provider called back; a warning where the call was forged, or could not be checked.",
    ),
    EventSpec(
        name="STORE_FAILED",
        level="error",
        fields=(),
        meaning="The store failed in the background; the work is tried again.",
    ),
    EventSpec(
        name="TELEGRAM_CALLED",
        level="info",
        fields=("method", "outcome", "duration_ms"),
        meaning="A call to the Bot API ended.",
    ),
    EventSpec(
        name="MESSAGE_SENT",
        level="info",
        fields=("message_id", "attempts"),
        meaning="A message of the outbox was delivered to Telegram.",
    ),
    EventSpec(
        name="MESSAGE_DELAYED",
        level="warning",
        fields=("retry_s",),
        meaning="A message of the outbox could not be sent; it is tried again.",
    ),
    EventSpec(
        name="MESSAGE_UNDELIVERABLE",
        level="warning, error",
        fields=("reason",),
        meaning="A message of the outbox was given up: blocked by the user, refused for good, or too old.",
    ),
    EventSpec(
        name="MARKS_DELAYED",
        level="error",
        fields=("marks",),
        meaning="That messages were sent could not be written down; it is tried again.",
    ),
    EventSpec(
        name="PROGRESS_NOT_DRAWN",
        level="info",
        fields=(),
        meaning="A sign of progress could not be shown; the next one may.",
    ),
    EventSpec(
        name="BILLING_PREFLIGHT",
        level="info, warning, error",
        fields=("payload",),
        meaning="The billing preflight at start.",
    ),
    EventSpec(
        name="BILLING_PREFLIGHT_RUNTIME",
        level="info, warning, error",
        fields=("payload",),
        meaning="The billing preflight, as it was shown over HTTP.",
    ),
    EventSpec(
        name="SERVICE_PREFLIGHT_RUNTIME",
        level="info, warning, error",
        fields=("payload",),
        meaning="The service preflight (Telegram's view, what waits, the provider), as it was shown over HTTP.",
    ),
    EventSpec(
        name="PREFLIGHT_MUTED",
        level="warning",
        fields=("code", "until_ms", "up_to", "reason"),
        meaning="Somebody muted a finding: it does not count until then, unless it affects more than that.",
    ),
    EventSpec(
        name="PREFLIGHT_UNMUTED",
        level="warning",
        fields=("code", "reason"),
        meaning="A mute was taken back: `ASKED` by somebody, or `WORSE` since its finding affects more than it covers.",
    ),
    EventSpec(
        name="PREFLIGHT_MUTES_UNREAD",
        level="warning",
        fields=(),
        meaning="The mutes could not be read or taken back; those that were read last hold until they can.",
    ),
    EventSpec(
        name="TELEGRAM_NOT_ASKED",
        level="warning",
        fields=(),
        meaning="Telegram did not tell its view of the webhook; it is asked again in a minute.",
    ),
    EventSpec(
        name="PROVIDER_CREDIT_UNKNOWN",
        level="warning",
        fields=("provider",),
        meaning="The provider did not tell what is left of the credit; it is asked again in a minute.",
    ),
    EventSpec(
        name="PREFLIGHT_SECTION_FAILED",
        level="warning",
        fields=("section", "attempts"),
        meaning="A check of a preflight ended in an error, which its report does not show.",
    ),
    EventSpec(
        name="LIBRARY_LOG",
        level="any",
        fields=("message",),
        meaning="A record of a library's own logging; `logger` names the library.",
    ),
)
