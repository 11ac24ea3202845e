import asyncio

import pytest

from botflight_diagnostics.findings import FindingSpec, Severity
from botflight_diagnostics.preflight import Preflight, Section
from botflight_diagnostics.report import Checked, Finding, Result, Status, TransientError

ERROR = FindingSpec(
    code="T_ERROR", severity=Severity.CRITICAL, meaning="m.", impact="i.", how_to_fix="mend it", no_alert="a test"
)
LATE = FindingSpec(
    code="T_LATE", severity=Severity.WARNING, meaning="m.", impact="i.", how_to_fix="wait", no_alert="a test"
)


async def fine():
    return Checked(details="ok", meta={"count": 3})


async def hanging():
    await asyncio.Event().wait()


async def failing():
    raise KeyError("a secret of the store")


def found(code="T_ERROR", affected_count=1):
    async def check():
        finding = Finding(code=code, observed=1, expected=0, affected_count=affected_count, sample=("u_1",))
        return Checked(details="bad", findings=(finding,))

    return check


def section(name="a", check=fine, **options):
    return Section(name=name, check=check, on_error="T_ERROR", on_timeout="T_LATE", **options)


async def no_pause(_seconds):
    await asyncio.sleep(0)


def preflight(*sections, **options):
    return Preflight(sections, [ERROR, LATE], **{"pause": no_pause, **options})


async def test_all_is_well():
    """When every section is well the result is READY and there is nothing to fix."""
    report = await preflight(section("a"), section("b")).report()

    assert [(section.name, section.status) for section in report.sections] == [("a", Status.OK), ("b", Status.OK)]
    assert (report.result, report.how_to_fix) == (Result.READY, ())


async def test_what_a_check_tells_is_in_the_payload():
    """Details and values of a check are told beside how long it took."""
    payload = (await preflight(section()).report()).payload()["sections"]["a"]

    assert (payload["status"], payload["details"], payload["attempts"]) == ("OK", "ok", 1)
    assert payload["meta"].keys() == {"count", "query_status", "query_latency_ms", "latency_ms", "lat_ms"}


async def test_sections_run_side_by_side():
    """Two checks that wait for each other both come to their end."""
    met = asyncio.Barrier(2)

    async def meet():
        await met.wait()
        return Checked(details="met")

    report = await preflight(section("a", meet), section("b", meet)).report()

    assert report.result is Result.READY


async def test_a_failed_section_leaves_its_neighbours_alone():
    """An error in one section is a finding there and nothing elsewhere."""
    report = await preflight(section("a", failing), section("b")).report()

    assert [section.status for section in report.sections] == [Status.FAIL, Status.OK]
    assert report.result is Result.FAIL


async def test_the_text_of_an_error_is_not_shown():
    """The report names the class of an error, its text goes to the log alone."""
    payload = (await preflight(section("a", failing)).report()).payload()

    assert payload["sections"]["a"]["observed"] == "KeyError"
    assert "a secret of the store" not in str(payload)


async def test_the_error_is_logged(telemetry):
    """Who is to mend it finds the error in the log."""
    await preflight(section("a", failing), log=telemetry.logs.logger("preflight")).report()

    (line,) = telemetry.events("PREFLIGHT_SECTION_FAILED")
    assert (line["section"], line["error.type"]) == ("a", "KeyError")


async def test_a_warning_degrades_the_result():
    """A finding of severity warning makes DEGRADED, not FAIL."""
    report = await preflight(section("a", found("T_LATE"))).report()

    assert report.result is Result.DEGRADED


async def test_the_worst_status_wins():
    """A warning beside a critical finding makes FAIL, and what is critical is to be fixed first."""
    report = await preflight(section("a", found("T_LATE")), section("b", found("T_ERROR"))).report()

    assert report.result is Result.FAIL
    assert report.how_to_fix == ("T_ERROR: mend it", "T_LATE: wait")


