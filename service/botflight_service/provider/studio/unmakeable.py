"""What the studio raises when a request cannot be met."""

from __future__ import annotations


class Unmakeable(Exception):
    """A file cannot be made out of this request. `code` is stable: the job fails with it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
