"""As much of HTTP/1.1 as two ends of a benchmark need: whole messages, each with its Content-Length, kept alive."""


class NotSpoken(Exception):
    """A part of HTTP that is left out here, such as chunks."""


class Messages:
    """Cuts what a connection brings into messages."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Add what came; give the head and the body of every message that is whole. Raises NotSpoken."""
        buffer = self._buffer + data if self._buffer else data
        whole = []
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            head = buffer[:end]
            start = end + 4
            size = _content_length(head)
            if len(buffer) < start + size:
                break
            whole.append((head, buffer[start : start + size]))
            buffer = buffer[start + size :]
        self._buffer = buffer
        return whole


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at >= 0:
        value = lower[at + 17 :]
        return int(value[:line] if (line := value.find(b"\r\n")) >= 0 else value)
    if b"\r\ntransfer-encoding:" in lower:
        raise NotSpoken("chunks")
    return 0


def status_of(head: bytes) -> int:
    """The status of a response."""
    return int(head[9:12])


def path_of(head: bytes) -> bytes:
    """The path of a request."""
    return head.split(b" ", 2)[1]