async def test_a_finding_is_told_with_what_the_catalogue_knows():
    """The worst finding stands in its section: seen, wanted, affected, and what it does to users."""
    payload = (await preflight(section("a", found(affected_count=7))).report()).payload()["sections"]["a"]

    assert {name: payload[name] for name in ("code", "observed", "expected", "affected_count", "sample")} == {
        "code": "T_ERROR",
        "observed": 1,
        "expected": 0,
        "affected_count": 7,
        "sample": ["u_1"],
    }
    assert (payload["impact"], payload["runbook"]) == ("i.", "docs/runbooks/T_ERROR.md")
    assert payload["findings"][0]["how_to_fix"] == "mend it"


async def test_a_check_past_its_deadline_is_a_finding():
    """A check that hangs ends at its deadline, its neighbours are told."""
    report = await preflight(section("a", hanging, deadline_ms=5), section("b")).report()

    assert [section.status for section in report.sections] == [Status.DEGRADED, Status.OK]
    assert report.sections[0].meta["query_status"] == "TIMEOUT"


async def test_a_check_past_its_deadline_is_told_to_let_go():
    """A check that hangs is cancelled, so that it can end its connection."""
    let_go = []

    async def patient():
        try:
            await asyncio.Event().wait()
        finally:
            let_go.append(True)

    await preflight(section("a", patient, deadline_ms=5)).report()
    await asyncio.sleep(0)

    assert let_go == [True]


async def test_a_check_that_ignores_its_cancellation_is_not_waited_for():
    """A server that holds on to its client costs the deadline and no more; there is never a second such check."""
    let_go = asyncio.Event()
    begun = []

    async def stubborn():
        begun.append(1)
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return Checked(details="late")

    runner = preflight(section("a", stubborn, deadline_ms=5))
    await runner.report()
    again = await runner.report(fresh=True)
    assert (again.sections[0].meta["query_status"], len(begun)) == ("TIMEOUT", 1)

    let_go.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    recovered = await runner.report(fresh=True)
    assert (recovered.sections[0].details, len(begun)) == ("late", 2)


async def test_the_deadline_of_all_cuts_off_what_is_left():
    """Sections that wait for one another end with the deadline of all."""
    runner = preflight(section("a", hanging), section("b", needs=("a",)), deadline_ms=5)

    report = await runner.report()

    assert [section.meta["query_status"] for section in report.sections] == ["TIMEOUT", "TIMEOUT"]


async def test_a_section_that_needs_a_failed_one_is_skipped():
    """What cannot be known is skipped with the reason, not failed again, and so is what needs that."""
    runner = preflight(section("a", failing), section("b", needs=("a",)), section("c", needs=("b",)))

    report = await runner.report()

    assert [section.status for section in report.sections] == [Status.FAIL, Status.SKIPPED, Status.SKIPPED]
    assert [section.details for section in report.sections[1:]] == ["skipped: a failed", "skipped: b failed"]


async def test_a_section_that_needs_a_degraded_one_runs():
    """A warning is no reason to look no further."""
    report = await preflight(section("a", found("T_LATE")), section("b", needs=("a",))).report()

    assert report.sections[1].status is Status.OK


@pytest.mark.parametrize("error", [TransientError(), ConnectionResetError(), TimeoutError()])
async def test_what_may_pass_is_tried_again(error):
    """A transient error is retried, and the tries are counted."""
    errors = [error, error]

    async def flaky():
        if errors:
            raise errors.pop()
        return Checked(details="ok")

    report = await preflight(section("a", flaky)).report()

    assert (report.result, report.sections[0].attempts) == (Result.READY, 3)


async def test_retries_have_an_end():
    """What does not pass is a finding after the last try."""

    async def broken():
        raise TransientError

    report = await preflight(section("a", broken, retries=1)).report()

    assert (report.result, report.sections[0].attempts) == (Result.FAIL, 2)


async def test_other_errors_are_not_tried_again():
    """An error that will not pass by itself costs one try."""
    report = await preflight(section("a", failing)).report()

    assert report.sections[0].attempts == 1


async def test_a_check_that_gives_up_by_itself_timed_out():
    """A driver's own time limit counts as no answer in time."""

    async def gives_up():
        raise TimeoutError

    report = await preflight(section("a", gives_up, retries=0)).report()

    assert report.sections[0].judged[0].spec is LATE


async def test_a_finding_that_nobody_knows_is_an_error_of_its_section():
    """A check that names a code outside the catalogue fails there, not the report."""
    report = await preflight(section("a", found("T_UNKNOWN")), section("b")).report()

    assert [section.status for section in report.sections] == [Status.FAIL, Status.OK]


