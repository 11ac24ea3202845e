import asyncio

import pytest

from botflight_diagnostics.telemetry import Redactor, Telemetry, TraceContext, Tracer, current_span
from botflight_diagnostics.telemetry.traces import MAX_SPANS, exemplar


@pytest.fixture
def exported():
    return []


@pytest.fixture
def unsampled(exported, clock):
    """A tracer that exports what must be, and nothing by ratio."""
    return Tracer(export=lambda _, spans: exported.extend(spans), ratio=0, clock=clock)


def test_spans_are_exported_as_a_tree(telemetry):
    """The spans of an update share a trace, and each names the one above it."""
    with telemetry.tracer.root("POST /webhook", kind="server"):
        with telemetry.tracer.span("process message"), telemetry.tracer.span("telegram/sendMessage", kind="client"):
            pass
        with telemetry.tracer.span("COMMIT"):
            pass

    webhook, process, send, commit = telemetry.spans()
    assert webhook.parent is None
    assert process.parent.span_id == webhook.context.span_id
    assert send.parent.span_id == process.context.span_id
    assert commit.parent.span_id == webhook.context.span_id
    assert len({span.context.trace_id for span in telemetry.spans()}) == 1


def test_a_span_is_dated_by_the_wall_clock(telemetry, clock):
    """Beginning and end are wall times in nanoseconds."""
    begin_ns = clock.now_ns

    with telemetry.tracer.root("work"):
        clock.pass_ms(5)

    (span,) = telemetry.spans()
    assert (span.start_time, span.end_time) == (begin_ns, begin_ns + 5_000_000)


def test_an_error_marks_its_span(telemetry):
    """A span that an exception leaves has its class as `error.type`; the exception goes on."""
    with pytest.raises(KeyError), telemetry.tracer.root("work"):
        raise KeyError("lost")

    (span,) = telemetry.spans()
    assert span.attributes["error.type"] == "KeyError"
    assert span.status.status_code.name == "ERROR"


def test_a_span_without_error_has_no_error_type(telemetry):
    """`error.type` is absent on success."""
    with telemetry.tracer.root("work"):
        pass

    assert "error.type" not in telemetry.spans()[0].attributes


def test_a_trace_outside_the_ratio_is_not_exported(unsampled, exported):
    """At ratio 0 an ordinary trace stays at home."""
    with unsampled.root("work"):
        pass

    assert exported == []


def test_a_failed_trace_is_always_exported(unsampled, exported):
    """One failed span brings its whole trace out."""
    with unsampled.root("work"), unsampled.span("call") as span:
        span.fail("TIMEOUT")

    assert [span.name for span in exported] == ["work", "call"]


def test_a_swallowed_error_is_exported(unsampled, exported):
    """An exception that leaves a child and is handled above it still brings the trace out."""
    with unsampled.root("work"), pytest.raises(KeyError), unsampled.span("call"):
        raise KeyError

    assert len(exported) == 2


def test_a_slow_trace_is_always_exported(unsampled, exported, clock):
    """A root of one second or more brings its trace out."""
    with unsampled.root("work"):
        clock.pass_ms(1000)

    assert len(exported) == 1


def test_a_quick_trace_is_not_slow(unsampled, exported, clock):
    """Just under one second is not slow."""
    with unsampled.root("work"):
        clock.pass_ms(999)

    assert exported == []


def test_half_of_the_traces_are_sampled_at_a_ratio_of_a_half(exported):
    """The ratio is that of the traces exported."""
    tracer = Tracer(export=lambda _, spans: exported.extend(spans), ratio=0.5)

    for _ in range(1000):
        with tracer.root("work"):
            pass

    assert 400 < len(exported) < 600


def test_a_remote_parent_that_was_sampled_is_followed(exported):
    """A trace that goes on in this process is exported with its beginning, whatever the ratio."""
    tracer = Tracer(export=lambda _, spans: exported.extend(spans), ratio=1e-9)
    parent = TraceContext(2**128 - 1, 7, sampled=True)

    with tracer.root("callback", parent=parent):
        pass

    (span,) = exported
    assert (span.trace.trace_id, span.parent_id) == (2**128 - 1, 7)


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_a_ratio_outside_its_range_is_refused(ratio):
    """A ratio is between 0 and 1."""
    with pytest.raises(ValueError, match="ratio"):
        Tracer(ratio=ratio)


def test_spans_beyond_the_limit_are_counted(exported):
    """A trace keeps so many spans; the others work, and are told as dropped."""
    dropped = []
    tracer = Tracer(export=lambda _, spans: exported.extend(spans), on_drop=dropped.append)

    with tracer.root("work"):
        for _ in range(MAX_SPANS + 2):
            with tracer.span("call") as span:
                assert current_span() is span

    assert (len(exported), dropped) == (MAX_SPANS, [3])


