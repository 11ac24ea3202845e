import asyncio
import io
import logging

import orjson
import pytest
from prometheus_client import CollectorRegistry

from botflight_diagnostics.telemetry import (
    Correlation,
    Logs,
    Metrics,
    Redactor,
    Telemetry,
    TickWriter,
    bind,
    console_line,
    correlation_id_of,
    stream_writer,
)
from botflight_diagnostics.telemetry.lines import MAX_LINE_BYTES
from botflight_diagnostics.telemetry.logs import MAX_TICK_BYTES

IDENTITY = ["timestamp_ms", "level", "event", "logger", "service", "version"]


@pytest.fixture
def library():
    """The logger of some library, heard by nobody else."""
    logger = logging.getLogger("botflight-test-library")
    logger.propagate = False
    return logger


def test_a_line_is_one_json_object(telemetry):
    """A line begins with what every line has, goes on with the event's own fields and ends in a line break."""
    telemetry.logs.logger("bot").info("READY", startup_ms=3)

    (line,) = telemetry.lines
    assert line.endswith(b"}\n")
    assert list(orjson.loads(line)) == [*IDENTITY, "startup_ms"]


def test_a_line_has_exactly_the_fields_of_the_contract(telemetry):
    """Within an update a line has the design's fields under their names, in their order."""
    correlation = Correlation(
        correlation_id=correlation_id_of(1, 2),
        update_id=2,
        update_type="message",
        tenant_ref="p***01",
        user_ref="u_1",
        handler="menu",
    )

    with bind(correlation), telemetry.tracer.root("process message"):
        telemetry.logs.logger("bot").error(
            "UPDATE_DONE", duration_ms=1.5, outcome="HANDLER_FAILED", error_type="KeyError"
        )

    (line,) = telemetry.events()
    assert sorted(line) == sorted(
        [
            *IDENTITY,
            *["correlation_id", "trace_id", "span_id", "update_id", "update_type", "handler", "tenant_ref", "user_ref"],
            *["duration_ms", "outcome", "error.type"],
        ]
    )


def test_a_line_names_the_innermost_span(telemetry):
    """The span of a line is the one that is open where it is written, in the trace that will be exported."""
    with telemetry.tracer.root("POST /webhook"), telemetry.tracer.span("handler menu"):
        telemetry.logs.logger("bot").info("main_render")

    (line,) = telemetry.events()
    (span,) = telemetry.spans("handler menu")
    assert (line["trace_id"], line["span_id"]) == (f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}")


def test_a_line_keeps_the_trace_of_its_correlation_where_no_span_is_open(telemetry):
    """Background work without a span still names the trace that it comes from."""
    with bind(Correlation(correlation_id=correlation_id_of(1, 2), trace_id="ab" * 16)):
        telemetry.logs.logger("bot").info("ATTEMPT_MOVED")

    assert telemetry.events()[0]["trace_id"] == "ab" * 16


def test_an_exception_is_told_by_type_text_and_stack(telemetry):
    """The error's class is `error.type`; its text and where it was raised follow."""
    try:
        {}["lost"]
    except KeyError:
        telemetry.logs.logger("bot").exception("HANDLER_FAILED")

    (line,) = telemetry.events()
    assert (line["level"], line["error.type"], line["error.message"]) == ("error", "KeyError", "'lost'")
    assert '{}["lost"]' in line["error.stack"]


def test_no_secret_reaches_a_line():
    """A secret is taken out of fields, nested values, keys and exception text alike."""
    telemetry = Telemetry.for_tests(redactor=Redactor(["hunter22"]))
    try:
        int("hunter22")
    except ValueError:
        telemetry.logs.logger("bot").exception("HANDLER_FAILED", text="hunter22", nested={"hunter22": ["hunter22"]})

    (line,) = telemetry.lines
    assert b"hunter22" not in line
    assert line.count(b"[redacted]") == 6
    assert orjson.loads(line)


