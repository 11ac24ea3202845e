"""Every metric of the service."""

from typing import Final

from botflight_diagnostics.telemetry.catalogue.entries import Label, MetricSpec

#: All label values that may come make no more series than this. A target of Prometheus may have a thousand; the rest is
#: for those that come.
MAX_SERIES: Final = 800

#: Takes the place of a label's value that is not known.
OTHER: Final = "other"

#: Up to here a tap feels immediate, from 1 s on it feels broken.
FAST_SECONDS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CALL_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
#: A submission may take 75 s, a file 60.
PROVIDER_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
#: From half a second on a call to the store is an alert.
STORAGE_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 0.5)
LAG_SECONDS: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)
RESULT_SECONDS: Final = (2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)

UPDATE_TYPES: Final = (
    "message",
    "edited_message",
    "callback_query",
    "inline_query",
    "pre_checkout_query",
    "my_chat_member",
)

#: How updates end, and those words of handlers that are worth watching. Their other words are in the lines alone.
OUTCOMES: Final = (
    *("OK", "IGNORED", "FAILED", "EXPIRED", "UNDONE"),
    *("INSUFFICIENT_FUNDS", "MAINTENANCE", "RATE_LIMITED"),
)

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

#: KIE's codes that no retry mends.
PROVIDER_ALARMS: Final = ("401", "402", "403", "433", "455", "505")
CALLBACK_OUTCOMES: Final = ("TAKEN", "KNOWN", "FORGED", "NOT_OURS", "LATER", "REFUSED")
#: How a generation kept its time.
TIMINGS: Final = ("in_time", "late", "failed")

