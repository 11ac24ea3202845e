"""Structured logs: one JSON object a line, with the ids of the work that wrote it."""

import asyncio
import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import structlog
from structlog.typing import FilteringBoundLogger

from botflight_diagnostics.telemetry import correlation
from botflight_diagnostics.telemetry.clock import Clock, SystemClock
from botflight_diagnostics.telemetry.lines import MAX_LINE_BYTES, Render, json_line, shortened
from botflight_diagnostics.telemetry.redaction import Redactor
from botflight_diagnostics.telemetry.traces import current_span

#: Takes one line with its line break. What it raises of OSError is counted as a dropped line.
Writer = Callable[[bytes], object]
OnDrop = Callable[[int], object]
#: Takes the fields of a line and the line as JSON, its secrets taken out.
OnLine = Callable[[Mapping[str, Any], bytes], object]

#: The end of a traceback says most; so much of it is kept.
MAX_STACK_CHARACTERS: Final = 6000
MAX_MESSAGE_CHARACTERS: Final = 1000

#: Values that were found to hold no secret: short ones that come again, such as names of actions and outcomes.
MAX_CLEAN: Final = 2000
MAX_CLEAN_CHARACTERS: Final = 64
#: Fields whose values are made by telemetry itself, anew for each update.
_MADE: Final = frozenset({"correlation_id", "trace_id", "span_id", "user_ref"})
_NUMBERS: Final = frozenset({int, float, bool, type(None)})

#: Lines of one turn of the event loop that wait for its end at the most.
MAX_TICK_BYTES: Final = 256 * 1024

#: Libraries that tell too much below WARNING: httpx logs whole URLs, the bot's token among them.
QUIET: Final = ("aiohttp", "apscheduler", "asyncio", "httpcore", "httpx", "telegram", "uvicorn")


def stream_writer(stream: BinaryIO) -> Writer:
    """Make a writer that flushes every line, so that none is lost with the process."""

    def write(line: bytes) -> None:
        stream.write(line)
        stream.flush()

    return write


class TickWriter:
    """A writer that writes once for each turn of the event loop, with all lines of that turn.

    Outside of a loop, and from `MAX_TICK_BYTES` on, it writes at once. What a killed process leaves unwritten are the
    lines of the turn that it was in. Call `flush` at the end.
    """

    __slots__ = ("_bytes", "_lines", "_stream", "on_drop")

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []
        self._bytes = 0
        #: Told the number of lines that the stream did not take.
        self.on_drop: OnDrop = lambda _: None

    def __call__(self, line: bytes) -> None:
        """Take a line with its line break."""
        self._lines.append(line)
        self._bytes += len(line)
        if self._bytes >= MAX_TICK_BYTES:
            self.flush()
        elif len(self._lines) == 1:
            self._flush_soon()

    def flush(self) -> None:
        """Write what waits."""
        lines, self._lines, self._bytes = self._lines, [], 0
        try:
            self._stream.write(b"".join(lines))
            self._stream.flush()
        except (OSError, ValueError):  # a closed pipe or stream must not fail the work that logs
            self.on_drop(len(lines))

    def _flush_soon(self) -> None:
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:
            self.flush()


class Logs:
    """Where log lines come from: `logs.logger("updates").info("UPDATE_DONE", outcome="OK")`.

    Every line has `timestamp_ms level event logger service version`; those of the current correlation and span follow
    when there are any, then the event's own fields. Event names are static; what varies is a field. `error_type="..."`
    is written as `error.type`. Secrets are taken out of the rendered line. `on_line` gets every line too. Nothing
    global is set up.
    """

    def __init__(
        self,
        write: Writer,
        *,
        service: str,
        version: str,
        redactor: Redactor | None = None,
        clock: Clock | None = None,
        level: str = "info",
        render: Render = json_line,
        on_line: OnLine | None = None,
        on_drop: OnDrop = lambda _: None,
    ) -> None:
        clock = clock or SystemClock()
        assemble = _Assembly(
            service=service,
            version=version,
            redactor=redactor or Redactor(),
            clock=clock,
            render=render,
            on_line=on_line,
        )
        self._logger: FilteringBoundLogger = structlog.wrap_logger(
            _Output(write, on_drop),
            processors=[assemble],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            context_class=dict,
        )
        self._loggers: dict[str, FilteringBoundLogger] = {}

    def logger(self, name: str) -> FilteringBoundLogger:
        """Return the logger of `name`, which is a part of the program and not a value."""
        if name not in self._loggers:
            self._loggers[name] = self._logger.bind(logger=name)
        return self._loggers[name]

    @contextmanager
    def bridged(self, *, root: logging.Logger | None = None, quiet: Iterable[str] = QUIET) -> Iterator[None]:
        """Write the records of the standard `logging` too, as event `LIBRARY_LOG`; all is as before at the end.

        `root` is the logger to listen at, by default the one of all. Those named in `quiet` are set to WARNING.
        """
        root = root or logging.getLogger()
        handler = _Bridge(self.logger("logging"))
        before = [(logging.getLogger(name), logging.getLogger(name).level) for name in quiet]
        handlers = root.handlers[:]
        root.handlers[:] = [handler]
        for logger, _ in before:
            logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            root.handlers[:] = handlers
            for logger, level in before:
                logger.setLevel(level)


