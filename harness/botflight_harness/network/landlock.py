"""Landlock: TCP may be connected to loopback's usual ports alone, whatever the address; the last line of the fallback.

Its rules know ports and no addresses (landlock(7)), so what it adds is narrow: the ports below 1024, where nearly
all of the Internet's services listen, are closed. It cannot be talked out of it by racing threads or io_uring.
"""

import ctypes
import os
from collections.abc import Iterable

from botflight_harness.network.kernel import call, give_up_new_privileges, machine

#: The first version that knows TCP ports, and the first that keeps abstract unix sockets of outsiders away.
TCP_VERSION = 4
_SCOPE_VERSION = 6

_CREATE_VERSION = 1
_CONNECT_TCP = 1 << 1
_SCOPE_ABSTRACT_UNIX = 1 << 0
_RULE_NET_PORT = 2
FIRST_OPEN_PORT = 1024
_LAST_PORT = 65535


def version() -> int:
    """Return Landlock's version here; 0 when there is none."""
    try:
        return call(machine().landlock_create_ruleset, None, 0, _CREATE_VERSION)
    except OSError:
        return 0


def restrict(ports: Iterable[int] = ()) -> None:
    """Close the TCP ports below 1024 to this process and its children for ever, but for `ports`.

    Raises OSError where Landlock is refused.
    """
    scope = _SCOPE_ABSTRACT_UNIX if version() >= _SCOPE_VERSION else 0
    attributes = _words(0, _CONNECT_TCP, scope)[: 24 if scope else 16]
    ruleset = call(machine().landlock_create_ruleset, attributes, len(attributes), 0)
    try:
        _allow(ruleset, {*range(FIRST_OPEN_PORT, _LAST_PORT + 1), *ports})
        give_up_new_privileges()
        call(machine().landlock_restrict_self, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, ports: Iterable[int]) -> None:
    """Ports have no ranges, so each is a rule; the call is kept bare because there are 64,512 of them."""
    rule = ctypes.create_string_buffer(_words(_CONNECT_TCP, 0), 16)
    port_in_rule = ctypes.c_uint64.from_buffer(rule, 8)
    number, kind, none = machine().landlock_add_rule, _RULE_NET_PORT, 0
    for port in ports:
        port_in_rule.value = port
        call(number, ruleset, kind, rule, none)


def _words(*words: int) -> bytes:
    return b"".join(word.to_bytes(8, "little") for word in words)