@pytest.mark.parametrize("before", [980, 990, 999])
def test_no_half_of_a_secret_is_left_by_cutting(before):
    """A secret that stands where a text is cut is taken out before, in fields and in errors."""
    secret = "correct-horse-battery-staple"
    telemetry = Telemetry.for_tests(redactor=Redactor([secret]))
    text = "." * before + secret + "." * 20_000

    telemetry.logs.logger("bot").error("HANDLER_FAILED", text=text, exc_info=ValueError(text))

    (line,) = telemetry.lines
    assert b"corr" not in line.replace(b"correlation", b"")


def test_lines_below_the_level_are_left_out():
    """A logger writes from its level upwards."""
    lines: list[bytes] = []
    logger = Logs(lines.append, service="s", version="1", level="warning").logger("x")

    logger.info("READY")
    logger.warning("WEBHOOK_REFUSED")

    assert [orjson.loads(line)["event"] for line in lines] == ["WEBHOOK_REFUSED"]


@pytest.mark.parametrize("value", ["half \ud83d of a pair", 2**70, {1: object()}, {"bytes": b"x"}, float("nan")])
def test_any_value_can_be_logged(telemetry, value):
    """What JSON cannot write never fails the update that logs it."""
    telemetry.logs.logger("bot").info("user_action", action=value)

    assert telemetry.events()[0]["event"] == "user_action"


def test_a_value_whose_text_raises_can_be_logged(telemetry):
    """A broken `__str__` costs its text, not the line."""

    class Broken:
        def __str__(self):
            raise RuntimeError

    telemetry.logs.logger("bot").info("user_action", action=Broken(), outcome="OK")

    assert telemetry.events()[0]["outcome"] == "OK"


@pytest.mark.parametrize(
    "fields",
    [{"text": "я" * 50_000}, {"many": ["x" * 100] * 1000}, {f"field{number}": "x" * 900 for number in range(50)}],
)
def test_a_line_is_never_longer_than_collectors_take(telemetry, fields):
    """Long fields are cut; who wrote the line stays to be read."""
    telemetry.logs.logger("bot").info("user_action", **fields)

    (line,) = telemetry.lines
    assert len(line) <= MAX_LINE_BYTES
    assert orjson.loads(line)["event"] == "user_action"


def test_a_closed_stream_costs_a_counted_line():
    """When nobody reads any more the work goes on, and the lost lines are counted."""
    metrics = Metrics(CollectorRegistry(), service="s", version="1")
    stream = io.BytesIO()
    stream.close()
    logs = Logs(
        stream_writer(stream),
        service="s",
        version="1",
        on_drop=lambda number: metrics.telemetry_dropped.add("logs", by=number),
    )

    logs.logger("x").info("READY")

    assert metrics.registry.get_sample_value("botflight_telemetry_dropped_total", {"signal": "logs"}) == 1


def test_a_stream_gets_each_line_at_once():
    """A stream is flushed after every line, so that none is lost with the process."""
    raw = io.BytesIO()
    stream = io.BufferedWriter(raw)

    Logs(stream_writer(stream), service="s", version="1").logger("x").info("READY")

    assert b"READY" in raw.getvalue()


def test_library_records_become_lines(telemetry, library):
    """What a library logs is written under its name with its level."""
    with telemetry.logs.bridged(root=library, quiet=()):
        library.warning("slow %s", "query")

    (line,) = telemetry.events("LIBRARY_LOG")
    assert (line["logger"], line["level"], line["message"]) == (library.name, "warning", "slow query")


def test_library_records_with_wrong_arguments_become_lines(telemetry, library):
    """A library's mistake in its own logging harms nobody."""
    with telemetry.logs.bridged(root=library, quiet=()):
        library.error("%s and %s", "one")

    assert telemetry.events()[0]["message"] == "%s and %s"