class _Output:
    """What structlog calls with the finished line."""

    __slots__ = ("_on_drop", "_write")

    def __init__(self, write: Writer, on_drop: OnDrop) -> None:
        self._write = write
        self._on_drop = on_drop

    def msg(self, line: bytes) -> None:
        try:
            self._write(line)
        except (OSError, ValueError):  # a closed pipe or stream must not fail the update that logs
            self._on_drop(1)

    debug = info = warning = error = critical = msg


class _Assembly:
    """structlog's one processor here: puts the fields in order, renders the line, takes the secrets out."""

    __slots__ = ("_clean", "_clock", "_on_line", "_redactor", "_render", "_service", "_version")

    def __init__(
        self,
        *,
        service: str,
        version: str,
        redactor: Redactor,
        clock: Clock,
        render: Render,
        on_line: OnLine | None,
    ) -> None:
        self._service = service
        self._version = version
        self._redactor = redactor
        self._clock = clock
        self._render = render
        self._on_line = on_line
        self._clean: set[str] = set()

    def __call__(self, _logger: object, level: str, fields: MutableMapping[str, Any]) -> bytes:
        line: dict[str, Any] = {
            "timestamp_ms": self._clock.time_ns() // 1_000_000,
            "level": level,
            "event": fields.pop("event"),
            "logger": fields.pop("logger", ""),
            "service": self._service,
            "version": self._version,
        }
        bound = correlation.current()
        if bound is not None:
            line.update(bound.log_fields)
        span = current_span()
        if span is not None:
            line["trace_id"] = span.trace.hex
            line["span_id"] = f"{span.span_id:016x}"
        if "error_type" in fields or "exc_info" in fields:
            self._tell_error(fields)
        line.update(fields)
        clean = _MADE.isdisjoint(fields) and self._is_clean(line)
        rendered = self._rendered(line, self._render, clean=clean)
        if self._on_line is not None:
            told = rendered if self._render is json_line else self._rendered(line, json_line, clean=clean)
            self._on_line(line, told)
        return rendered

    def _rendered(self, line: Mapping[str, Any], render: Render, *, clean: bool) -> bytes:
        raw = render(line)
        rendered = raw if clean else self._redactor.line(raw)
        if len(rendered) <= MAX_LINE_BYTES:
            if not clean and rendered == raw:
                self._remember(line)
            return rendered
        # Secrets go before anything is cut: half a secret would not be known as one.
        redacted = {name: self._redactor.value(value) for name, value in line.items()}
        return self._redactor.line(render(shortened(redacted)))

    def _is_clean(self, line: Mapping[str, Any]) -> bool:
        """Whether every text was seen to hold no secret: to look for one anew is half the cost of a line."""
        if self._redactor.knows_numbers:
            return False
        clean = self._clean
        for name, value in line.items():
            if name not in clean:
                return False
            if value.__class__ is str:
                if value not in clean and name not in _MADE:
                    return False
            elif value.__class__ not in _NUMBERS:
                return False
        return True

    def _remember(self, line: Mapping[str, Any]) -> None:
        """Keep the texts of a line that holds no secret, as far as they are likely to come again."""
        if len(self._clean) < MAX_CLEAN:
            texts = (value for name, value in line.items() if name not in _MADE and isinstance(value, str))
            self._clean.update(text for text in (*line, *texts) if len(text) <= MAX_CLEAN_CHARACTERS)

    def _tell_error(self, fields: MutableMapping[str, Any]) -> None:
        """Replace `error_type` and `exc_info` by fields that can be read."""
        if "error_type" in fields:
            fields["error.type"] = fields.pop("error_type")
        given = fields.pop("exc_info", None)
        error = _error_of(given) if given else None
        if error is not None:
            stack = "".join(traceback.format_exception(error))
            fields.setdefault("error.type", type(error).__qualname__)
            fields["error.message"] = self._redactor.text(str(error))[:MAX_MESSAGE_CHARACTERS]
            fields["error.stack"] = self._redactor.text(stack)[-MAX_STACK_CHARACTERS:]


def _error_of(given: object) -> BaseException | None:
    match given:
        case BaseException():
            return given
        case (_, BaseException() as error, _):
            return error
        case _:
            return sys.exception()


class _Bridge(logging.Handler):
    """Takes records of the standard library's logging over."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        self._logger.log(
            _level_of(record), "LIBRARY_LOG", logger=record.name, message=_message_of(record), exc_info=record.exc_info
        )


def _level_of(record: logging.LogRecord) -> int:
    known = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO)
    return next((level for level in known if record.levelno >= level), logging.DEBUG)


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # the caller's placeholders and arguments do not fit
        return str(record.msg)
