"""Every kind of span of the service."""

from typing import Final

from botflight_diagnostics.telemetry.catalogue.entries import SpanSpec

SPANS: Final = (
    SpanSpec(
        name="POST /webhook",
        kind="server",
        attributes=("http.request.method", "http.route", "http.response.status_code"),
        meaning="A delivery by Telegram, until it is stored and answered.",
    ),
    SpanSpec(
        name="POST /provider",
        kind="server",
        attributes=("http.request.method", "http.route", "http.response.status_code"),
        meaning="A call back from the provider, until what it tells is stored and answered.",
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
        attributes=("botflight.model", "botflight.task_id", "botflight.state"),
        meaning="An attempt at generation in the background, in the trace of the tap on confirm.",
    ),
    SpanSpec(
        name="refund",
        kind="internal",
        attributes=(),
        meaning="A refund of Stars in the background, from asking Telegram to its end in the ledger.",
    ),
    SpanSpec(
        name="<deliver message|draw progress>",
        kind="producer",
        attributes=(),
        meaning="A message of the outbox on its way, in the trace of what caused it.",
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
        attributes=("rpc.system", "rpc.method"),
        meaning="A call to the provider.",
    ),
)
