"""What a bot told of itself during a test, as values to assert on: spans, log records and metrics.

OpenTelemetry's SDK and prometheus_client are used when they are installed, and imported when a capture begins.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from botflight_harness.leaks import find_secrets, secrets_of
from botflight_harness.relay import Relay, relay_of
from botflight_harness.spans import Span, Trace
from botflight_harness.telegram.world import Telegram

#: A capture keeps the first of this many lines; a test that makes more looks at none of them.
KEPT_MOST = 100_000

#: What logging itself puts into a record.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Registry(Protocol):
    """A registry of prometheus_client."""

    def collect(self) -> Iterable[Any]:
        """Return the families of metrics."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One log record."""

    level: str
    logger: str
    #: the message; of a line of JSON, its event
    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return everything in it as text."""
        return f"{self.level} {self.logger} {self.event} {dict(self.fields)}"


class Logs(logging.Handler):
    """The log records of a test. Records whose message is a JSON object are read as such."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[Line] = []

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        more = {name: value for name, value in vars(record).items() if name not in _OWN}
        if isinstance(record.msg, Mapping):  # structlog hands its event over whole
            self._keep(record.levelname.lower(), record.name, {**more, **record.msg})
            return
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            more["exception"] = repr(record.exc_info[1])
        self._keep(record.levelname.lower(), record.name, {**more, **_read(text)})

    def feed(self, lines: Iterable[bytes | str]) -> None:
        """Read lines of JSON that were written elsewhere, such as to standard output."""
        for line in lines:
            fields = _read(line if isinstance(line, str) else line.decode())
            self._keep(str(fields.get("level", "")), str(fields.get("logger", "")), fields)

    def events(self, event: str) -> list[Line]:
        """Return the lines of this event."""
        return [line for line in self.lines if line.event == event]

    def all_have(self, *names: str, logger: str = "") -> bool:
        """Assert that there are lines and that each has these fields; `logger` is the beginning of a logger's name.

        Raises AssertionError that shows the first line that lacks one.
        """
        lines = [line for line in self.lines if line.logger.startswith(logger)]
        if not lines:
            raise AssertionError(f"nothing was logged{f' by {logger}' if logger else ''}")
        for line in lines:
            if lacking := [name for name in names if line.fields.get(name) in {None, ""}]:
                raise AssertionError(f"a line lacks {', '.join(lacking)}: {line.text()}")
        return True

    def _keep(self, level: str, logger: str, fields: dict[str, Any]) -> None:
        if len(self.lines) < KEPT_MOST:
            event = str(fields.pop("event", ""))
            self.lines.append(Line(level, logger, event, fields))


def _read(text: str) -> dict[str, Any]:
    if text.startswith("{"):
        try:
            read: dict[str, Any] = json.loads(text)
        except ValueError:
            return {"event": text}
        return read
    return {"event": text}


Key = tuple[str, frozenset[tuple[str, str]]]


class Metrics:
    """How the samples of a registry have changed since the capture began."""

    def __init__(self, registry: Registry | None) -> None:
        self._registry = registry
        self._before = self.samples()

    def samples(self) -> dict[Key, float]:
        """Return every sample as it is now, by its name and its labels."""
        if self._registry is None:
            return {}
        families = self._registry.collect()
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def delta(self, name: str, **labels: str) -> float:
        """Return by how much the samples of this name with at least these labels have grown, all together.

        Raises AssertionError when no sample has ever had this name: it may be misspelled.
        """
        wanted = set(labels.items())
        now = self.samples()
        if not any(key[0] == name for key in now):
            raise AssertionError(f"there is no metric {name}")
        chosen = [key for key in now if key[0] == name and wanted <= key[1]]
        return sum(now[key] - self._before.get(key, 0.0) for key in chosen)

    def changed(self) -> dict[Key, float]:
        """Return what has changed, and by how much."""
        now = self.samples()
        return {
            key: value - self._before.get(key, 0.0) for key, value in now.items() if value != self._before.get(key, 0.0)
        }


