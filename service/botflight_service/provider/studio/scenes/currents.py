"""Thousands of fine lines that follow one invisible wind."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from botflight_service.provider.studio import canvas as brushes
from botflight_service.provider.studio import field
from botflight_service.provider.studio.canvas import Canvas, Point
from botflight_service.provider.studio.palette import mixed

_FINER = 2
_LINES = 1_500


def paint(canvas: Canvas) -> Image.Image:
    """Paint the scene."""
    rng, (width, height) = canvas.rng, canvas.size
    bright = canvas.chance(0.45)
    ground = field.noise(rng, canvas.size, cells=1.2, octaves=2)
    low, high = (0.86, 1.0) if bright else (0.0, 0.2)
    picture = field.coloured(field.levels(rng, ground), canvas.palette.ramp(low, high))
    large = picture.resize((width * _FINER, height * _FINER))
    brush = ImageDraw.Draw(large)
    wind = _Wind(canvas)
    # A small picture has no room for all of them.
    for number in range(round(_LINES * min(1.0, 0.1 + canvas.unit * 1.5))):
        start = (rng.uniform(-0.1, 1.1) * width, rng.uniform(-0.1, 1.1) * height)
        trail = wind.trail(start, steps=rng.randint(18, 60))
        place = wind.shade(start)
        tone = (0.05 + 0.75 * place) if bright else (0.3 + 0.7 * place)
        colour = mixed(canvas.palette.at(tone), canvas.palette.at(0.5), rng.uniform(0, 0.3))
        thick = rng.choice((1.5, 2, 3, 4, 7 if number % 5 else 14)) * canvas.unit * _FINER
        points = [(x * _FINER, y * _FINER) for x, y in trail]
        brush.line(points, fill=colour, width=max(1, round(thick)), joint="curve")
        _round_ends(brush, points, thick / 2, colour)
    return brushes.finished(canvas, large.resize(canvas.size, Image.Resampling.BOX), vignette=0.2)


def _round_ends(brush: brushes.Brush, points: list[Point], radius: float, colour: tuple[int, int, int]) -> None:
    if radius > 1:
        for x, y in (points[0], points[-1]):
            brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


class _Wind:
    """Where the wind blows at each point: a coarse grid of angles, looked up without interpolation."""

    _CELLS = 96

    def __init__(self, canvas: Canvas) -> None:
        rng = canvas.rng
        grid = (self._CELLS, self._CELLS)
        self._width, self._height = canvas.size
        self._step = 11 * canvas.unit
        angles = field.noise(rng, grid, cells=rng.uniform(1.2, 2.4), octaves=2).tobytes()
        base, turns = rng.uniform(0, math.tau), rng.uniform(0.9, 1.7)
        self._angles = [base + (value - 0.5) * math.tau * turns for value in memoryview(angles).cast("f")]
        self._shades = list(memoryview(field.noise(rng, grid, cells=1.6, octaves=2).tobytes()).cast("f"))

    def trail(self, start: Point, *, steps: int) -> list[Point]:
        """The way of a leaf from `start`."""
        x, y = start
        points = [start]
        for _ in range(steps):
            angle = self._angles[self._cell(x, y)]
            x += math.cos(angle) * self._step
            y += math.sin(angle) * self._step
            points.append((x, y))
        return points

    def shade(self, place: Point) -> float:
        """How light the lines are that begin here."""
        return min(max((self._shades[self._cell(*place)] - 0.5) * 2.0 + 0.5, 0.0), 1.0)

    def _cell(self, x: float, y: float) -> int:
        last = self._CELLS - 1
        column = min(max(int(x / self._width * self._CELLS), 0), last)
        row = min(max(int(y / self._height * self._CELLS), 0), last)
        return row * self._CELLS + column
