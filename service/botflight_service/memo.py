"""What a partner's service remembers of itself: small notes by name, each changed by whoever has read it last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """A note. Two that change it at once do not overwrite each other: the second is refused and reads again."""

    name: str
    #: How often it was written; a new one is written over version 0.
    version: int = 0
    #: What JSON can hold.
    body: Mapping[str, Any] = field(default_factory=dict)
    changed_at_ms: int = 0