class Capture:
    """Everything a bot told of itself, from `with` to its end, which fails when a token or a secret is in it.

        with Capture(telegram) as capture:
            await alice.sends("/start")
        capture.logs.all_have("correlation_id")
        assert capture.metrics.delta("bot_updates_total") == 1

    Give the `registry` and the `tracer_provider` that the bot uses, unless they are the global ones. `secrets` are
    what must not be told, beside the tokens and webhook secrets of the world.
    """

    def __init__(
        self,
        telegram: Telegram,
        *,
        secrets: Iterable[str] = (),
        registry: Registry | None = None,
        tracer_provider: Any = None,  # noqa: ANN401 -- OpenTelemetry's, which may not be installed
    ) -> None:
        self._telegram = telegram
        self._secrets = set(secrets)
        self.trace = Trace()
        self.logs = Logs()
        self.metrics = Metrics(registry or _global_registry())
        self._relay: Relay | None = relay_of(tracer_provider)
        self._stop: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        root = logging.getLogger()
        level = root.level
        root.addHandler(self.logs)
        root.setLevel(min(level, logging.INFO) if level else logging.INFO)
        self._stop = [lambda: root.removeHandler(self.logs), lambda: root.setLevel(level)]
        if self._relay is not None:
            self._stop.append(self._relay.listen(self._ended))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stop in self._stop:
            stop()
        self._stop.clear()
        if kind is None:
            self.check_secrets()

    def secrets(self) -> set[str]:
        """Return what must not be told: tokens, webhook secrets, and what the test has named."""
        return secrets_of(self._telegram) | self._secrets

    def check_secrets(self) -> None:
        """Raise AssertionError when a token or a secret is in a line, a span or a label; it is not shown."""
        leaks = list(find_secrets(self._texts(), self.secrets()))
        if leaks:
            raise AssertionError("\n".join(["a secret was told:", *leaks]))

    def _texts(self) -> Iterator[tuple[str, str]]:
        for line in self.logs:
            yield f"log line {line.event[:60]!r} of {line.logger}", line.text()
        yield from _told(self.trace, self.metrics.samples())

    def _ended(self, ended: Any) -> None:  # noqa: ANN401 -- OpenTelemetry's ReadableSpan
        self.trace.keep(ended)


class Watch:
    """Looks after every test for secrets in the spans and metrics that are global, where there are any.

    Nothing is imported for it: a bot that has neither library loaded tells nothing by them.
    """

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self.trace = Trace()
        trace = sys.modules.get("opentelemetry.trace")
        sdk = sys.modules.get("opentelemetry.sdk.trace")
        provider = None if trace is None or sdk is None else trace.get_tracer_provider()
        relay = relay_of(provider) if sdk is not None and isinstance(provider, sdk.TracerProvider) else None
        self.stop = _nothing if relay is None else relay.listen(self._ended)

    def leaks(self) -> list[str]:
        """Return where a token or a webhook's secret of the world was told, blotted out."""
        samples = Metrics(_global_registry()).samples() if "prometheus_client" in sys.modules else {}
        return list(find_secrets(_told(self.trace, samples), secrets_of(self._telegram), anybodys=False))

    def _ended(self, ended: Any) -> None:  # noqa: ANN401 -- OpenTelemetry's ReadableSpan
        self.trace.keep(ended)


def _nothing() -> None:
    """Stop what was not begun."""


def _told(trace: Iterable[Span], samples: Iterable[Key]) -> Iterator[tuple[str, str]]:
    for span in trace:
        yield f"span {span.name!r}", span.text()
    for name, labels in samples:
        yield f"metric {name}", str(sorted(labels))


def _global_registry() -> Registry | None:
    try:
        from prometheus_client import REGISTRY  # noqa: PLC0415 -- late and optional, see the module
    except ImportError:
        return None
    registry: Registry = REGISTRY
    return registry
