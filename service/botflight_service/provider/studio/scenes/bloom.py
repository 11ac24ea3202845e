"""One great flower: petals by the golden angle, from the rim to the heart."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from botflight_service.provider.studio import canvas as brushes
from botflight_service.provider.studio import field
from botflight_service.provider.studio.canvas import Canvas, Point
from botflight_service.provider.studio.palette import mixed

_GOLDEN = math.pi * (3 - math.sqrt(5))
_FINER = 2


def paint(canvas: Canvas) -> Image.Image:
    """Paint the scene."""
    picture, centre = _ground(canvas, canvas.at(canvas.rng.uniform(0.44, 0.56), canvas.rng.uniform(0.44, 0.56)))
    flower = _Flower(canvas, centre)
    return brushes.finished(canvas, flower.painted(picture, phase=0.0), vignette=0.3)


def loop(canvas: Canvas, frames: int) -> list[Image.Image]:
    """The petals swaying one after the other, round and round."""
    picture, centre = _ground(canvas, canvas.at(0.5, 0.5))
    flower = _Flower(canvas, centre)
    return [flower.painted(picture, phase=number / frames) for number in range(frames)]


def _ground(canvas: Canvas, centre: Point) -> tuple[Image.Image, Point]:
    """What the flower lies on, dark or bright, lit from behind."""
    dark = canvas.chance(0.6)
    clouds = field.noise(canvas.rng, canvas.size, cells=1.5, octaves=3)
    ramp = canvas.palette.ramp(0.0, 0.22) if dark else canvas.palette.ramp(0.84, 1.0)
    picture = field.coloured(field.levels(canvas.rng, clouds), ramp)
    if dark:
        light = brushes.halo(canvas, centre, radius=0.42, strength=0.5)
        picture = brushes.glow(picture, light, canvas.palette.at(0.45))
    return picture, centre


class _Flower:
    """A flower that can be painted again and again, its petals swaying."""

    def __init__(self, canvas: Canvas, centre: Point) -> None:
        rng = canvas.rng
        self._canvas = canvas
        self._centre = (centre[0] * _FINER, centre[1] * _FINER)
        self._reach = rng.uniform(0.40, 0.47) * min(canvas.size) * _FINER
        self._slim, self._turn, self._sway = rng.uniform(0.30, 0.52), rng.uniform(0, math.tau), rng.uniform(0.08, 0.28)
        petals = rng.randint(210, 380)
        #: From the rim inward: how far out, and a little chance for length and tone.
        self._petals = [
            (number, math.sqrt(number / petals), rng.uniform(0.9, 1.1), rng.uniform(-0.06, 0.06))
            for number in range(petals, 3, -1)
        ]

    def painted(self, ground: Image.Image, *, phase: float) -> Image.Image:
        """The flower on a ground, at a phase of its sway from 0 to 1."""
        large = ground.resize((ground.width * _FINER, ground.height * _FINER))
        brush = ImageDraw.Draw(large)
        for petal in self._petals:
            self._draw(brush, *petal, phase=phase)
        _heart(self._canvas, brush, self._centre, self._reach * 0.14)
        return large.resize(ground.size, Image.Resampling.BOX)

    def _draw(
        self, brush: ImageDraw.ImageDraw, number: int, far: float, longer: float, lighter: float, *, phase: float
    ) -> None:
        colours = self._canvas.palette
        angle = self._turn + number * _GOLDEN
        away = self._reach * far * 0.5
        base = (self._centre[0] + math.cos(angle) * away, self._centre[1] + math.sin(angle) * away)
        length = self._reach * (0.16 + 0.42 * far) * longer
        colour = colours.at(0.94 - 0.72 * far + lighter)
        lean = angle + self._sway * math.sin(3 * angle + phase * math.tau) * far
        below = (base[0] + 5 * self._canvas.unit, base[1] + 9 * self._canvas.unit)
        brush.polygon(_petal(below, lean, length * 1.02, self._slim * 1.05), fill=mixed(colour, colours.at(0.0), 0.45))
        brush.polygon(_petal(base, lean, length, self._slim), fill=colour)
        brush.polygon(_petal(base, lean, length * 0.78, self._slim * 0.45), fill=mixed(colour, colours.at(1.0), 0.16))


def _heart(canvas: Canvas, brush: ImageDraw.ImageDraw, centre: Point, reach: float) -> None:
    """The seeds in the middle, by the golden angle as well."""
    brush.ellipse(_around(centre, reach), fill=mixed(canvas.palette.at(0.1), canvas.palette.at(0.5), 0.3))
    for number in range(140):
        far = math.sqrt((number + 0.5) / 140)
        angle = number * _GOLDEN
        seed = (centre[0] + math.cos(angle) * reach * far, centre[1] + math.sin(angle) * reach * far)
        brush.ellipse(_around(seed, reach * (0.035 + 0.035 * far)), fill=canvas.palette.at(0.55 + 0.45 * far))


def _around(centre: Point, radius: float) -> tuple[float, float, float, float]:
    return (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)


def _petal(base: Point, angle: float, length: float, slim: float) -> list[Point]:
    """A petal's outline: two arcs that meet in a point."""
    along, beside = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    outline = []
    for step in range(21):
        share = step / 10
        out = share if share <= 1 else 2 - share
        wide = math.sin(math.pi * out**0.8) * slim * length * 0.5 * (1 if share <= 1 else -1)
        outline.append(
            (
                base[0] + along[0] * out * length + beside[0] * wide,
                base[1] + along[1] * out * length + beside[1] * wide,
            )
        )
    return outline
