"""Every signal that the service emits, as data: the documentation and the metrics are made from it."""

from dataclasses import dataclass
from math import prod
from typing import Final, Literal

MetricKind = Literal["counter", "gauge", "histogram", "info"]

#: All label values that may come make no more series than this.
MAX_SERIES: Final = 1000

#: Takes the place of a label's value that is not known.
OTHER: Final = "other"

#: Up to here a tap feels immediate, from 1 s on it feels broken.
FAST_SECONDS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CALL_SECONDS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
STORAGE_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 1.0)
LAG_SECONDS: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)
RESULT_SECONDS: Final = (2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label, and how its values stay few."""

    name: str
    meaning: str
    #: The values that always have a series of their own.
    values: tuple[str, ...] = ()
    #: So many further ones get one as they come; all others count as "other".
    more: int = 0

    @property
    def most_values(self) -> int:
        """How many values there can be, "other" among them."""
        return len(self.values) + self.more + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """A metric family as Prometheus shows it."""

    #: With prefix, unit and, of a counter, `_total`.
    name: str
    kind: MetricKind
    #: "" where it is a plain number.
    unit: str
    meaning: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def most_series(self) -> int:
        """How many series there are when every label has had all values that it may have."""
        # A histogram has beside its buckets one for all, a sum and a count.
        each = len(self.buckets) + 3 if self.kind == "histogram" else 1
        return each * prod(label.most_values for label in self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpec:
    """A log event: what it says beyond the fields that every line has."""

    name: str
    #: The usual level, and those in trouble.
    level: str
    #: Any event may have the fields of an error beside these.
    fields: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanSpec:
    """A kind of span; `<...>` in a name stands for a part that varies among few values."""

    name: str
    kind: str
    attributes: tuple[str, ...]
    meaning: str


UPDATE_TYPES: Final = (
    "message",
    "edited_message",
    "callback_query",
    "inline_query",
    "pre_checkout_query",
    "my_chat_member",
)

#: How updates end that no handler decided on; a handler has words of its own beside them.
OUTCOMES: Final = ("OK", "IGNORED", "FAILED", "EXPIRED", "UNDONE")

ATTEMPT_STATES: Final = (
    "confirmed",
    "submitting",
    "running",
    "succeeded",
    "delivered",
    "failed",
    "unknown",
    "refunded",
)

_TYPE = Label(name="type", meaning="kind of update", values=UPDATE_TYPES)
_OUTCOME = Label(name="outcome", meaning="what came of it", values=OUTCOMES, more=8)
_METHOD = Label(name="method", meaning="method of the Bot API", more=16)
_CALL_OUTCOME = Label(name="outcome", meaning="`OK` or what went wrong", values=("OK",), more=4)
_OPERATION = Label(name="operation", meaning="what was asked", more=5)
_STORE_OPERATION = Label(name="operation", meaning="method of the store", more=20)
_STORE_OUTCOME = Label(name="outcome", meaning="`OK` or what went wrong", values=("OK",), more=2)
_MODEL = Label(name="model", meaning="model of the catalogue", more=8)
_ATTEMPT_STATE = Label(name="state", meaning="state that they came to", values=ATTEMPT_STATES)
_MONEY = Label(
    name="kind",
    meaning="what happened to it",
    values=("held", "charged", "released", "refunded", "topped_up"),
)
_OUTBOX_STATE = Label(name="state", meaning="waiting, or given up", values=("waiting", "undeliverable"))
_SECTION = Label(name="section", meaning="section of the preflight", more=12)
_SIGNAL = Label(name="signal", meaning="what was lost", values=("logs", "spans"))

METRICS: Final = (
    MetricSpec(
        name="botflight_updates_total",
        kind="counter",
        unit="",
        labels=(_TYPE, _OUTCOME),
        meaning="Updates that came to an end.",
    ),
    MetricSpec(
        name="botflight_update_duration_seconds",
        kind="histogram",
        unit="seconds",
        labels=(_TYPE,),
        buckets=FAST_SECONDS,
        meaning="Time from taking an update up to its end; exemplars carry the trace.",
    ),
    MetricSpec(
        name="botflight_update_lag_seconds",
        kind="histogram",
        unit="seconds",
        buckets=LAG_SECONDS,
        meaning="Time from a message's date to taking it up; messages only, others carry no date.",
    ),
    MetricSpec(
        name="botflight_updates_duplicate_total",
        kind="counter",
        unit="",
        meaning="Updates that came again and were not dispatched.",
    ),
    MetricSpec(
        name="botflight_updates_early_total",
        kind="counter",
        unit="",
        meaning="Updates that came while the service started or drained.",
    ),
    MetricSpec(
        name="botflight_updates_refused_total",
        kind="counter",
        unit="",
        labels=(Label(name="status", meaning="HTTP status", values=("400", "401", "405", "413", "503")),),
        meaning="Requests to the webhook that were not taken.",
    ),
    MetricSpec(
        name="botflight_updates_undone", kind="gauge", unit="", meaning="Updates that are stored and not yet done."
    ),
    MetricSpec(
        name="botflight_updates_undone_oldest_seconds",
        kind="gauge",
        unit="seconds",
        meaning="Age of the oldest update that is not yet done; 0 when all are.",
    ),
    MetricSpec(name="botflight_lanes", kind="gauge", unit="", meaning="Chats whose updates are being worked on."),
    MetricSpec(
        name="botflight_callback_answer_seconds",
        kind="histogram",
        unit="seconds",
        buckets=FAST_SECONDS,
        meaning="Time from taking a tap up to the answer that stops the button's spinner.",
    ),
    MetricSpec(
        name="botflight_telegram_requests_total",
        kind="counter",
        unit="",
        labels=(_METHOD, _CALL_OUTCOME),
        meaning="Calls to the Bot API.",
    ),
    MetricSpec(
        name="botflight_telegram_request_duration_seconds",
        kind="histogram",
        unit="seconds",
        labels=(Label(name="method", meaning="method of the Bot API", more=8),),
        buckets=CALL_SECONDS,
        meaning="Time of a call to the Bot API.",
    ),
    MetricSpec(
        name="botflight_telegram_retry_after_seconds_total",
        kind="counter",
        unit="seconds",
        meaning="Waiting that Telegram asked for with 429.",
    ),
    MetricSpec(
        name="botflight_blocked_users_total",
        kind="counter",
        unit="",
        meaning="Messages refused because the user blocked the bot.",
    ),
    MetricSpec(
        name="botflight_provider_requests_total",
        kind="counter",
        unit="",
        labels=(_OPERATION, _CALL_OUTCOME),
        meaning="Calls to the provider of generations.",
    ),
    MetricSpec(
        name="botflight_provider_request_duration_seconds",
        kind="histogram",
        unit="seconds",
        labels=(_OPERATION,),
        buckets=CALL_SECONDS,
        meaning="Time of a call to the provider.",
    ),
    MetricSpec(
        name="botflight_attempts_total",
        kind="counter",
        unit="",
        labels=(_MODEL, _ATTEMPT_STATE),
        meaning="Attempts at generation by the states that they came to.",
    ),
    MetricSpec(
        name="botflight_time_to_result_seconds",
        kind="histogram",
        unit="seconds",
        labels=(_MODEL,),
        buckets=RESULT_SECONDS,
        meaning="Time from the tap on confirm to the delivered file.",
    ),
    MetricSpec(
        name="botflight_money_hundredths_total",
        kind="counter",
        unit="hundredths",
        labels=(_MONEY,),
        meaning="Money moved, in hundredths of a credit.",
    ),
    MetricSpec(
        name="botflight_free_generations_total", kind="counter", unit="", meaning="Generations that cost nothing."
    ),
    MetricSpec(
        name="botflight_storage_operations_total",
        kind="counter",
        unit="",
        labels=(_STORE_OPERATION, _STORE_OUTCOME),
        meaning="Calls to the store.",
    ),
    MetricSpec(
        name="botflight_storage_operation_duration_seconds",
        kind="histogram",
        unit="seconds",
        labels=(Label(name="operation", meaning="method of the store", more=8),),
        buckets=STORAGE_SECONDS,
        meaning="Time of a call to the store, the wait for its commit included.",
    ),
    MetricSpec(
        name="botflight_outbox_messages",
        kind="gauge",
        unit="",
        labels=(_OUTBOX_STATE,),
        meaning="Messages that are committed and not yet sent.",
    ),
    MetricSpec(
        name="botflight_outbox_oldest_seconds",
        kind="gauge",
        unit="seconds",
        meaning="Age of the oldest message that waits to be sent; 0 when none does.",
    ),
    MetricSpec(
        name="botflight_preflight_status",
        kind="gauge",
        unit="",
        labels=(_SECTION,),
        meaning="Last preflight by section: 0 OK, 1 degraded, 2 failed, 3 skipped.",
    ),
    MetricSpec(
        name="botflight_preflight_duration_seconds",
        kind="gauge",
        unit="seconds",
        labels=(_SECTION,),
        meaning="How long each section of the last preflight took.",
    ),
    MetricSpec(
        name="botflight_preflight_last_run_timestamp_seconds",
        kind="gauge",
        unit="seconds",
        meaning="When the last preflight began, in seconds since 1970.",
    ),
    MetricSpec(
        name="botflight_preflight_findings",
        kind="gauge",
        unit="",
        labels=(Label(name="code", meaning="code of the finding", more=32),),
        meaning="What each finding of the last preflight affects; 0 where it was not found or is muted.",
    ),
    MetricSpec(
        name="botflight_event_loop_lag_seconds",
        kind="gauge",
        unit="seconds",
        meaning="By how much the event loop was late at its last measured wake-up.",
    ),
    MetricSpec(
        name="botflight_telemetry_dropped_total",
        kind="counter",
        unit="",
        labels=(_SIGNAL,),
        meaning="Log lines and spans that did not leave the process.",
    ),
    MetricSpec(
        name="botflight_build_info",
        kind="info",
        unit="",
        labels=(
            Label(name="service", meaning="name of the service", more=1),
            Label(name="version", meaning="its version", more=1),
        ),
        meaning="What runs; always 1.",
    ),
)

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
        fields=("startup_ms", "updates_replayed", "messages_replayed", "attempts_resumed"),
        meaning="Updates are processed as they come.",
    ),
    EventSpec(
        name="DRAINING",
        level="info",
        fields=("reason",),
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
        name="SETTINGS_INVALID",
        level="critical",
        fields=("problems",),
        meaning="The settings are wrong; the process ends with exit code 2.",
    ),
    EventSpec(
        name="ATTEMPT_MOVED",
        level="info",
        fields=("task_id", "model", "state", "free", "failure"),
        meaning="An attempt at generation came to another state.",
    ),
    EventSpec(
        name="PROVIDER_CALLED",
        level="info, warning",
        fields=("provider", "operation", "outcome", "duration_ms"),
        meaning="A call to the provider ended.",
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

SPANS: Final = (
    SpanSpec(
        name="POST /webhook",
        kind="server",
        attributes=("http.request.method", "http.route", "http.response.status_code"),
        meaning="A delivery by Telegram, until it is stored and answered.",
    ),
    SpanSpec(
        name="process <update_type>",
        kind="consumer",
        attributes=("messaging.system", "messaging.operation.type", "botflight.update_id", "botflight.outcome"),
        meaning="An update in its lane, until it is done.",
    ),
    SpanSpec(
        name="handler <name>",
        kind="internal",
        attributes=("botflight.handler",),
        meaning="The decision of a handler.",
    ),
    SpanSpec(
        name="<SELECT|INSERT|UPDATE|COMMIT> <table>",
        kind="client",
        attributes=("db.system.name", "db.operation.name", "db.collection.name"),
        meaning="A statement of the store.",
    ),
    SpanSpec(
        name="generate",
        kind="internal",
        attributes=("botflight.model", "botflight.task_id"),
        meaning="An attempt at generation in the background; links to the tap on confirm.",
    ),
    SpanSpec(
        name="<deliver message|draw progress>",
        kind="producer",
        attributes=(),
        meaning="A message of the outbox on its way; links to what caused it.",
    ),
    SpanSpec(
        name="telegram/<method>",
        kind="client",
        attributes=("rpc.system", "rpc.method", "http.response.status_code"),
        meaning="A call to the Bot API.",
    ),
    SpanSpec(
        name="<provider>/<operation>",
        kind="client",
        attributes=("rpc.system", "rpc.method", "http.response.status_code"),
        meaning="A call to the provider.",
    ),
)
