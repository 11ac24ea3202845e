"""Runs a command where no network is: in a namespace of its own, else under seccomp's supervisor with Landlock."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, NoReturn

from botflight_harness.network import kernel, landlock, namespace, notice, probe, seccomp
from botflight_harness.network.hook import JOURNAL
from botflight_harness.network.layers import DNS_SINK, LANDLOCK, NAMESPACE, NOTIFY, SECCOMP
from botflight_harness.network.notify import Notifications
from botflight_harness.network.plan import (
    FAILED,
    NOT_FOUND,
    REFUSED_TO_RUN,
    NotFound,
    Plan,
    environment_of,
    path_of,
)
from botflight_harness.network.policy import Policy
from botflight_harness.network.service import environment_value
from botflight_harness.network.state import MAIN, State
from botflight_harness.network.supervisor import Supervisor, announce, close_inherited_sockets
from botflight_harness.network.verdict import verdict

_SIGNALLED = 128

_IN_NAMESPACE = (NAMESPACE, SECCOMP, DNS_SINK)
_UNDER_SUPERVISOR = (NOTIFY, LANDLOCK)


class Refused(Exception):
    """A layer that this machine refuses; the text says why."""


class Broken(Exception):
    """A layer that was put in place and does not stop anything."""


class _Child(NamedTuple):
    """The command's process, and what the kernel had counted in its namespace as it began."""

    pid: int
    no_routes: int | None


def run(plan: Plan) -> int:
    """Run the command and return its exit code; 1 when it succeeded and something was tried behind its back.

    4 when a layer that is required or claimed is not there. A report goes to standard error.
    """
    state = State.create()
    try:
        return _run(plan, state)
    except (Broken, Refused) as error:
        notice.say(str(error))
        return REFUSED_TO_RUN
    except NotFound as error:
        notice.say(str(error))
        return NOT_FOUND
    finally:
        state.remove()


def _run(plan: Plan, state: State) -> int:
    with contextlib.closing(Supervisor(state=state, services=plan.services)) as supervisor:
        child = _start(plan, state, supervisor)
        with _passing_signals_to(child.pid):
            code = _ended(child.pid, supervisor)
        return verdict(plan, state, code=code, no_routes=supervisor.no_routes, began_with=child.no_routes)


def _start(plan: Plan, state: State, supervisor: Supervisor) -> _Child:
    """Try the ways from the strongest on."""
    refused: list[str] = []
    for start in (_start_in_namespace, _start_under_supervisor):
        try:
            return start(plan, state, supervisor, refused)
        except (OSError, Refused, kernel.Unsupported) as error:
            refused.append(str(error))
    if plan.requires_kernel:
        raise Refused("the kernel layer is required, and this machine refuses it: " + "; ".join(refused))
    return _forked(plan, state, supervisor, layers=(), refused=refused, confine=lambda: None)


def _start_in_namespace(plan: Plan, state: State, supervisor: Supervisor, refused: Sequence[str]) -> _Child:
    kernel.machine()

    def confine() -> None:
        announced = namespace.enter(services=plan.services)
        seccomp.install_static()
        announce(state.socket, MAIN, announced)

    return _forked(plan, state, supervisor, layers=_IN_NAMESPACE, refused=refused, confine=confine)


def _start_under_supervisor(plan: Plan, state: State, supervisor: Supervisor, refused: Sequence[str]) -> _Child:
    """The filter is put on the launcher and inherited, because the listener could not be handed over under it."""
    numbers = kernel.machine()
    if landlock.version() < landlock.TCP_VERSION:
        raise Refused(f"Landlock: version {landlock.TCP_VERSION} or newer is needed")
    try:
        listener = seccomp.install_asking()
    except OSError as error:
        raise Refused(f"seccomp user-notify: {error.strerror}") from error
    policy = Policy.parse(environment_value(plan.services))
    supervisor.serve_notifications(
        Notifications(listener, numbers=numbers, policy=policy, journal=state.journal(MAIN)),
    )

    def confine() -> None:
        os.close(listener)
        landlock.restrict(service.port for service in plan.services)

    return _forked(plan, state, supervisor, layers=_UNDER_SUPERVISOR, refused=refused, confine=confine)


def _forked(
    plan: Plan,
    state: State,
    supervisor: Supervisor,
    *,
    layers: Sequence[str],
    refused: Sequence[str],
    confine: Callable[[], None],
) -> _Child:
    """Fork, confine the child, let it try its layers and run the command.

    Raises Refused, Broken or NotFound when it did not come that far.
    """
    environment = environment_of(plan, state, layers=layers, refused=refused)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _become(plan.command, environment, writer=writer, layers=layers, confine=confine)
    os.close(writer)
    supervisor.wait_for(reader)
    failure = os.read(reader, 4096).decode()
    os.close(reader)
    if failure:
        os.waitpid(pid, 0)
        kind, _, text = failure.partition(" ")
        raise {"Refused": Refused, "Broken": Broken, "NotFound": NotFound}[kind](text)
    return _Child(pid=pid, no_routes=supervisor.no_routes(MAIN))


def _become(
    command: Sequence[str],
    environment: dict[str, str],
    *,
    writer: int,
    layers: Sequence[str],
    confine: Callable[[], None],
) -> NoReturn:
    """The child: it tells through `writer` what went wrong, and nothing when the command runs."""
    try:
        close_inherited_sockets()
        before = seccomp.filters() if layers else 0
        confine()
        _try_layers(layers, environment, filters_before=before)
        _execute(command, environment)
    except (OSError, kernel.Unsupported, Broken, NotFound) as error:
        kind = type(error).__name__ if isinstance(error, Broken | NotFound) else "Refused"
        os.write(writer, f"{kind} {_described(error, layers)}".encode())
    except BaseException as error:  # noqa: BLE001 - a fork never goes back into its parent's code
        os.write(writer, f"Broken {error!r}".encode())
    finally:
        os._exit(FAILED)


def _execute(command: Sequence[str], environment: dict[str, str]) -> NoReturn:
    try:
        os.execve(path_of(command[0], environment), list(command), environment)  # noqa: S606 - the given command
    except OSError as error:
        raise NotFound(f"{command[0]}: {error.strerror}") from error


def _described(error: Exception, layers: Sequence[str]) -> str:
    return str(error) if isinstance(error, Broken | NotFound) or not layers else f"{layers[0]}: {error}"


def _try_layers(layers: Sequence[str], environment: dict[str, str], *, filters_before: int) -> None:
    """A guard around this one has a filter too, which would answer the probe in this one's stead."""
    if SECCOMP in layers and 0 < seccomp.filters() <= filters_before:
        raise Broken(f"{SECCOMP} is not live: no filter was added")
    failed = [tried for tried in probe.kernel_layers(layers, environment[JOURNAL]) if not tried.is_live]
    if failed:
        raise Broken("; ".join(f"{tried.layer} is not live: {tried.details}" for tried in failed))


@contextlib.contextmanager
def _passing_signals_to(pid: int) -> Iterator[None]:
    """A terminal sends Ctrl-C to the command as well; anything else reaches it through here."""

    def pass_on(number: int, _frame: object) -> None:
        if number != signal.SIGINT or not _has_the_terminal():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    before = {
        number: signal.signal(number, pass_on)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_the_terminal() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


def _ended(pid: int, supervisor: Supervisor) -> int:
    watched = os.pidfd_open(pid)
    try:
        supervisor.wait_for(watched)
    finally:
        os.close(watched)
    supervisor.drain()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else _SIGNALLED - code
