"""Whether a secret got out: looked at after every test, whatever it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from botflight_diagnostics.telemetry import capture
from botflight_diagnostics.telemetry.capture import CapturedTelemetry
from botflight_harness import asgi
from botflight_service.config import Settings

#: Whoever gives a shorter one as a secret means no secret.
SECRET_CHARACTERS_LEAST = 12
#: Of a page; files that are served are no text of ours.
_MOST_PAGE_BYTES = 2_000_000


def signals(telemetry: CapturedTelemetry) -> dict[str, str]:
    """Whatever a service has told, by the way in which it told it. Errors are in the lines, with their texts."""
    return {
        "a log line": b"".join(telemetry.lines).decode(errors="replace"),
        "a span": "".join(span.to_json() for span in telemetry.spans()),
        "the page of metrics": page_of(telemetry.metrics.registry),
    }


def page_of(registry: CollectorRegistry) -> str:
    """The metrics as Prometheus is shown them."""
    return generate_latest(registry).decode()


def check_kept(secrets: Iterable[str], told: dict[str, str]) -> None:
    """Raise AssertionError where a secret is in what was told. The telemetry of tests does not know them to redact."""
    leaks = sorted({where for where, text in told.items() for form in _forms(secrets) if form in text})
    assert leaks == [], f"a secret of the service is in {' and '.join(leaks)}"


def _forms(secrets: Iterable[str]) -> Iterator[str]:
    """A secret as it is, and as JSON writes it."""
    for secret in filter(None, secrets):
        yield secret
        yield orjson.dumps(secret)[1:-1].decode()


@dataclass(kw_only=True)
class Watch:
    """What was told since a test began, and the secrets that nobody may have told."""

    secrets: set[str] = field(default_factory=set)
    telemetries: list[CapturedTelemetry] = field(default_factory=list)
    #: Answers of the service in process.
    pages: list[bytes] = field(default_factory=list)
    #: Texts of errors that a test expected.
    errors: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Begin with the next test."""
        for held in (self.secrets, self.telemetries, self.pages, self.errors):
            held.clear()

    def told(self, output: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Everything, with what the test printed."""
        texts = {
            "a page": b"\n".join(self.pages).decode(errors="replace"),
            "an exception": "\n".join(self.errors),
            "its output": "\n".join(text for _, text in output),
        }
        for telemetry in self.telemetries:
            for where, text in signals(telemetry).items():
                texts[where] = texts.get(where, "") + text
        return texts

    def install(self) -> None:
        """Stand where secrets are read and where things are told; until the process ends."""
        self._take(Settings, "load", self._read)
        self._take(capture, "captured", self.telemetries.append)
        self._take(pytest.RaisesExc, "__exit__", lambda _: None, before=self._raised)
        answered = asgi.request

        async def request(*given: Any, **named: Any) -> asgi.Response:
            response = await answered(*given, **named)
            if len(response.body) <= _MOST_PAGE_BYTES:
                self.pages.append(response.body)
            return response

        asgi.request = request

    def _take(
        self, owner: Any, name: str, seen: Callable[[Any], object], before: Callable[..., object] = lambda *_: None
    ) -> None:
        """Have `seen` called with whatever a function gives, and `before` with what it is given."""
        original = getattr(owner, name)

        def wrapped(*given: Any, **named: Any) -> Any:
            before(*given)
            result = original(*given, **named)
            seen(result)
            return result

        setattr(owner, name, wrapped)

    def _read(self, settings: Settings) -> None:
        database = settings.database_url.get_secret_value() if settings.database_url is not None else ""
        known = {*settings.secrets(), urlsplit(database).password or ""}
        self.secrets |= {secret for secret in known if len(secret) >= SECRET_CHARACTERS_LEAST}

    def _raised(self, _: object, kind: object = None, error: BaseException | None = None, *_more: object) -> None:
        while error is not None and kind is not AssertionError:
            self.errors += [str(error), repr(error)]
            error = error.__cause__ or error.__context__


#: The one of this process; conftest.py installs it and asks it after every test.
WATCH = Watch()
