"""Pictures from words: a scene and a palette by what the prompt says, all else by chance that the prompt seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image

from botflight_service.provider.studio import palette
from botflight_service.provider.studio.canvas import Canvas
from botflight_service.provider.studio.scenes import aurora, bloom, currents, figures, mosaic, papercut, ridges


@dataclass(frozen=True, slots=True)
class Scene:
    """A way to paint, and the beginnings of words that call for it."""

    paint: Callable[[Canvas], Image.Image]
    words: tuple[str, ...]


SCENES: Final = (
    Scene(
        ridges.paint, ("mountain", "landscape", "sunset", "valley", "lake", "desert", "гор", "закат", "озер", "пейзаж")
    ),
    Scene(
        aurora.paint, ("aurora", "night", "star", "space", "polar", "forest", "сияни", "ноч", "звезд", "космос", "лес")
    ),
    Scene(bloom.paint, ("flower", "rose", "bloom", "garden", "petal", "dahlia", "цвет", "роз", "сад", "лепест")),
    Scene(currents.paint, ("wind", "wave", "music", "sea", "ocean", "hair", "ветер", "волн", "музык", "море", "океан")),
    Scene(
        papercut.paint, ("paper", "cave", "abstract", "dream", "heart", "бумаг", "пещер", "абстракт", "сон", "сердц")
    ),
    Scene(mosaic.paint, ("city", "pattern", "geometr", "robot", "tile", "retro", "город", "узор", "геометр", "робот")),
)


def painted(rng: Random, text: str, size: tuple[int, int]) -> Image.Image:
    """A picture of `size` for the words of `text`."""
    said = text.lower()
    if figures.asked_for(said):
        return ridges.paint(Canvas(rng, size, palette.chosen(rng, said), said))
    called = [scene for scene in SCENES if any(word in said for word in scene.words)]
    scene = rng.choice(called or SCENES)
    return scene.paint(Canvas(rng, size, palette.chosen(rng, said), said))
