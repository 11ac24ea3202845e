"""What is tried outside of a test's body, what the header says, and how the launcher ends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import cage
import guarded

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not cage.can_be_built(), reason="this machine refuses network namespaces: no cage to try it in"),
]

FINE = "def test_fine(): pass"
REACH = """
import contextlib, socket
def reach():
    with contextlib.suppress(Exception):
        socket.create_connection(("198.51.100.3", 80), timeout=1)
"""
CURL = (
    'import subprocess; subprocess.run(["bash", "-c", "exec 3<>/dev/tcp/198.51.100.3/80"], stderr=subprocess.DEVNULL)'
)


def test_an_import_that_reaches_fails_the_collection(tmp_path: Path) -> None:
    """No test of that module runs."""
    run = guarded.run(tmp_path, f"{REACH}\nreach()\n{FINE}")

    assert run.code == 2
    assert "the import of test_it.py tried to reach it" in run.output


@pytest.mark.parametrize(
    "conftest",
    [
        f"{REACH}\nreach()",
        f"{REACH}\ndef pytest_sessionfinish(): reach()",
        f"{REACH}\ndef pytest_unconfigure(): reach()",
        f"{REACH}\nimport atexit\natexit.register(reach)",
        f"def at_the_end():\n    {CURL}\nimport atexit\natexit.register(at_the_end)",
    ],
    ids=["conftest", "sessionfinish", "unconfigure", "atexit", "atexit_in_another_program"],
)
def test_what_reaches_outside_of_tests_fails_the_run(tmp_path: Path, conftest: str) -> None:
    """Every test is green, and the run is not."""
    run = guarded.run(tmp_path, FINE, files={"conftest.py": conftest})

    assert (run.code, run.outcomes) == (1, {"test_fine": "passed"})
    assert "NETWORK: " in run.output
    assert run.leaks == []


def test_a_worker_that_reaches_outside_of_tests_fails_the_run(tmp_path: Path) -> None:
    """What a worker of pytest-xdist does at its end reaches the summary of the controller."""
    reaching = f"{REACH}\nimport os\ndef pytest_sessionfinish():\n    if 'PYTEST_XDIST_WORKER' in os.environ: reach()"

    run = guarded.run(tmp_path, FINE, *("-p", "xdist", "-n", "1"), files={"conftest.py": reaching})

    assert run.code == 1
    assert "outside of tests, gw0, after the last test: socket.connect to 198.51.100.3:80" in run.output


def test_workers_are_not_blamed_for_each_other(tmp_path: Path) -> None:
    """What the kernel counts is counted for each worker, so a neighbour's test stays green."""
    tests = f"""
import pathlib, time

def meet(name, other):
    pathlib.Path(name).touch()
    for _ in range(500):
        if pathlib.Path(other).exists(): return
        time.sleep(0.01)

def test_reaches():
    meet("a", "b")
    {CURL}
    meet("c", "d")

def test_sits_beside():
    meet("b", "a")
    meet("d", "c")
"""
    run = guarded.run(tmp_path, tests, *("-p", "xdist", "-n", "2"))

    assert run.outcomes == {"test_reaches": "failure", "test_sits_beside": "passed"}


def test_the_culprit_is_named(tmp_path: Path) -> None:
    """Test, phase, destination, file and line."""
    run = guarded.run(tmp_path, f"{REACH}\ndef test_it(): reach()")

    assert "test_it.py::test_it (call) tried to reach it (1 attempt blocked)" in run.output
    assert "socket.connect to 198.51.100.3:80 at " in run.output
    assert "test_it.py:5, stopped by the audit hook" in run.output


def test_the_fallback_names_destination_and_program(tmp_path: Path) -> None:
    """The supervisor reads the address that any program hands to the kernel."""
    run = guarded.run(tmp_path, f"def test_it():\n    {CURL}", refuses_namespaces=True)

    assert run.outcomes == {"test_it": "failure"}
    assert "connect to 198.51.100.3:80 by bash -c exec 3<>/dev/tcp/198.51.100.3/80" in run.output


def test_the_header_and_the_summary_say_what_is_live(tmp_path: Path) -> None:
    """The same words at both ends, with the number of attempts at the second."""
    run = guarded.run(tmp_path, FINE)

    line = (
        "NETWORK: disabled (layers live: network namespace, seccomp, DNS sink, audit hook, pytest-socket; "
        "self-test 5/5; allowed: loopback, unix sockets)"
    )
    assert run.output.count(line) == 2
    assert f"{line}: 0 attempts blocked" in run.output


def test_without_the_launcher_the_header_says_what_is_not_covered(tmp_path: Path) -> None:
    """Python alone is kept from the network, and child Pythons."""
    run = guarded.run(tmp_path, f"{REACH}\ndef test_it(): reach()", launcher=(), ini="network = disabled")

    assert run.outcomes == {"test_it": "failure"}
    assert "Python level only; subprocesses and C libraries are NOT covered" in run.output
    assert run.leaks == []


def test_without_anything_the_header_says_that_nothing_is_watched(tmp_path: Path) -> None:
    """Nobody takes an open network for a closed one."""
    run = guarded.run(tmp_path, FINE, launcher=())

    assert run.code == 0
    assert "NETWORK: open (nothing is watched" in run.output


def test_a_bare_pytest_refuses_when_the_kernel_is_required(tmp_path: Path) -> None:
    """The environment variable asks for it wherever pytest is started."""
    run = guarded.run(
        tmp_path, FINE, launcher=(), ini="network = disabled", environment={"BOTFLIGHT_NETWORK_REQUIRE": "kernel"}
    )

    assert (run.code, run.outcomes) == (4, {})
    assert "the kernel layer is not there" in run.output