# What is asked often has a series of its own from the start, whatever is asked first.
_TYPE = Label(name="type", meaning="kind of update", values=UPDATE_TYPES)
_TIMED_TYPE = Label(name="type", meaning="kind of update", values=("message", "callback_query", "pre_checkout_query"))
_OUTCOME = Label(name="outcome", meaning="what came of it", values=OUTCOMES)
_METHOD = Label(
    name="method",
    meaning="method of the Bot API",
    values=(
        *("sendMessage", "editMessageText", "answerCallbackQuery", "answerPreCheckoutQuery", "sendInvoice"),
        *("sendPhoto", "sendDocument", "sendVideo", "sendAudio"),
    ),
    more=2,
)
_TIMED_METHOD = Label(
    name="method",
    meaning="method of the Bot API",
    values=("sendMessage", "editMessageText", "answerCallbackQuery", "sendPhoto", "sendDocument"),
)
_TELEGRAM_OUTCOME = Label(
    name="outcome",
    meaning="`OK`, the HTTP status or the error",
    values=("OK", "400", "403", "429", "TimedOut", "NetworkError"),
)
_CALL_OUTCOME = Label(
    name="outcome",
    meaning="`OK` or what went wrong",
    values=("OK", "ProviderRefused", "ProviderUnavailable", "AnswerLost", "TIMED_OUT", "FAILED"),
)
_OPERATION = Label(name="operation", meaning="what was asked", more=4)
_STORE_OPERATION = Label(
    name="operation",
    meaning="method of the store",
    values=("accept", "commit", "session", "balance", "free_used", "attempt", "unsent", "mark"),
)
_TIMED_STORE_OPERATION = Label(
    name="operation", meaning="method of the store", values=("accept", "commit", "session", "mark")
)
_STORE_OUTCOME = Label(
    name="outcome",
    meaning="`OK`, an error, or a decision that the store contradicted",
    values=("OK", "FAILED", "REFUSED"),
)
_MODEL = Label(name="model", meaning="model of the catalogue", more=6)
_ATTEMPT_STATE = Label(name="state", meaning="state that they came to", values=ATTEMPT_STATES)
_TIMING = Label(name="timing", meaning="within twice the usual time of its model, after it, or never", values=TIMINGS)
_MONEY = Label(
    name="kind",
    meaning="what happened to it",
    values=("held", "charged", "released", "refunded", "topped_up", "taken_back", "handed_back"),
)
_PAYMENT = Label(
    name="event",
    meaning="what became of it",
    values=("credited", "found", "refunded", "refunded_elsewhere", "refund_refused", "unclear"),
)
_GIVEN_UP = Label(name="reason", meaning="why it was given up", values=("FORBIDDEN", "REFUSED", "FILE_GONE", "TOO_OLD"))
_SECTION = Label(name="section", meaning="section of the preflight", more=12)
_REPORT = Label(name="report", meaning="which preflight", values=("billing", "service"))
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
        labels=(_TIMED_TYPE,),
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
        labels=(_METHOD, _TELEGRAM_OUTCOME),
        meaning="Calls to the Bot API.",
    ),
    MetricSpec(
        name="botflight_telegram_request_duration_seconds",
        kind="histogram",
        unit="seconds",
        labels=(_TIMED_METHOD,),
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
        buckets=PROVIDER_SECONDS,
        meaning="Time of a call to the provider.",
    ),
    MetricSpec(
        name="botflight_provider_alarms_total",
        kind="counter",
        unit="",
        labels=(Label(name="alarm", meaning="the provider's own code, such as 402", values=PROVIDER_ALARMS, more=1),),
        meaning="Calls that the provider refuses until somebody acts: key, credits, limits, maintenance.",
    ),
    MetricSpec(
        name="botflight_provider_credits",
        kind="gauge",
        unit="",
        labels=(Label(name="provider", meaning="whose account", more=1),),
        meaning="What is left on the account with the provider, in its own credits, when last asked.",
    ),
    MetricSpec(
        name="botflight_provider_callbacks_total",
        kind="counter",
        unit="",
        labels=(Label(name="outcome", meaning="what came of it", values=CALLBACK_OUTCOMES),),
        meaning="Calls back from the provider.",
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
        meaning="Time from the tap on confirm to the file that Telegram took.",
    ),
    MetricSpec(
        name="botflight_generations_total",
        kind="counter",
        unit="",
        labels=(_MODEL, _TIMING),
        meaning="Generations that came to an end, by whether the user had the file in time.",
    ),
    MetricSpec(
        name="botflight_money_hundredths_total",
        kind="counter",
        unit="hundredths",
        labels=(_MONEY,),
        meaning="Money moved, in hundredths of a credit.",
    ),
    MetricSpec(
        name="botflight_payments_total",
        kind="counter",
        unit="",
        labels=(_PAYMENT,),
        meaning="Payments in Stars by what became of them; found: Telegram had them, the ledger had not.",
    ),
    MetricSpec(
        name="botflight_free_generations_total", kind="counter", unit="", meaning="Generations that cost nothing."
    ),
    MetricSpec(
        name="botflight_ledger_drift_hundredths",
        kind="gauge",
        unit="hundredths",
        meaning="Sum of all accounts at the last full count, in hundredths of a credit; anything but 0 is an error.",
    ),
    MetricSpec(
        name="botflight_ledger_mismatched_accounts",
        kind="gauge",
        unit="",
        meaning="Accounts whose balance is not the sum of their entries, at the last full count.",
    ),
    MetricSpec(
        name="botflight_ledger_audit_age_seconds",
        kind="gauge",
        unit="seconds",
        meaning="How long ago the last full count of the ledger ended; 0 until there was one.",
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
        labels=(_TIMED_STORE_OPERATION,),
        buckets=STORAGE_SECONDS,
        meaning="Time of a call to the store, the wait for its commit included.",
    ),
    MetricSpec(
        name="botflight_outbox_messages",
        kind="gauge",
        unit="",
        meaning="Messages that are committed and not yet sent.",
    ),
    MetricSpec(
        name="botflight_outbox_given_up_total",
        kind="counter",
        unit="",
        labels=(_GIVEN_UP,),
        meaning="Messages that will never be sent.",
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
        labels=(_REPORT,),
        meaning="When the last preflight began, in seconds since 1970.",
    ),
    MetricSpec(
        name="botflight_preflight_findings",
        kind="gauge",
        unit="",
        labels=(Label(name="code", meaning="code of the finding", more=40),),
        meaning="What each finding of the last preflight affects; 0 where it was not found or is muted.",
    ),
    MetricSpec(
        name="botflight_preflight_muted",
        kind="gauge",
        unit="",
        labels=(_REPORT,),
        meaning="Findings of the last preflight that are there and do not count, because somebody muted them.",
    ),
    MetricSpec(
        name="botflight_webhook_pending_updates",
        kind="gauge",
        unit="",
        meaning="Updates that wait at Telegram, as it said within the last minute.",
    ),
    MetricSpec(
        name="botflight_webhook_last_error_timestamp_seconds",
        kind="gauge",
        unit="seconds",
        meaning="When Telegram last failed to deliver an update, in seconds since 1970; 0 where it never did.",
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
