from __future__ import annotations

import asyncio
from typing import Any

import pytest

from botflight_diagnostics.findings import FindingSpec, Severity
from botflight_diagnostics.mutes import LONGEST_MS, MuteRefused, Mutes, MutesInMemory
from botflight_diagnostics.preflight import Preflight, Section
from botflight_diagnostics.prometheus import PreflightMetrics
from botflight_diagnostics.report import Checked, Finding, Mute, Result, Status

BAD = FindingSpec(
    code="T_BAD", severity=Severity.CRITICAL, meaning="m.", impact="i.", how_to_fix="mend it", no_alert="a test"
)
HOUR_MS = 3_600_000


class Subject:
    """Something that is looked at: so many parts of it are bad."""

    def __init__(self, clock: Any, telemetry: Any, book: Any = None) -> None:
        self.bad = 0
        self.size: int | None = None
        self.clock = clock
        self.book = book or MutesInMemory()
        self.runner = Preflight(
            [
                Section(name="first", check=self.look, on_error="T_BAD", on_timeout="T_BAD"),
                Section(
                    name="second", check=self.look_at_nothing, on_error="T_BAD", on_timeout="T_BAD", needs=("first",)
                ),
            ],
            [BAD],
            clock=clock,
            mutes=Mutes(self.book, log=telemetry.logs.logger("diagnostics")),
            on_report=PreflightMetrics(telemetry.metrics, [BAD]),
        )

    @property
    def now_ms(self) -> int:
        return int(self.clock.now_ns // 1_000_000)

    async def look(self) -> Checked:
        finding = Finding(code="T_BAD", observed=self.bad, expected=0, affected_count=self.bad, size=self.size)
        return Checked(details="looked", findings=(finding,) if self.bad else ())

    async def look_at_nothing(self) -> Checked:
        return Checked(details="nothing")

    async def mute(self, **options: Any) -> Mute:
        given: dict[str, Any] = {"until_ms": self.now_ms + HOUR_MS, "reason": "known since Monday"}
        return await self.runner.mute("T_BAD", **given | options)

    async def result(self) -> Result:
        return (await self.runner.report(fresh=True)).result


@pytest.fixture
def subject(clock, telemetry):
    return Subject(clock, telemetry)


async def test_a_muted_finding_does_not_count(subject, telemetry):
    """Neither in the result nor in what is to be fixed nor in the metric; yet it is shown, with its mute."""
    subject.bad = 3

    mute = await subject.mute()

    payload = subject.runner.last.payload()
    assert (payload["result"], payload["how_to_fix"]) == ("READY", [])
    assert payload["sections"]["first"]["findings"][0]["muted"]
    assert payload["mutes"] == [mute.payload()]
    assert telemetry.sample("botflight_preflight_findings", code="T_BAD") == 0
    assert telemetry.sample("botflight_preflight_muted", report="billing") == 1


async def test_a_muted_failure_holds_nothing_up(subject):
    """Sections that need a failed one run when its failure is muted."""
    subject.bad = 3
    await subject.mute()

    report = await subject.runner.report(fresh=True)

    assert [section.status for section in report.sections] == [Status.OK, Status.OK]


async def test_a_mute_ends(subject):
    """After its end the finding counts as before."""
    subject.bad = 3
    await subject.mute()

    subject.clock.pass_ms(HOUR_MS)

    assert await subject.result() is Result.FAIL
    assert await subject.runner.muted() == ()


async def test_a_mute_is_lifted_when_it_gets_worse(subject, telemetry):
    """More than was known counts at once, and less again does not bring the mute back."""
    subject.bad = 3
    await subject.mute()

    subject.bad = 4
    worse = await subject.result()
    await asyncio.sleep(0)
    subject.bad = 3
    better = await subject.result()

    assert (worse, better) == (Result.FAIL, Result.FAIL)
    assert telemetry.events("PREFLIGHT_UNMUTED")[0]["reason"] == "WORSE"


async def test_what_is_not_worse_by_number_may_be_worse_by_size(subject):
    """A finding with a size of its own is muted up to that."""
    subject.bad, subject.size = 1, 100
    mute = await subject.mute()

    subject.size = 101

    assert (mute.up_to, await subject.result()) == (100, Result.FAIL)


async def test_who_only_looks_lifts_nothing(clock, telemetry):
    """A command that looks beside the service leaves the mutes as they are."""
    subject = Subject(clock, telemetry)
    subject.bad = 3
    await subject.mute()
    section = Section(name="first", check=subject.look, on_error="T_BAD", on_timeout="T_BAD")
    looking = Preflight([section], [BAD], clock=clock, mutes=Mutes(subject.book, lifts=False))

    subject.bad = 4
    report = await looking.report()
    await asyncio.sleep(0)

    assert (report.result, len(await subject.book.mutes())) == (Result.FAIL, 1)


async def test_a_mute_is_taken_back(subject):
    """Who takes it back is told whether there was one."""
    subject.bad = 3
    await subject.mute()

    dropped = [await subject.runner.unmute("T_BAD") for _ in range(2)]

    assert (dropped, subject.runner.last.result) == ([True, False], Result.FAIL)


async def test_what_is_not_found_now_is_muted_up_to_a_number(subject):
    """Before a known work one says how much it will affect."""
    with pytest.raises(MuteRefused, match="up_to") as refused:
        await subject.mute()
    await subject.mute(up_to=5)

    subject.bad = 5

    assert (refused.value.code, await subject.result()) == ("NOT_FOUND_NOW", Result.READY)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "  "}, "NO_REASON"),
        ({"reason": "x" * 501}, "NO_REASON"),
        ({"until_ms": 0}, "BAD_END"),
        ({"until_ms": 1_790_000_000_000 + LONGEST_MS + 1}, "BAD_END"),
    ],
)
async def test_a_mute_has_a_reason_and_an_end(subject, changes, code):
    """What would hide a finding without a word, or for good, is refused."""
    subject.bad = 1

    with pytest.raises(MuteRefused) as refused:
        await subject.mute(**changes)

    assert (refused.value.code, await subject.book.mutes()) == (code, ())