def test_the_launcher_refuses_where_the_kernel_helps_in_no_way(tmp_path: Path) -> None:
    """Neither a namespace nor the fallback: exit code 4, and why."""
    no_fallback = """
        from botflight_harness.network import landlock
        landlock.version = lambda: 0
        """

    run = guarded.run(
        tmp_path, FINE, launcher=guarded.mutated(no_fallback), options=["--require", "kernel"], refuses_namespaces=True
    )

    assert (run.code, run.outcomes) == (4, {})
    assert "the kernel layer is required, and this machine refuses it: network namespace: " in run.output


def test_loopback_works(tmp_path: Path) -> None:
    """Both versions of IP, datagrams, unix sockets, localhost by name, names in threads."""
    run = guarded.run(
        tmp_path,
        """
        import asyncio, socket, pytest

        @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
        def test_streams(host):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.create_server((host, 0), family=family) as server:
                socket.create_connection(server.getsockname()[:2]).close()

        def test_datagrams():
            with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
                one.bind(("127.0.0.1", 0))
                two.sendto(b"x", one.getsockname())
                assert one.recv(1) == b"x"

        def test_unix(tmp_path):
            with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
                server.bind(str(tmp_path / "s"))
                server.listen()
                client.connect(str(tmp_path / "s"))

        def test_asyncio():
            async def talk():
                server = await asyncio.start_server(lambda reader, writer: writer.close(), "localhost", 0)
                _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
                writer.close()
                server.close()
            asyncio.run(talk())

        def test_configured_addresses():
            assert socket.getaddrinfo("localhost", 80, flags=socket.AI_ADDRCONFIG)
        """,
    )

    assert set(run.outcomes.values()) == {"passed"}, run.output
    assert run.code == 0


@pytest.mark.parametrize("refuses_namespaces", [False, True], ids=["namespace", "fallback"])
def test_an_allowed_service_is_in_reach(tmp_path: Path, *, refuses_namespaces: bool) -> None:
    """It stands outside of the sandbox, on the cage's loopback, and is talked to from inside."""
    serving = """
        import socket, threading
        server = socket.create_server(("127.0.0.9", 5999))
        def serve():
            while True:
                made, _ = server.accept()
                made.sendall(made.recv(100).upper())
                made.close()
        threading.Thread(target=serve, daemon=True).start()
        """
    tests = """
        import socket
        def test_it():
            with socket.create_connection(("127.0.0.9", 5999), timeout=5) as made:
                made.sendall(b"hello")
                assert made.recv(100) == b"HELLO"
        """
    launcher = guarded.mutated(serving)

    run = guarded.run(
        tmp_path,
        tests,
        launcher=launcher,
        options=["--allow-service", "127.0.0.9:5999"],
        refuses_namespaces=refuses_namespaces,
    )

    assert run.outcomes == {"test_it": "passed"}, run.output
    assert "allowed: loopback, unix sockets, 127.0.0.9:5999" in run.output


def test_a_helper_outside_of_the_sandbox_is_the_leak_that_is_left(tmp_path: Path) -> None:
    """A daemon behind a unix socket acts in the caller's stead; docs/no-network.md says so."""
    helper = """
        import socket, threading
        server = socket.socket(socket.AF_UNIX)
        server.bind("helper.sock")
        server.listen()
        def serve():
            made, _ = server.accept()
            with socket.socket(type=socket.SOCK_DGRAM) as out: out.sendto(b"x", ("198.51.100.3", 9))
            made.close()
        threading.Thread(target=serve, daemon=True).start()
        """
    tests = """
        import socket
        def test_it():
            with socket.socket(socket.AF_UNIX) as way:
                way.connect("helper.sock")
                way.recv(1)
        """

    run = guarded.run(tmp_path, tests, launcher=guarded.mutated(helper))

    assert (run.code, run.outcomes) == (0, {"test_it": "passed"}), run.output
    assert run.leaks == ["198.51.100.3"]


def test_another_command_is_run_and_its_exit_code_kept(tmp_path: Path) -> None:
    """What it tried is listed, and fails what would have succeeded."""
    fine = cage.run([*guarded.LAUNCHER, "--", "sh", "-c", "exit 3"], folder=tmp_path)
    reaching = cage.run([*guarded.LAUNCHER, "--", sys.executable, "-c", CURL], folder=tmp_path)

    assert (fine.code, fine.output) == (3, "")
    assert reaching.code == 1
    assert "1 attempt blocked after the end of the run" in reaching.output


def test_a_command_that_does_not_exist_is_127(tmp_path: Path) -> None:
    """As a shell says it."""
    run = cage.run([*guarded.LAUNCHER, "--", "no-such-command"], folder=tmp_path)

    assert (run.code, run.output) == (127, "NETWORK: no-such-command: command not found\n")


def test_proxies_and_inherited_sockets_stay_outside(tmp_path: Path) -> None:
    """Neither a variable nor an open connection leads out."""
    script = (
        "import os, sys; print([n for n in os.environ if n.lower().endswith('_proxy')]); os.fstat(int(sys.argv[1]))"
    )
    inherited = """
        import os, socket, sys
        made = socket.socket()
        made.set_inheritable(True)
        os.dup2(made.fileno(), 77)
        """

    run = cage.run(
        [*guarded.mutated(inherited), "--", sys.executable, "-c", script, "77"],
        folder=tmp_path,
        environment={"https_proxy": "http://10.0.0.1:3128", "ALL_PROXY": "socks5://10.0.0.1"},
    )

    assert run.output.startswith("[]\n")
    assert "Bad file descriptor" in run.output
