"""Short loops as GIFs: sheets of paper that open like a tunnel, a flower that turns, light on water."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image

from botflight_service.provider.studio import palette
from botflight_service.provider.studio.canvas import Canvas
from botflight_service.provider.studio.scenes import bloom, papercut, ridges

FRAMES: Final = 24
MOST_BYTES: Final = 2_000_000
_FRAME_MS: Final = (40, 200)
#: Tried in turn until the file is small enough: a share of the size, and how many colours.
_ECONOMIES: Final = ((1.0, 96), (0.8, 64), (0.6, 48), (0.45, 32))


@dataclass(frozen=True, slots=True)
class Loop:
    """A scene that moves: the frame at a phase from 0 to 1, where 1 is 0 again."""

    frames: Callable[[Canvas, int], list[Image.Image]]
    words: tuple[str, ...]


LOOPS: Final = (
    Loop(papercut.loop, ("tunnel", "space", "dream", "cave", "abstract", "heart", "космос", "сон", "тоннел", "сердц")),
    Loop(bloom.loop, ("flower", "rose", "bloom", "garden", "love", "turn", "цвет", "роз", "сад", "люб")),
    Loop(
        ridges.loop,
        ("sea", "water", "lake", "sunset", "mountain", "river", "night", "море", "вод", "озер", "закат", "гор", "ноч"),
    ),
)


def animated(rng: Random, text: str, size: tuple[int, int], *, seconds: float) -> bytes:
    """A GIF that loops for ever, one round in about `seconds`."""
    said = text.lower()
    called = [loop for loop in LOOPS if any(word in said for word in loop.words)]
    loop = rng.choice(called or LOOPS)
    frames = loop.frames(Canvas(rng, size, palette.chosen(rng, said), said), FRAMES)
    frame_ms = min(max(round(seconds * 1000 / FRAMES), _FRAME_MS[0]), _FRAME_MS[1])
    return within_bytes(frames, frame_ms=frame_ms)


def within_bytes(frames: list[Image.Image], *, frame_ms: int, most_bytes: int = MOST_BYTES) -> bytes:
    """The frames as a GIF of at most so many bytes, with fewer colours and pixels where they need too many."""
    content = b""
    for share, colours in _ECONOMIES:
        content = _gif(frames, share=share, colours=colours, frame_ms=frame_ms)
        if len(content) <= most_bytes:
            break
    return content


def _gif(frames: list[Image.Image], *, share: float, colours: int, frame_ms: int) -> bytes:
    size = (max(1, round(frames[0].width * share)), max(1, round(frames[0].height * share)))
    smaller = [frame.resize(size, Image.Resampling.LANCZOS) if share < 1 else frame for frame in frames]
    common = _contact_sheet(smaller).quantize(colours, method=Image.Quantize.MEDIANCUT)
    indexed = [frame.quantize(palette=common, dither=Image.Dither.NONE) for frame in smaller]
    written = io.BytesIO()
    indexed[0].save(written, "GIF", save_all=True, append_images=indexed[1:], duration=frame_ms, loop=0, optimize=False)
    return written.getvalue()


def _contact_sheet(frames: list[Image.Image]) -> Image.Image:
    """A few frames in one picture: their colours serve all."""
    some = frames[:: max(1, len(frames) // 6)]
    sheet = Image.new("RGB", (frames[0].width, frames[0].height * len(some)))
    for number, frame in enumerate(some):
        sheet.paste(frame, (0, number * frame.height))
    return sheet
