"""What was tried: a file of one JSON line an attempt, which every process of a run appends to.

Child Pythons load this file by its path, so it imports nothing of ours and nothing that takes time.
"""

from __future__ import annotations

import os

#: Where nothing listens and nothing is sent to: TEST-NET-2 (RFC 5737), the documentation prefix (RFC 3849), and a
#: name that cannot exist (RFC 6761). The self-test tries these, and they are no attempt of anybody.
SELF_TEST_V4 = "198.51.100.77"
SELF_TEST_V6 = "2001:db8::77"
SELF_TEST_NAME = "self-test.botflight.invalid"
SELF_TEST_PORT = 9

#: A line is written by one write(2), so that lines of several processes do not mix; longer text is cut.
_MAX_TEXT = 500
#: More attempts than this are counted by the first of them: a loop that tries for ever fills no disk.
MAX_JOURNAL_BYTES = 4_000_000
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT


class Attempt:
    """One attempt to reach a network.

    `layer` is what stopped it, `call` how it was made, `test` the test with its phase (empty outside of
    tests), `where` a file and line, `program` the command line of the process `pid`.
    """

    __slots__ = ("call", "destination", "layer", "pid", "program", "test", "where")

    def __init__(
        self,
        *,
        layer: str,
        call: str,
        destination: str,
        test: str = "",
        where: str = "",
        pid: int = 0,
        program: str = "",
    ) -> None:
        self.layer = layer
        self.call = call
        self.destination = destination
        self.test = test
        self.where = where
        self.pid = pid
        self.program = program

    def __str__(self) -> str:
        at = f" at {self.where}" if self.where else ""
        by = f" by {self.program} (pid {self.pid})" if self.program else ""
        test = f", in {self.test}" if self.test else ""
        return f"{self.call} to {self.destination}{at}{by}, stopped by {self.layer}{test}"

    @property
    def is_self_test(self) -> bool:
        """Tell whether the guard tried its own layers."""
        return (
            SELF_TEST_V4 in self.destination or SELF_TEST_V6 in self.destination or self.destination == SELF_TEST_NAME
        )

    def as_dict(self) -> dict[str, object]:
        """The attempt as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


class Journal:
    """The attempts of one process tree, in the file at `path`."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def record(self, attempt: Attempt) -> None:
        """Append an attempt. What cannot be written is still blocked, so a full disk raises nothing."""
        import json  # noqa: PLC0415 - late: most processes never need it

        values = {
            key: value[:_MAX_TEXT] if isinstance(value, str) else value for key, value in attempt.as_dict().items()
        }
        try:
            descriptor = os.open(self.path, _APPENDING, 0o666)
        except OSError:
            return
        try:
            if os.fstat(descriptor).st_size < MAX_JOURNAL_BYTES:
                os.write(descriptor, json.dumps(values).encode() + b"\n")
        finally:
            os.close(descriptor)

    def size(self) -> int:
        """How many bytes there are."""
        try:
            return os.stat(self.path).st_size  # noqa: PTH116 - pathlib takes 10 ms to import
        except OSError:
            return 0

    def since(self, offset: int = 0) -> tuple[list[Attempt], int]:
        """Return the attempts after byte `offset`, and the offset after them. A half-written line waits."""
        import json  # noqa: PLC0415 - late: most processes never need it

        try:
            with open(self.path, "rb") as file:  # noqa: PTH123 - pathlib takes 10 ms to import
                file.seek(offset)
                data = file.read()
        except OSError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        return [Attempt(**json.loads(line)) for line in whole.splitlines()], offset + len(whole)
