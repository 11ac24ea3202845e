"""System calls that Python has no name for, by their numbers, on x86-64 and AArch64."""

import ctypes
import functools
import os
import sys
from typing import NamedTuple

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
_PR_SET_NO_NEW_PRIVS = 38


class Unsupported(Exception):
    """This machine cannot do it; the text says why."""


class Machine(NamedTuple):
    """An architecture: its mark in seccomp's data, and the numbers of its calls (arch/*/syscalls in Linux)."""

    audit_arch: int
    unshare: int
    setns: int
    socket: int
    connect: int
    sendto: int
    sendmsg: int
    sendmmsg: int
    request_key: int
    capset: int
    seccomp: int
    io_uring: tuple[int, ...] = (425, 426, 427)
    landlock_create_ruleset: int = 444
    landlock_add_rule: int = 445
    landlock_restrict_self: int = 446


_MACHINES = {
    "x86_64": Machine(
        audit_arch=0xC000003E,
        unshare=272,
        setns=308,
        socket=41,
        connect=42,
        sendto=44,
        sendmsg=46,
        sendmmsg=307,
        request_key=249,
        capset=126,
        seccomp=317,
    ),
    "aarch64": Machine(
        audit_arch=0xC00000B7,
        unshare=97,
        setns=268,
        socket=198,
        connect=203,
        sendto=206,
        sendmsg=211,
        sendmmsg=269,
        request_key=218,
        capset=91,
        seccomp=277,
    ),
}


@functools.cache
def machine() -> Machine:
    """Return the numbers of this machine. Raises Unsupported anywhere but on Linux on the two architectures."""
    name = os.uname().machine if sys.platform == "linux" else sys.platform
    found = _MACHINES.get(name)
    if found is None or ctypes.sizeof(ctypes.c_void_p) != 8:  # noqa: PLR2004 - a 64-bit process
        raise Unsupported(f"{name} is not supported")
    return found


@functools.cache
def libc() -> ctypes.CDLL:
    """Return the C library of this process, below everything that Python wraps."""
    return ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: "int | ctypes.Array[ctypes.c_char] | bytes | None") -> int:
    """Make the system call `number`. Raises OSError when it fails."""
    words = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result: int = libc().syscall(ctypes.c_long(number), *words)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def give_up_new_privileges() -> None:
    """Let no set-uid program gain what its caller lacks; seccomp and Landlock ask for it (prctl(2))."""
    if libc().prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` name for new ones (unshare(2))."""
    call(machine().unshare, flags)


def drop_capabilities() -> None:
    """Give up every capability, as running a program would for anybody but root (capset(2), version 3)."""
    call(machine().capset, _bytes(0x20080522, 0), bytes(24))


def _bytes(*words: int) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)