async def test_an_unknown_code_is_refused(subject):
    """Nobody mutes what there is not."""
    with pytest.raises(MuteRefused) as refused:
        await subject.runner.mute("T_NOTHING", until_ms=subject.now_ms + 1, reason="x", up_to=1)

    assert refused.value.code == "UNKNOWN_CODE"


async def test_mutes_of_other_preflights_are_left_alone(subject):
    """Several share a book; each heeds those of its own findings."""
    await subject.book.keep_mute(Mute(code="X_OTHER", until_ms=subject.now_ms + 9, reason="x", up_to=1, set_at_ms=0))

    assert (await subject.runner.report()).mutes == ()


class Frozen(MutesInMemory):
    """A book that does not answer any more, once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = self.broken = False
        self.asked = 0

    async def mutes(self) -> tuple[Mute, ...]:
        self.asked += 1
        if self.broken:
            raise OSError("a secret of the store")
        while self.frozen:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)  # as stubborn as a driver may be
                raise
        return tuple(await super().mutes())


@pytest.fixture
def frozen(clock, telemetry, monkeypatch):
    monkeypatch.setattr("botflight_diagnostics.mutes.BOOK_LIMIT_MS", 5)
    return Subject(clock, telemetry, Frozen())


@pytest.mark.parametrize("how", ["frozen", "broken"])
async def test_a_book_that_does_not_answer_holds_with_what_it_said_last(frozen, telemetry, how):
    """Nobody waits for it beyond its limit, and a mute does not end because its book is away."""
    frozen.bad = 3
    await frozen.mute()

    setattr(frozen.book, how, True)
    result = await frozen.result()

    assert result is Result.READY
    assert len(telemetry.events("PREFLIGHT_MUTES_UNREAD")) >= 1


async def test_mutes_are_told(subject, telemetry):
    """Each mute, and each end of one by somebody's will, is a line that says why."""
    subject.bad = 3
    await subject.mute()
    await subject.runner.unmute("T_BAD")

    (muted,), (unmuted,) = telemetry.events("PREFLIGHT_MUTED"), telemetry.events("PREFLIGHT_UNMUTED")
    assert (muted["code"], muted["up_to"], muted["reason"]) == ("T_BAD", 3, "known since Monday")
    assert unmuted["reason"] == "ASKED"
