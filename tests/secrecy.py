"""Whether a secret got out: looked at after every test that runs the service."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from prometheus_client import CollectorRegistry, generate_latest

from botflight_diagnostics.telemetry.capture import CapturedTelemetry


def signals(telemetry: CapturedTelemetry) -> dict[str, str]:
    """Whatever a service has told, by the way in which it told it. Errors are in the lines, with their texts."""
    return {
        "a log line": b"".join(telemetry.lines).decode(),
        "a span": "".join(span.to_json() for span in telemetry.spans()),
        "the page of metrics": page_of(telemetry.metrics.registry),
    }


def page_of(registry: CollectorRegistry) -> str:
    """The metrics as Prometheus is shown them."""
    return generate_latest(registry).decode()


def check_kept(secrets: Iterable[str], told: dict[str, str]) -> None:
    """Raise AssertionError where a secret is in what was told. The telemetry of tests does not know them to redact."""
    hidden = [(secret, orjson.dumps(secret)[1:-1].decode()) for secret in secrets if secret]
    leaks = sorted({where for where, text in told.items() for forms in hidden for form in forms if form in text})
    assert leaks == [], f"a secret of the service is in {' and '.join(leaks)}"