def test_talkative_libraries_are_heard_from_warning_on(telemetry, library):
    """A library such as httpx writes whole URLs at INFO, the token among them: it is not heard there."""
    with telemetry.logs.bridged(root=library, quiet=[library.name]):
        library.info("GET /bot1:secret/getMe")
        library.warning("retry")

    assert [line["message"] for line in telemetry.events()] == ["retry"]


def test_the_bridge_leaves_no_trace(telemetry):
    """Handlers and levels are as before when the bridge is gone."""
    root = logging.getLogger()
    before = (root.handlers[:], logging.getLogger("httpx").level)

    with telemetry.logs.bridged():
        pass

    assert (root.handlers[:], logging.getLogger("httpx").level) == before


def test_a_terminal_gets_the_same_fields():
    """For a person the event comes first and ids are short; what a user wrote cannot move the cursor."""
    lines: list[bytes] = []
    logger = Logs(lines.append, service="s", version="1", render=console_line).logger("x")

    logger.warning("user_action", action="a\x1b[2Jb", correlation_id="0123456789abcdef", count=3)

    (line,) = lines
    plain = line.decode()
    assert "user_action" in plain
    assert "01234567" in plain
    assert "012345678" not in plain
    assert "\x1b[2J" not in plain
    assert plain.endswith("3\n")


class Stream(io.BytesIO):
    """A stream that counts how often it is written to."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def write(self, data) -> int:
        self.writes += 1
        return super().write(data)


async def test_the_lines_of_one_turn_of_the_loop_are_written_together():
    """Three lines of one update are one write, in their order, and it comes with the next turn."""
    stream = Stream()
    writer = TickWriter(stream)

    for line in (b"one\n", b"two\n", b"three\n"):
        writer(line)
    before = stream.writes
    await asyncio.sleep(0)

    assert (before, stream.writes) == (0, 1)
    assert stream.getvalue() == b"one\ntwo\nthree\n"


def test_without_a_loop_a_line_is_written_at_once():
    """What is logged before the start and after the end does not wait for a turn that never comes."""
    stream = Stream()

    TickWriter(stream)(b"one\n")

    assert stream.getvalue() == b"one\n"


async def test_a_turn_that_says_too_much_does_not_wait_for_its_end():
    """What waits in memory has a limit."""
    stream = Stream()
    writer = TickWriter(stream)

    writer(b"x" * MAX_TICK_BYTES)

    assert stream.writes == 1


async def test_lines_that_the_stream_does_not_take_are_counted():
    """A closed pipe is no failure of the update that logs, and it is not hidden either."""
    stream, dropped = Stream(), []
    writer = TickWriter(stream)
    writer.on_drop = dropped.append
    stream.close()

    writer(b"one\n")
    writer(b"two\n")
    await asyncio.sleep(0)

    assert dropped == [2]


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "a-secret-of-some-length"},
        {"a-secret-of-some-length": "show"},
        {"action": "show", "correlation_id": "a-secret-of-some-length"},
        {"action": ["a-secret-of-some-length"]},
        {"action": "show", "error_type": "a-secret-of-some-length"},
    ],
)
def test_a_line_after_many_without_a_secret_is_looked_at_again(fields):
    """What was clean before says nothing of what comes next, be it a value, a name or a part of either."""
    lines = []
    logs = Logs(lines.append, service="s", version="0", redactor=Redactor(["a-secret-of-some-length"]))
    for _ in range(3):
        logs.logger("x").info("user_action", action="show", correlation_id="1", error_type="E")

    logs.logger("x").info("user_action", **fields)

    assert b"a-secret-of" not in lines[-1]


def test_a_number_that_is_a_secret_reaches_no_line():
    """A token of digits alone is found also where it is logged as a number."""
    lines = []
    logs = Logs(lines.append, service="s", version="0", redactor=Redactor(["8402918374"]))
    for number in (1, 2, 8402918374):
        logs.logger("x").info("MESSAGE_SENT", message_id=number)

    assert b"8402918374" not in b"".join(lines)
