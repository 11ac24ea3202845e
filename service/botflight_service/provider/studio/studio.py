"""Makes the file that a request asks for, out of the request alone: the same one gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from botflight_service.generation.attempts import ResultKind
from botflight_service.provider.interface import GenerationRequest
from botflight_service.provider.studio.unmakeable import Unmakeable

_SMALLEST_SIDE_PX: Final = 16
_DEFAULT_SECONDS: Final = 6.0
_SUFFIXES: Final[Mapping[ResultKind, str]] = {
    ResultKind.PHOTO: ".png",
    ResultKind.ANIMATION: ".gif",
    ResultKind.AUDIO: ".wav",
}


class Maker(Protocol):
    """Makes files. Called in worker threads."""

    def suffix(self, request: GenerationRequest) -> str:
        """How the name of the file will end: `.png`."""
        ...

    def make(self, request: GenerationRequest) -> bytes:
        """The file. Raises Unmakeable where the request cannot be met."""
        ...


@dataclass(frozen=True, slots=True)
class Studio:
    """Paints, retouches, animates and composes.

    Inputs that it knows, each of them optional: `prompt`, `shape` (as "16:9"), `seconds`, `factor`, and a file, which
    is retouched, or made larger where there is a factor.
    """

    #: The side of a square picture; others have about as many pixels. Small ones are drawn in no time.
    side_px: int = 1024

    def suffix(self, request: GenerationRequest) -> str:
        """How the name of the file will end; a photo that was worked on stays a JPEG."""
        return ".jpg" if request.kind is ResultKind.PHOTO and request.files else _SUFFIXES[request.kind]

    def make(self, request: GenerationRequest) -> bytes:
        """The file. Raises Unmakeable where the photo is none or the numbers are absurd."""
        rng = Random(seed(request))  # noqa: S311 (chance that can be repeated is what is wanted)
        match request.kind:
            case ResultKind.AUDIO:
                return _sound(request, rng)
            case ResultKind.ANIMATION:
                return self._animation(request, rng)
            case ResultKind.PHOTO if request.files:
                return _retouched(request, rng)
            case ResultKind.PHOTO:
                return self._picture(request, rng)

    def _picture(self, request: GenerationRequest, rng: Random) -> bytes:
        # Pillow is loaded by the first picture, not by whoever imports a provider.
        from botflight_service.provider.studio import painting  # noqa: PLC0415

        content = io.BytesIO()
        painting.painted(rng, _text(request), self._size(request)).save(content, "PNG", compress_level=6)
        return content.getvalue()

    def _animation(self, request: GenerationRequest, rng: Random) -> bytes:
        from botflight_service.provider.studio import animation  # noqa: PLC0415

        width, height = self._size(request)
        small = (max(width * 3 // 8, _SMALLEST_SIDE_PX), max(height * 3 // 8, _SMALLEST_SIDE_PX))
        return animation.animated(rng, _text(request), small, seconds=_number(request, "seconds", _DEFAULT_SECONDS))

    def _size(self, request: GenerationRequest) -> tuple[int, int]:
        """Width and height for the `shape` of the request, in whole eights."""
        across, _, down = request.inputs.get("shape", "1:1").partition(":")
        if not (across.isdecimal() and down.isdecimal() and 0 < int(across) <= 4 * int(down) <= 16 * int(across)):
            across, down = "1", "1"
        ratio = math.sqrt(int(across) / int(down))
        return _eights(self.side_px * ratio), _eights(self.side_px / ratio)


def seed(request: GenerationRequest) -> int:
    """A number that follows from the model and its inputs; a file counts by its content, not by its name."""
    inputs = dict(request.inputs) | {
        name: hashlib.sha256(content).hexdigest() for name, content in request.files.items()
    }
    canonical = json.dumps([request.model, request.kind, inputs], sort_keys=True, ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(canonical.encode()).digest()[:8])


def _sound(request: GenerationRequest, rng: Random) -> bytes:
    from botflight_service.provider.studio import sound  # noqa: PLC0415

    return sound.composed(rng, _text(request), seconds=_number(request, "seconds", _DEFAULT_SECONDS))


def _retouched(request: GenerationRequest, rng: Random) -> bytes:
    from botflight_service.provider.studio import retouch  # noqa: PLC0415

    photo = next(iter(request.files.values()))
    if "factor" in request.inputs:
        return retouch.enlarged(photo, factor=_number(request, "factor", 2.0))
    return retouch.retouched(rng, photo, _text(request))


def _text(request: GenerationRequest) -> str:
    return request.inputs.get("prompt", "")


def _number(request: GenerationRequest, name: str, default: float) -> float:
    try:
        value = float(request.inputs.get(name, default))
    except ValueError:
        raise Unmakeable("input_not_a_number") from None
    if not math.isfinite(value) or value <= 0:
        raise Unmakeable("input_out_of_range")
    return value


def _eights(pixels: float) -> int:
    return max(_SMALLEST_SIDE_PX, round(pixels / 8) * 8)
