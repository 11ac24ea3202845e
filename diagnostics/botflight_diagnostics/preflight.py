"""Preflight: sections that run side by side, each within its deadline, and one report that says how to fix."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from botflight_diagnostics.findings import FindingSpec
from botflight_diagnostics.mutes import LONGEST_MS, MAX_REASON, MuteRefused, Mutes, MutesInMemory
from botflight_diagnostics.report import Checked, Finding, Judged, Mute, Report, SectionReport, Status, TransientError
from botflight_diagnostics.telemetry.clock import Clock, SystemClock

SECTION_DEADLINE_MS: Final = 1000.0
REPORT_DEADLINE_MS: Final = 5000.0
CACHE_MS: Final = 5000.0
MAX_RETRIES: Final = 2

#: Between two tries; doubled each time.
RETRY_PAUSE_S: Final = 0.02

Pause = Callable[[float], Awaitable[None]]


TRANSIENT: Final = (TransientError, ConnectionError, TimeoutError)


class FailureLog(Protocol):
    """Where the error of a check goes, which the report must not show."""

    def warning(self, event: str, **fields: object) -> object:
        """Write a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One question of a preflight."""

    name: str
    check: Callable[[], Awaitable[Checked]]
    #: Code of the finding when the check raises.
    on_error: str
    #: Code of the finding when it does not end in time.
    on_timeout: str
    #: Sections that must not have failed before this one begins.
    needs: tuple[str, ...] = ()
    deadline_ms: float = SECTION_DEADLINE_MS
    retries: int = MAX_RETRIES
    #: Told whatever the end.
    meta: Mapping[str, object] = field(default_factory=dict)


class Preflight:
    """Runs sections and keeps the last report.

    Sections run side by side, each for its own deadline and all for `deadline_ms`; a check past its deadline is
    cancelled and not waited for. A report is good for `cache_ms`, and who asks while one is made gets the same one.
    Findings that are in `mutes` do not count; several preflights may share them, each heeds those of its own findings.
    `on_report` is called with each new one. Errors of checks go to `log`; the report shows their codes only.
    Raises `ValueError` at once for sections and findings that do not fit together.
    """

    def __init__(
        self,
        sections: Iterable[Section],
        findings: Iterable[FindingSpec],
        *,
        clock: Clock | None = None,
        deadline_ms: float = REPORT_DEADLINE_MS,
        cache_ms: float = CACHE_MS,
        mutes: Mutes | None = None,
        log: FailureLog | None = None,
        on_report: Callable[[Report], object] = lambda _: None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.sections = tuple(sections)
        self.findings = {spec.code: spec for spec in findings}
        self.mutes = mutes or Mutes(MutesInMemory(), log=log)
        _refuse_misfits(self.sections, self.findings)
        self._clock = clock or SystemClock()
        self._deadline_ms = deadline_ms
        self._cache_ms = cache_ms
        self._log = log
        self._on_report = on_report
        self._pause = pause
        self._last: Report | None = None
        self._last_ns = 0
        self._making: asyncio.Task[Report] | None = None
        #: Checks past their deadline that have not let go yet: at most one a section.
        self._stragglers: dict[str, asyncio.Task[Checked]] = {}

    @property
    def last(self) -> Report | None:
        """The last report, however old; None before the first."""
        return self._last

    @property
    def age_ms(self) -> float:
        """How long ago the last report was made."""
        return (self._clock.monotonic_ns() - self._last_ns) / 1e6

    async def report(self, *, fresh: bool = False) -> Report:
        """Return a report that is new enough, or, when `fresh`, one that is made now."""
        if self._last is not None and not fresh and self.age_ms < self._cache_ms:
            return self._last
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make())
        # One who stops waiting leaves the others theirs.
        return await asyncio.shield(self._making)

    async def report_anew(self) -> Report:
        """Return a report that is begun after this was called: one that is being made saw what was before."""
        making = self._making
        if making is not None and not making.done():
            await asyncio.wait({making})
        return await self.report(fresh=True)

    async def repeat(self, *, every_s: float = 30) -> None:
        """Make a report now and again, until cancelled."""
        while True:
            await self.report(fresh=True)
            await self._pause(every_s)

    async def close(self) -> None:
        """Cut off a report that is being made: for the end of a service, before its store is closed."""
        if self._making is not None and not self._making.done():
            self._making.cancel()
            await asyncio.wait({self._making})
        await self.mutes.close()

    async def mute(self, code: str, *, until_ms: int, reason: str, up_to: int | None = None) -> Mute:
        """Let a finding not count until then, unless it gets worse than `up_to`: by default, than it is now.

        Raises MuteRefused where that is no mute, and BookFailed. The next report heeds it.
        """
        now_ms = self._now_ms()
        reason = " ".join(reason.split())
        if code not in self.findings:
            raise MuteRefused("UNKNOWN_CODE", f"there is no finding {code}")
        if not reason or len(reason) > MAX_REASON:
            raise MuteRefused("NO_REASON", f"say why, in at most {MAX_REASON} characters")
        if not now_ms < until_ms <= now_ms + LONGEST_MS:
            raise MuteRefused("BAD_END", f"a mute ends after now, and within {LONGEST_MS // 86_400_000} days")
        mute = Mute(
            code=code,
            until_ms=until_ms,
            reason=reason,
            up_to=await self._extent(code) if up_to is None else up_to,
            set_at_ms=now_ms,
        )
        await self.mutes.keep(mute)
        await self.report_anew()
        return mute

    async def unmute(self, code: str) -> bool:
        """Let a finding count again; False where it was not muted. Raises BookFailed."""
        dropped = await self.mutes.drop(code)
        await self.report_anew()
        return dropped

    async def muted(self) -> tuple[Mute, ...]:
        """The mutes of this preflight's findings that have not ended."""
        now_ms = self._now_ms()
        return tuple(
            mute for mute in await self.mutes.read() if mute.code in self.findings and mute.holds(now_ms=now_ms)
        )

    async def _extent(self, code: str) -> int:
        """How bad a finding is now."""
        report = await self.report_anew()
        extents = [judged.finding.extent for judged in report.judged if judged.spec.code == code]
        if not extents:
            raise MuteRefused("NOT_FOUND_NOW", f"{code} is not found now: say how much it may affect (up_to)")
        return max(extents)

    async def _make(self) -> Report:
        started_at_ms = self._clock.time_ns() // 1_000_000
        began_ns = self._clock.monotonic_ns()
        muted = asyncio.create_task(self.muted())
        tasks: dict[str, asyncio.Task[SectionReport]] = {}
        for section in self.sections:
            needed = [tasks[name] for name in section.needs]
            tasks[section.name] = asyncio.create_task(self._after(needed, section, muted))
        try:
            await asyncio.wait((muted, *tasks.values()), timeout=self._deadline_ms / 1000)
            mutes = await muted
        except asyncio.CancelledError:
            for task in (muted, *tasks.values()):
                task.cancel()
            raise
        found = [self._taken(section, tasks[section.name]) for section in self.sections]
        report = Report(
            sections=tuple(self._muted_by(mutes, section) for section in found),
            mutes=mutes,
            started_at_ms=started_at_ms,
            duration_ms=self._since_ms(began_ns),
        )
        self.mutes.lift(mute for mute in mutes if _is_worse(mute, report))
        self._last, self._last_ns = report, self._clock.monotonic_ns()
        self._on_report(report)
        return report

    def _taken(self, section: Section, task: asyncio.Task[SectionReport]) -> SectionReport:
        """Take what a section found, or cut it off at the deadline of all."""
        if task.done():
            return task.result()
        task.cancel()
        return self._timed_out(section, latency_ms=self._deadline_ms, attempts=1)

    async def _after(
        self, needed: list[asyncio.Task[SectionReport]], section: Section, muted: asyncio.Task[tuple[Mute, ...]]
    ) -> SectionReport:
        if needed:
            # `wait`, because to await a task is to cancel it when one is cancelled oneself.
            await asyncio.wait(needed)
        ended = [task.result() for task in needed]
        if any(section.status is Status.FAIL for section in ended):
            # A failure that is muted is no reason to look no further.
            await asyncio.wait({muted})
            ended = [self._muted_by(muted.result(), section) for section in ended]
        failed = [section.name for section in ended if section.status in {Status.FAIL, Status.SKIPPED}]
        if failed:
            return SectionReport(
                name=section.name,
                details=f"skipped: {failed[0]} failed",
                meta={**section.meta, "query_status": "SKIPPED"},
                latency_ms=0,
                attempts=0,
                skipped=True,
            )
        return await self._run(section)

    async def _run(self, section: Section) -> SectionReport:
        began_ns = self._clock.monotonic_ns()
        if section.name in self._stragglers:
            return self._timed_out(section, latency_ms=0, attempts=0)
        tries = _Tries(section, self._pause)
        check = asyncio.create_task(tries.checked())
        try:
            await asyncio.wait({check}, timeout=section.deadline_ms / 1000)
        finally:
            if not check.done():
                self._abandon(section, check)
        latency_ms = self._since_ms(began_ns)
        if section.name in self._stragglers:
            return self._timed_out(section, latency_ms=latency_ms, attempts=tries.made)
        error = _error_of(check) or self._misfit_of(check.result())
        if isinstance(error, TimeoutError):
            return self._timed_out(section, latency_ms=latency_ms, attempts=tries.made)
        if error is not None:
            return self._failed(section, error, latency_ms=latency_ms, attempts=tries.made)
        return self._section_report(section, check.result(), latency_ms=latency_ms, attempts=tries.made)

    def _abandon(self, section: Section, check: asyncio.Task[Checked]) -> None:
        """Cancel a check and do not wait: a frozen server holds on to its clients."""
        self._stragglers[section.name] = check
        check.add_done_callback(lambda done: (self._stragglers.pop(section.name, None), _error_of(done)))
        check.cancel()

    def _timed_out(self, section: Section, *, latency_ms: float, attempts: int) -> SectionReport:
        finding = Finding(code=section.on_timeout, observed="no answer", expected=f"within {section.deadline_ms:g} ms")
        checked = Checked(details="timeout", meta={"query_status": "TIMEOUT"}, findings=(finding,))
        return self._section_report(section, checked, latency_ms=latency_ms, attempts=attempts)

    def _failed(self, section: Section, error: BaseException, *, latency_ms: float, attempts: int) -> SectionReport:
        if self._log is not None:
            self._log.warning("PREFLIGHT_SECTION_FAILED", section=section.name, attempts=attempts, exc_info=error)
        finding = Finding(code=section.on_error, observed=type(error).__name__, expected="an answer")
        checked = Checked(details="error", meta={"query_status": "ERROR"}, findings=(finding,))
        return self._section_report(section, checked, latency_ms=latency_ms, attempts=attempts)

    def _section_report(self, section: Section, checked: Checked, *, latency_ms: float, attempts: int) -> SectionReport:
        return SectionReport(
            name=section.name,
            details=checked.details,
            meta={"query_status": "OK", "query_latency_ms": round(latency_ms, 1), **section.meta, **checked.meta},
            latency_ms=latency_ms,
            attempts=attempts,
            judged=tuple(Judged(finding=finding, spec=self.findings[finding.code]) for finding in checked.findings),
        )

    def _misfit_of(self, checked: Checked) -> BaseException | None:
        unknown = [finding.code for finding in checked.findings if finding.code not in self.findings]
        return LookupError(f"findings that are not in the catalogue: {unknown}") if unknown else None

    def _muted_by(self, mutes: tuple[Mute, ...], section: SectionReport) -> SectionReport:
        now_ms = self._now_ms()
        judged = tuple(
            replace(one, muted=any(mute.covers(one.finding, now_ms=now_ms) for mute in mutes)) for one in section.judged
        )
        return replace(section, judged=judged)

    def _now_ms(self) -> int:
        return self._clock.time_ns() // 1_000_000

    def _since_ms(self, began_ns: int) -> float:
        return (self._clock.monotonic_ns() - began_ns) / 1e6


class _Tries:
    """A check with its retries, counted."""

    def __init__(self, section: Section, pause: Pause) -> None:
        self._section = section
        self._pause = pause
        self.made = 0

    async def checked(self) -> Checked:
        while True:
            self.made += 1
            try:
                return await self._section.check()
            except TRANSIENT:
                if self.made > self._section.retries:
                    raise
            await self._pause(RETRY_PAUSE_S * 2 ** (self.made - 1))


def _error_of(task: asyncio.Task[Checked]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def _is_worse(mute: Mute, report: Report) -> bool:
    return any(one.spec.code == mute.code and one.finding.extent > mute.up_to for one in report.judged)


def _refuse_misfits(sections: tuple[Section, ...], findings: Mapping[str, FindingSpec]) -> None:
    known: set[str] = set()
    for section in sections:
        if section.name in known:
            raise ValueError(f"there are two sections {section.name!r}")
        if missing := set(section.needs) - known:
            raise ValueError(f"section {section.name!r} needs {sorted(missing)}, which must stand before it")
        if unknown := {section.on_error, section.on_timeout} - set(findings):
            raise ValueError(
                f"section {section.name!r} names findings that are not in the catalogue: {sorted(unknown)}"
            )
        known.add(section.name)
