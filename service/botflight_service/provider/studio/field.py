"""Smooth fields of numbers as large as a picture (Pillow's mode F, about 0 to 1), and the way from them to colours."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from PIL import Image, ImageMath

from botflight_service.provider.studio.palette import Colour

Size = tuple[int, int]


def computed(formula: Callable[..., Any], *fields: Image.Image) -> Image.Image:
    """A field from others, pixel by pixel: `computed(lambda a, b: a * b, one, other)`."""
    names = [f"f{place}" for place in range(len(fields))]
    result: Image.Image = ImageMath.lambda_eval(
        lambda given: formula(*(given[name] for name in names)), **dict(zip(names, fields, strict=True))
    )
    return result


def noise(rng: Random, size: Size, *, cells: float, octaves: int = 3) -> Image.Image:
    """Clouds: `cells` bumps along the shorter side, with finer ones of half the height on top."""
    layers = [_bumps(rng, size, cells * 2**octave) for octave in range(octaves)]
    total = layers[0]
    for octave, layer in enumerate(layers[1:], start=1):
        total = computed(lambda a, b, share=0.5**octave: a + (b - 0.5) * share, total, layer)
    return total


def down(size: Size, profile: Callable[[float], float]) -> Image.Image:
    """A field that changes from top (0) to bottom (1) by `profile`."""
    values = array("f", (profile(y / max(size[1] - 1, 1)) for y in range(size[1])))
    return Image.frombytes("F", (1, size[1]), values.tobytes()).resize(size)


def across(size: Size, profile: Callable[[float], float]) -> Image.Image:
    """A field that changes from left (0) to right (1) by `profile`."""
    values = array("f", (profile(x / max(size[0] - 1, 1)) for x in range(size[0])))
    return Image.frombytes("F", (size[0], 1), values.tobytes()).resize(size)


def distance(size: Size, centre: tuple[float, float]) -> Image.Image:
    """How far each pixel is from `centre` (pixels), in shorter sides of the picture."""
    side = min(size)
    x = across(size, lambda share: (share * size[0] - centre[0]) / side)
    y = down(size, lambda share: (share * size[1] - centre[1]) / side)
    return computed(lambda a, b: (a * a + b * b) ** 0.5, x, y)


def grain(rng: Random, size: Size) -> Image.Image:
    """Film grain between 0 and 1, which hides the steps between neighbouring colours."""
    raw = Image.frombytes("L", size, rng.randbytes(size[0] * size[1]))
    return computed(lambda a: a / 255.0, raw.convert("F"))


def levels(rng: Random, field: Image.Image) -> Image.Image:
    """A field as 256 levels of grey, dithered."""
    return computed(lambda a, g: a * 255.0 + g - 0.5, field, grain(rng, field.size)).convert("L")


def mask(field: Image.Image) -> Image.Image:
    """A field as a mask."""
    return computed(lambda a: a * 255.0, field).convert("L")


def coloured(grey: Image.Image, ramp: Sequence[Colour]) -> Image.Image:
    """Grey levels as the 256 colours of a ramp."""
    return Image.merge("RGB", [grey.point([colour[channel] for colour in ramp]) for channel in range(3)])


def smooth_line(rng: Random, points: int, *, bumps: float, octaves: int = 5, roughness: float = 0.5) -> list[float]:
    """Heights of a ridge seen from the side, about -1 to 1, at `points` places from left to right."""
    total = [0.0] * points
    height = 1.0
    for _ in range(octaves):
        knots = [rng.uniform(-1, 1) for _ in range(math.ceil(bumps) + 4)]
        for place in range(points):
            at = place / points * bumps + 1
            before, here, after, beyond = knots[int(at) - 1 : int(at) + 3]
            total[place] += height * spline(before, here, after, beyond, at % 1.0)
        bumps, height = bumps * 2, height * roughness
    return total


def spline(a: float, b: float, c: float, d: float, share: float) -> float:
    """A value between `b` and `c` on the smooth (Catmull-Rom) curve through four."""
    return b + 0.5 * share * (c - a + share * (2 * a - 5 * b + 4 * c - d + share * (3 * (b - c) + d - a)))


def _bumps(rng: Random, size: Size, cells: float) -> Image.Image:
    side = min(size)
    grid = (max(2, round(cells * size[0] / side)) + 3, max(2, round(cells * size[1] / side)) + 3)
    values = array("f", (rng.random() for _ in range(grid[0] * grid[1])))
    return Image.frombytes("F", grid, values.tobytes()).resize(
        size, Image.Resampling.BICUBIC, box=(1, 1, grid[0] - 1, grid[1] - 1)
    )
