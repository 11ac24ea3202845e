"""The fallback's supervisor: the kernel stops each call that points a socket somewhere and asks here first.

seccomp_unotify(2). The addresses are read from the caller's memory and the call then goes on by itself, so that
a thread which changes them in between could slip through: this stops accidents, and Landlock stands behind it.
"""

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from botflight_harness.network.hook import JOURNAL
from botflight_harness.network.journal import Attempt, Journal
from botflight_harness.network.kernel import Machine
from botflight_harness.network.policy import Policy

LAYER = "seccomp's supervisor"

# linux/seccomp.h; the sizes are those of struct seccomp_notif (80) and seccomp_notif_resp (24)
_RECEIVE = 0xC0502100
_SEND = 0xC0182101
_STILL_VALID = 0x40082102
_CONTINUE = 1
_REQUEST = struct.Struct("=QIIiIQ6Q")
_RESPONSE = struct.Struct("=QqiI")

_MAX_ADDRESS_BYTES = 128
_MAX_MESSAGES = 64
_MESSAGE_BYTES = 64  # struct mmsghdr
_MAX_PARENTS = 64
_TEST = b"PYTEST_CURRENT_TEST="


class Asked(NamedTuple):
    """A call that waits for an answer."""

    id: int
    pid: int
    number: int
    arguments: tuple[int, ...]


class Notifications:
    """Answers for one listener. `journal` takes what belongs to no process that is known."""

    def __init__(self, listener: int, *, numbers: Machine, policy: Policy, journal: Journal) -> None:
        self._listener = listener
        self._policy = policy
        self._journal = journal
        self._numbers = numbers
        self._names = {
            numbers.connect: "connect",
            numbers.sendto: "sendto",
            numbers.sendmsg: "sendmsg",
            numbers.sendmmsg: "sendmmsg",
        }

    def fileno(self) -> int:
        """The listener, for a selector."""
        return self._listener

    def answer(self) -> None:
        """Take one call and answer it; one that was interrupted meanwhile is gone."""
        buffer = bytearray(_REQUEST.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, buffer)
        except OSError:
            return
        identity, pid, _flags, number, _arch, _pointer, *arguments = _REQUEST.unpack(buffer)
        asked = Asked(id=identity, pid=pid, number=number, arguments=tuple(arguments))
        blocked = self._blocked(asked)
        if not self._is_waiting(asked):
            return
        if blocked:
            self._record(asked, blocked)
        self._reply(asked, refused=blocked is not None)

    def _blocked(self, asked: Asked) -> str | None:
        """Return the first destination that may not be reached; an empty one is not worth a record."""
        try:
            with _memory(asked.pid) as memory:
                for address in self._addresses(asked, memory.fileno()):
                    destination = self._judged(address)
                    if destination is not None:
                        return destination
        except OSError as error:
            # A process that is gone, or that hides its memory: what cannot be looked at is not let through.
            return f"an address that could not be read ({error.strerror})"
        return None

    def _addresses(self, asked: Asked, memory: int) -> Iterator[bytes]:
        first = asked.arguments
        if asked.number == self._numbers.connect:
            yield _read(memory, first[1], first[2])
        elif asked.number == self._numbers.sendto:
            yield _read(memory, first[4], first[5])
        elif asked.number == self._numbers.sendmsg:
            yield from _message_address(memory, first[1])
        else:
            for index in range(min(first[2] & 0xFFFFFFFF, _MAX_MESSAGES)):
                yield from _message_address(memory, first[1] + index * _MESSAGE_BYTES)

    def _judged(self, address: bytes) -> str | None:
        if len(address) < 2:  # noqa: PLR2004 - the family
            return None
        family = int.from_bytes(address[:2], "little")
        if family in {socket.AF_UNSPEC, socket.AF_UNIX, socket.AF_NETLINK}:
            return None
        if family not in {socket.AF_INET, socket.AF_INET6}:
            return f"address family {family}"
        host, port = _parsed(family, address)
        if self._policy.allows_address(host, port):
            return None
        if self._policy.overlooks(host, port):
            return ""
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def _is_waiting(self, asked: Asked) -> bool:
        """Say whether the process whose memory was read is still the one that asked."""
        try:
            fcntl.ioctl(self._listener, _STILL_VALID, asked.id.to_bytes(8, "little"))
        except OSError:
            return False
        return True

    def _reply(self, asked: Asked, *, refused: bool) -> None:
        error, flags = (-errno.ENETUNREACH, 0) if refused else (0, _CONTINUE)
        try:
            fcntl.ioctl(self._listener, _SEND, _RESPONSE.pack(asked.id, 0, error, flags))
        except OSError as gone:
            if gone.errno != errno.ENOENT:
                raise

    def _record(self, asked: Asked, destination: str) -> None:
        path, test = _origin(asked.pid, folder=str(Path(self._journal.path).parent))
        journal = Journal(path) if path else self._journal
        journal.record(
            Attempt(
                layer=LAYER,
                call=self._names[asked.number],
                destination=destination,
                test=test,
                pid=asked.pid,
                program=_program(asked.pid),
            )
        )


def _memory(pid: int) -> FileIO:
    """Open a process's memory. Raises OSError.

    Root in a container may lack CAP_SYS_PTRACE; then a process that goes on as another user, as an embedded
    PostgreSQL does, can only be looked into as that user (ptrace(2), the access mode check, by the fsuid).
    """
    try:
        return _opened(pid)
    except PermissionError:
        if os.geteuid() != 0:
            raise
    owner = Path(f"/proc/{pid}").stat()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        return _opened(pid)
    finally:
        os.seteuid(0)
        os.setegid(0)


def _opened(pid: int) -> FileIO:
    return Path(f"/proc/{pid}/mem").open("rb", buffering=0)


def _message_address(memory: int, at: int) -> Iterator[bytes]:
    """A struct msghdr begins with the address and its length; a connected socket gives none."""
    pointer, length = struct.unpack("=QI", _read(memory, at, 12, limit=12))
    if pointer and length:
        yield _read(memory, pointer, length)


def _read(memory: int, at: int, length: int, *, limit: int = _MAX_ADDRESS_BYTES) -> bytes:
    return os.pread(memory, min(length & 0xFFFFFFFF, limit), at)


def _parsed(family: int, address: bytes) -> tuple[str, int]:
    """A struct sockaddr_in or sockaddr_in6; what is too short is padded, and the kernel refuses it anyway."""
    padded = address.ljust(28, b"\0")
    port = int.from_bytes(padded[2:4])
    packed = padded[4:8] if family == socket.AF_INET else padded[8:24]
    return socket.inet_ntop(family, packed), port


def _origin(pid: int, *, folder: str) -> tuple[str, str]:
    """The journal and the test of a process, from its environment or that of the nearest ancestor that has one.

    A journal outside of `folder` belongs to a guard around this one.
    """
    wanted = f"{JOURNAL}={folder}/".encode()
    for _ in range(_MAX_PARENTS):
        variables = _proc(pid, "environ").split(b"\0")
        path = next((line.partition(b"=")[2] for line in variables if line.startswith(wanted)), b"")
        if path:
            test = next((line[len(_TEST) :] for line in variables if line.startswith(_TEST)), b"")
            return path.decode(), test.decode(errors="replace")
        pid = _parent(pid)
        if pid <= 1:
            break
    return "", ""


def _parent(pid: int) -> int:
    status = _proc(pid, "status").split()
    return int(status[status.index(b"PPid:") + 1]) if b"PPid:" in status else 0


def _program(pid: int) -> str:
    return _proc(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def _proc(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
