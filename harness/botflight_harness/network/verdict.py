"""The last look, after the command has ended: what is registered with atexit runs after pytest has spoken."""

from collections.abc import Callable, Sequence
from pathlib import Path

from botflight_harness.network import notice
from botflight_harness.network.journal import Attempt
from botflight_harness.network.plan import FAILED, REFUSED_TO_RUN, Plan
from botflight_harness.network.state import MAIN, State

#: What the kernel counted in the namespace of a label, if it has one.
NoRoutes = Callable[[str], int | None]


def verdict(plan: Plan, state: State, *, code: int, no_routes: NoRoutes, began_with: int | None) -> int:
    """Return the exit code of the run: that of its command, unless something was tried that nobody has told.

    `began_with` is what the kernel had counted when the command began.
    """
    late: list[Attempt] = []
    for label in state.labels():
        known = began_with if label == MAIN else None
        late += _unaccounted(state, label, counted=no_routes(label), began_with=known)
    if late:
        notice.say(notice.late(late))
    if _is_pytest(plan.command) and state.accounted(MAIN) is None and code == 0:
        notice.say("pytest ran without the plugin of botflight_harness, so nothing watched its tests")
        return REFUSED_TO_RUN
    return code or (FAILED if late else 0)


def _unaccounted(state: State, label: str, *, counted: int | None, began_with: int | None) -> list[Attempt]:
    shown = state.accounted(label)
    attempts, _ = state.journal(label).since(0 if shown is None else shown.journal_bytes)
    attempts = [attempt for attempt in attempts if not attempt.is_self_test]
    before = began_with if shown is None else shown.no_routes
    if counted is not None and before is not None and counted > before:
        attempts.append(notice.counted(counted - before))
    return attempts


def _is_pytest(command: Sequence[str]) -> bool:
    name = Path(command[0]).name
    return name.startswith(("pytest", "py.test")) or (name.startswith("python") and "pytest" in command[1:3])
