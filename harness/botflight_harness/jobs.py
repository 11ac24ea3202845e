"""PTB's job queue on a virtual clock: the same jobs, fired when the clock is moved and not as real time goes by.

Nothing of PTB or APScheduler is imported: what the application has is taken over as it stands.
"""

import asyncio
import datetime as dt
from typing import Any

from botflight_harness.clock import VirtualClock

#: What APScheduler's add_job takes for the job itself; the rest is the trigger's.
_JOB_OPTIONS = frozenset(
    {
        "args",
        "coalesce",
        "executor",
        "id",
        "jobstore",
        "kwargs",
        "max_instances",
        "misfire_grace_time",
        "name",
        "next_run_time",
        "replace_existing",
    }
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class JobSchedule:
    """The jobs of one application, as a timetable that a virtual clock drives.

    The application's own scheduler keeps them and stands still: it is started as paused, so that real time fires
    nothing. Jobs that were added before are moved by the distance between the two times.
    """

    def __init__(self, job_queue: Any, clock: VirtualClock) -> None:  # noqa: ANN401 -- PTB's JobQueue, see the module
        self._clock = clock
        self._scheduler = job_queue.scheduler
        self._running: set[asyncio.Task[None]] = set()
        _tell_the_time(job_queue, self.now)
        self._scheduler.start(paused=True)
        self._move_pending()
        self._add_job = self._scheduler.add_job
        self._scheduler.add_job = self._add

    def now(self) -> dt.datetime:
        """Return the clock's time in the scheduler's time zone."""
        moment = _EPOCH + dt.timedelta(milliseconds=self._clock.now_ms())
        return moment.astimezone(self._scheduler.timezone)

    def next_ms(self) -> int | None:
        """Return the moment of the job that is due first, or None."""
        job = self._first()
        return None if job is None else max(_ms(job.next_run_time), self._clock.now_ms())

    def fire(self) -> None:
        """Begin the job that is due first, and put it down for its next time."""
        job = self._first()
        again = job.trigger.get_next_fire_time(job.next_run_time, self.now())
        if again is None:
            self._scheduler.remove_job(job.id)
        else:
            self._scheduler.modify_job(job.id, next_run_time=again)
        task = asyncio.get_running_loop().create_task(job.func(*job.args, **job.kwargs))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def rest(self) -> None:
        """Wait until no job is at work."""
        while self._running:
            await asyncio.wait(self._running)

    def close(self) -> None:
        """Let the scheduler go on by itself."""
        del self._scheduler.add_job

    def _first(self) -> Any:  # noqa: ANN401 -- APScheduler's Job
        jobs = [job for job in self._scheduler.get_jobs() if job.next_run_time is not None]
        return min(jobs, key=lambda job: job.next_run_time, default=None)

    def _add(self, func: Any, trigger: Any = None, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- its signature
        """Add a job whose first time is reckoned from the clock's time, and not from the real one."""
        trigger_options = {name: value for name, value in options.items() if name not in _JOB_OPTIONS}
        options = {name: value for name, value in options.items() if name in _JOB_OPTIONS}
        if trigger == "interval" and trigger_options.get("start_date") is None:
            trigger_options["start_date"] = self.now() + _interval(trigger_options)
        if trigger in {"date", None} and trigger_options.get("run_date") is None:
            trigger_options["run_date"] = self.now()
        # APScheduler has no public way to make a trigger by its name.
        made = self._scheduler._create_trigger(trigger, trigger_options)  # noqa: SLF001
        options.setdefault("next_run_time", made.get_next_fire_time(None, self.now()))
        return self._add_job(func, made, *arguments, **options)

    def _move_pending(self) -> None:
        """Move what was added before the start: a date or an interval by the distance, a time of day anew."""
        distance = self.now() - dt.datetime.now(dt.UTC)
        for job in self._scheduler.get_jobs():
            if job.next_run_time is None:
                continue
            trigger = job.trigger
            if hasattr(trigger, "fields"):
                moved = trigger.get_next_fire_time(None, self.now())
            else:
                moved = job.next_run_time + distance
                if getattr(trigger, "end_date", None) is not None:
                    trigger.end_date += distance
            self._scheduler.modify_job(job.id, next_run_time=moved)


def _interval(options: dict[str, Any]) -> dt.timedelta:
    units = ("weeks", "days", "hours", "minutes", "seconds")
    return dt.timedelta(**{unit: options[unit] for unit in units if unit in options})


def _tell_the_time(job_queue: Any, now: Any) -> None:  # noqa: ANN401 -- PTB's JobQueue
    """Let the queue reckon `when=60` and times of day from `now`.

    It has slots and no parameter for it, so it becomes an instance of a subclass with two methods of its own.
    """
    base = type(job_queue)

    def parse(self: Any, time: Any, shift_day: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 -- PTB's signature
        if not isinstance(time, dt.time):
            return base._parse_time_input(self, time, shift_day)  # noqa: SLF001 -- the base's own
        here = now().astimezone(time.tzinfo) if time.tzinfo else now()
        moment = dt.datetime.combine(here.date(), time, tzinfo=here.tzinfo)
        return moment + dt.timedelta(days=1) if shift_day and moment <= here else moment

    methods = {"__slots__": (), "_tz_now": lambda _: now(), "_parse_time_input": parse}
    job_queue.__class__ = type(f"Virtual{base.__name__}", (base,), methods)


def _ms(moment: dt.datetime) -> int:
    return round((moment - _EPOCH) / dt.timedelta(milliseconds=1))