async def test_a_report_is_good_for_a_while(clock):
    """Within the time of the cache nobody asks the store again."""
    runner = preflight(section(), clock=clock)
    first = await runner.report()

    clock.pass_ms(4999)

    assert await runner.report() is first
    assert runner.age_ms == 4999


async def test_an_old_report_is_made_anew(clock):
    """After the time of the cache the store is asked again."""
    runner = preflight(section(), clock=clock)
    first = await runner.report()

    clock.pass_ms(5000)

    assert await runner.report() is not first


async def test_a_fresh_report_is_made_now(clock):
    """Who asks for a fresh report does not get the kept one."""
    runner = preflight(section(), clock=clock)
    first = await runner.report()

    assert await runner.report(fresh=True) is not first


async def test_who_asks_together_gets_the_same_report():
    """However many ask while a report is made, the store is asked once."""
    asked = []

    async def counted():
        asked.append(1)
        await asyncio.sleep(0)
        return Checked(details="ok")

    runner = preflight(section("a", counted))
    reports = await asyncio.gather(*(runner.report(fresh=True) for _ in range(50)))

    assert (len(asked), len({id(report) for report in reports})) == (1, 1)


async def test_a_report_anew_is_begun_after_it_was_asked_for():
    """What has just been changed shows, also when a report was being made before the change."""
    begun, gate, changed, seen = asyncio.Event(), asyncio.Event(), [], []

    async def looked():
        begun.set()
        seen.append(bool(changed))
        await gate.wait()
        return Checked(details=str(seen[-1]))

    runner = preflight(section("a", looked))
    before = asyncio.create_task(runner.report())
    await begun.wait()
    changed.append(True)
    joined, anew = asyncio.create_task(runner.report(fresh=True)), asyncio.create_task(runner.report_anew())
    await asyncio.sleep(0)
    gate.set()

    details = [(await one).sections[0].details for one in (before, joined, anew)]
    assert (details, seen) == (["False", "False", "True"], [False, True])


async def test_who_hangs_up_leaves_the_others_theirs():
    """A caller that is cancelled does not cancel the report that others wait for."""
    gate = asyncio.Event()

    async def gated():
        await gate.wait()
        return Checked(details="ok")

    runner = preflight(section("a", gated))
    impatient, patient = asyncio.create_task(runner.report()), asyncio.create_task(runner.report())
    await asyncio.sleep(0)
    impatient.cancel()
    gate.set()

    assert (await patient).result is Result.READY


async def test_each_report_is_handed_on():
    """Whoever shows reports elsewhere gets every new one once."""
    seen = []
    runner = preflight(section(), on_report=seen.append)

    report = await runner.report()
    await runner.report()

    assert seen == [report]


async def test_reports_are_repeated_until_cancelled():
    """The runner makes fresh reports by itself, with pauses."""
    seen, pauses = [], []

    async def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    runner = preflight(section(), on_report=seen.append, pause=pause)
    with pytest.raises(asyncio.CancelledError):
        await runner.repeat(every_s=30)

    assert (len(seen), pauses) == (3, [30, 30, 30])


async def test_closing_cuts_a_report_off():
    """At the end of a service no check goes on asking its store."""
    begun, let_go = asyncio.Event(), []

    async def patient():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            let_go.append(True)

    runner = preflight(section("a", patient))
    waiting = asyncio.create_task(runner.report())
    await begun.wait()
    await runner.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    assert let_go == [True]


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ([section("a"), section("a")], "two sections 'a'"),
        ([section("a", needs=("b",)), section("b")], "needs"),
        ([Section(name="a", check=fine, on_error="T_NO", on_timeout="T_LATE")], "T_NO"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(sections, words):
    """Names that are taken, needs that come later and unknown codes are told at once."""
    with pytest.raises(ValueError, match=words):
        preflight(*sections)


async def test_the_summary_tells_no_details():
    """What anybody may know is the result and the statuses."""
    report = await preflight(section("a", found())).report()

    assert report.summary(age_ms=12) == {"sections": {"a": {"status": "FAIL"}}, "result": "FAIL", "age_ms": 12}
