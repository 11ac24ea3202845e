"""The seccomp filters: a static one that closes side doors, and one that asks a supervisor about each address.

BPF by hand: seccomp(2), linux/filter.h, linux/seccomp.h. No compiled code is needed, and the programs are short.
"""

import ctypes
import errno
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from botflight_harness.network.kernel import Machine, call, give_up_new_privileges, machine

_SET_MODE_FILTER = 1
_NEW_LISTENER = 1 << 3

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_ALLOW = 0x7FFF0000
_ASK = 0x7FC00000  # SECCOMP_RET_USER_NOTIF
_ERRNO = 0x00050000

#: Offsets in struct seccomp_data; both architectures are little-endian.
_NUMBER = 0
_ARCH = 4
_FIRST_ARGUMENT = 16

#: Calls of the x32 ABI carry this bit (arch/x86/include/uapi/asm/unistd.h).
_X32 = 0x40000000
#: The protocols with ways to connect of their own: SCTP has one in setsockopt. Linux's linux/in.h.
_DCCP, _SCTP = 33, 132

_FILTERS = "Seccomp_filters:"

Instruction = tuple[int, int, int, int]


def install_static() -> None:
    """Refuse io_uring, setns, the keyring's name look-ups, and sockets of unusual families, for ever.

    Raises OSError where seccomp is refused, Unsupported on other machines.
    """
    give_up_new_privileges()
    install(static_filter(machine()))


def install_asking() -> int:
    """The same, and ask about each address that a socket is pointed at. Returns the listener's descriptor.

    The caller is filtered too, so it must point no socket anywhere while it answers. Raises OSError, also when
    a listener exists already (EBUSY), and Unsupported.
    """
    give_up_new_privileges()
    return install(static_filter(machine(), asking=True), flags=_NEW_LISTENER)


def filters() -> int:
    """How many filters this process is under, those that it inherited included (Linux 5.9; 0 before)."""
    status = Path("/proc/self/status").read_text("utf-8").split()
    return int(status[status.index(_FILTERS) + 1]) if _FILTERS in status else 0


def static_filter(numbers: Machine, *, asking: bool = False) -> list[Instruction]:
    """The program for an architecture. Foreign architectures (32-bit programs) get ENOSYS for everything."""
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, numbers.audit_arch),
        refuse(errno.ENOSYS),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        refuse(errno.ENOSYS),
    ]
    for number in numbers.io_uring:
        program += when(number, [refuse(errno.ENOSYS)])
    program += when(numbers.setns, [refuse(errno.EPERM)])
    program += when(numbers.request_key, [refuse(errno.EPERM)])
    program += when(numbers.socket, _families())
    if asking:
        program += _asked(numbers)
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _families() -> list[Instruction]:
    """UNIX, NETLINK, INET, INET6; of the latter two nothing with ways to connect that are asked about nowhere."""
    return [
        (_LOAD, 0, 0, _argument(0)),
        (_EQUAL, 8, 0, socket.AF_UNIX),
        (_EQUAL, 7, 0, socket.AF_NETLINK),
        (_EQUAL, 2, 0, socket.AF_INET),
        (_EQUAL, 1, 0, socket.AF_INET6),
        refuse(errno.EAFNOSUPPORT),
        (_LOAD, 0, 0, _argument(2)),
        (_EQUAL, 1, 0, _SCTP),
        (_EQUAL, 0, 1, _DCCP),
        refuse(errno.EPROTONOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _asked(numbers: Machine) -> list[Instruction]:
    """connect, and what carries an address beside the data. sendto without an address is let through here."""
    to = _argument(4)
    program = when(numbers.connect, [(_RETURN, 0, 0, _ASK)])
    program += when(
        numbers.sendto,
        [
            (_LOAD, 0, 0, to),
            (_EQUAL, 0, 2, 0),
            (_LOAD, 0, 0, to + 4),
            (_EQUAL, 1, 0, 0),
            (_RETURN, 0, 0, _ASK),
            (_RETURN, 0, 0, _ALLOW),
        ],
    )
    for number in (numbers.sendmsg, numbers.sendmmsg):
        program += when(number, [(_RETURN, 0, 0, _ASK)])
    return program


def when(number: int, block: Sequence[Instruction]) -> list[Instruction]:
    """Run `block`, which must return, for the call `number`."""
    return [(_EQUAL, 0, len(block), number), *block]


def refuse(code: int) -> Instruction:
    """Answer with an errno."""
    return (_RETURN, 0, 0, _ERRNO | code)


def _argument(index: int) -> int:
    return _FIRST_ARGUMENT + 8 * index


def install(program: Sequence[Instruction], *, flags: int = 0) -> int:
    """Put a filter on this thread and what it starts, for ever. Raises OSError."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HxxxxxxQ", len(program), ctypes.addressof(buffer))
    return call(machine().seccomp, _SET_MODE_FILTER, flags, header)
