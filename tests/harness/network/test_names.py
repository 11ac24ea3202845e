import struct

import pytest

from botflight_harness.network.names import Question, answer, question, service_named
from botflight_harness.network.service import Service

DATABASE = Service(host="Db.Example", address="10.0.0.5", port=5432)


def asked(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


def test_the_name_and_the_type_are_read() -> None:
    """What is asked for stands in the first question."""
    found = question(asked("api.telegram.org", 28))

    assert found is not None
    assert (found.name, found.kind) == ("api.telegram.org", 28)


@pytest.mark.parametrize(
    "packet", [b"", b"\0" * 11, asked("a.b")[:-3], b"\0" * 12 + b"\x3fabc", b"\0" * 12 + b"\xc0\x0c\0\1\0\1"]
)
def test_what_is_no_question_is_left_alone(packet: bytes) -> None:
    """A cut packet, a pointer, nothing at all."""
    assert question(packet) is None


def test_an_unknown_name_does_not_exist() -> None:
    """The answer carries the number of the question, and says NXDOMAIN."""
    packet = asked("api.telegram.org")
    found = question(packet)
    assert found is not None

    reply = answer(packet, found, None)

    number, flags, questions, answers = struct.unpack_from("!HHHH", reply)
    assert (number, flags & 0xF, questions, answers) == (7, 3, 1, 0)
    assert reply[12:] == packet[12:]


def test_an_allowed_service_has_its_address() -> None:
    """Whatever the letters' case."""
    packet = asked("db.example")
    found = question(packet)
    assert found is not None

    reply = answer(packet, found, service_named(found, [DATABASE]))

    assert struct.unpack_from("!HHHH", reply) == (7, 0x8180, 1, 1)
    assert reply.endswith(bytes([10, 0, 0, 5]))


def test_an_allowed_service_has_no_record_of_another_type() -> None:
    """It exists, without an IPv6 address."""
    packet = asked("db.example", 28)

    reply = answer(packet, Question(name="db.example", kind=28, end=len(packet)), DATABASE)

    assert struct.unpack_from("!HHHH", reply) == (7, 0x8180, 1, 0)