async def test_work_that_outlives_its_update_begins_a_linked_trace(telemetry):
    """A background task's span after the root's end is a root of its own, with a link to the old trace."""
    over = asyncio.Event()

    async def background():
        await over.wait()
        with telemetry.tracer.span("kie/getTask"):
            pass

    with telemetry.tracer.root("process message"):
        task = asyncio.create_task(background())
    over.set()
    await task

    process, poll = telemetry.spans()
    assert poll.parent is None
    assert poll.context.trace_id != process.context.trace_id
    assert poll.links[0].context.trace_id == process.context.trace_id


async def test_a_span_that_ends_after_its_root_is_exported_alone(telemetry):
    """What began in time and ended late still joins its trace."""
    over = asyncio.Event()

    async def background():
        with telemetry.tracer.span("telegram/sendMessage"):
            await over.wait()

    with telemetry.tracer.root("process message"):
        task = asyncio.create_task(background())
        await asyncio.sleep(0)
    assert [span.name for span in telemetry.spans()] == ["process message"]
    over.set()
    await task

    process, send = telemetry.spans()
    assert send.parent.span_id == process.context.span_id


async def test_tasks_side_by_side_keep_their_spans_apart(telemetry):
    """Each of two tasks sees its own span above its next one."""

    async def work(name):
        with telemetry.tracer.span(name) as outer:
            await asyncio.sleep(0)
            with telemetry.tracer.span("inner") as inner:
                return inner.parent_id == outer.span_id

    with telemetry.tracer.root("process message"):
        results = await asyncio.gather(work("a"), work("b"))

    assert results == [True, True]


def test_what_comes_of_a_trace_goes_on_in_it(telemetry):
    """Minutes after its end, and from what a row kept of it."""
    with telemetry.tracer.root("process message") as span:
        kept = str(span.context)

    with telemetry.tracer.root("generate", cause=TraceContext.parse(kept)) as later:
        pass

    assert (later.trace.trace_id, later.parent_id, later.link) == (span.trace.trace_id, span.span_id, None)


@pytest.mark.parametrize(("passed_ms", "linked"), [(900_000, False), (901_000, True)], ids=["just", "too late"])
def test_what_comes_too_late_is_linked(exported, clock, passed_ms, linked):
    """After a quarter of an hour nobody waits for the rest of a trace."""
    tracer = Tracer(export=lambda _, spans: exported.extend(spans), clock=clock)
    with tracer.root("process message") as span:
        cause = span.context
    clock.pass_ms(passed_ms)

    with tracer.root("generate", cause=cause) as later:
        pass

    assert (later.link == cause, later.parent_id == span.span_id) == (linked, not linked)


def test_what_comes_of_an_unsampled_trace_is_linked(unsampled):
    """It may be exported itself, being slow; a part of a trace whose beginning is nowhere would be of no use."""
    with unsampled.root("process message") as span:
        cause = span.context

    with unsampled.root("generate", cause=cause) as later:
        pass

    assert (later.link, later.parent_id) == (cause, None)


def test_a_link_is_exported(telemetry):
    """A root that names what led to it carries the link."""
    with telemetry.tracer.root("deliver", link=TraceContext(5, 6)):
        pass

    assert telemetry.spans()[0].links[0].context.span_id == 6


def test_a_trace_context_survives_its_text():
    """`traceparent` is written and read without loss."""
    context = TraceContext(0xAB, 0xCD, sampled=False)

    assert TraceContext.parse(str(context)) == context


@pytest.mark.parametrize("text", [None, "", "00-xyz", f"00-{0:032x}-{1:016x}-01", f"ff-{1:032x}-{1:016x}-01"])
def test_what_is_no_traceparent_is_none(text):
    """A foreign header that is wrong is left aside."""
    assert TraceContext.parse(text) is None


def test_an_exemplar_names_an_exported_trace(telemetry):
    """Within a trace that will be exported the exemplar is its id."""
    with telemetry.tracer.root("work") as span:
        assert exemplar() == {"trace_id": span.trace.hex}


def test_no_exemplar_names_a_trace_that_may_stay_at_home(unsampled):
    """Within an unsampled trace there is no exemplar."""
    with unsampled.root("work"):
        assert exemplar() is None


def test_no_exemplar_without_an_exporter():
    """When nothing is exported no trace can be looked up, failed or not."""
    tracer = Tracer()

    with tracer.root("work") as span:
        span.fail("TIMEOUT")
        assert exemplar() is None


def test_every_trace_is_told_exported_or_not():
    """Whoever looks from inside gets all traces, and a span that outlives its root as well."""
    told = []
    tracer = Tracer(on_end=lambda _, spans: told.append([span.name for span in spans]))

    with tracer.root("work"), tracer.span("inner"):
        late = tracer.span("late")
    with late:
        pass

    assert told == [["work", "inner", "late"], ["late"]]


def test_no_secret_reaches_a_span():
    """Attributes are cleaned before they are exported."""
    telemetry = Telemetry.for_tests(redactor=Redactor(["hunter22"]))
    with telemetry.tracer.root("work", attributes={"url": "http://x/hunter22", "size": 3}):
        pass

    assert telemetry.spans()[0].attributes == {"url": "http://x/[redacted]", "size": 3}
