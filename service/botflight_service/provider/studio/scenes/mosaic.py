"""A wall of tiles: quarter circles, half circles, leaves and rings, put together by chance."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from botflight_service.provider.studio import canvas as brushes
from botflight_service.provider.studio.canvas import Canvas
from botflight_service.provider.studio.palette import Colour

_FINER = 2
Corner = tuple[float, float]


def paint(canvas: Canvas) -> Image.Image:
    """Paint the scene."""
    rng, (width, height) = canvas.rng, canvas.size
    across = rng.choice((4, 5, 6, 8))
    tile = min(width, height) * _FINER / across
    picture = Image.new("RGB", (width * _FINER, height * _FINER), canvas.palette.at(0.97))
    brush = ImageDraw.Draw(picture)
    for row in range(int(height * _FINER / tile) + 1):
        for column in range(int(width * _FINER / tile) + 1):
            _tile(canvas, brush, (column * tile, row * tile), tile)
    return brushes.finished(canvas, picture.resize(canvas.size, Image.Resampling.BOX), vignette=0.12, texture=0.10)


def _tile(canvas: Canvas, brush: ImageDraw.ImageDraw, corner: Corner, side: float) -> None:
    """One tile: a ground, and a figure of another colour on it."""
    rng = canvas.rng
    ground, figure, accent = rng.sample(canvas.palette.colours, 3)
    x, y = corner
    brush.rectangle([x, y, x + side, y + side], fill=ground)
    rng.choice((_quarter, _quarter, _leaf, _half, _rings, _dot))(
        brush, corner, side, (figure, accent), rng.randrange(4)
    )


def _quarter(
    brush: ImageDraw.ImageDraw, corner: Corner, side: float, colours: tuple[Colour, Colour], turn: int
) -> None:
    for share, colour in zip((1.0, 0.5), colours, strict=True):
        _pie(brush, corner, side, turn, share, colour)


def _rings(brush: ImageDraw.ImageDraw, corner: Corner, side: float, colours: tuple[Colour, Colour], turn: int) -> None:
    for step in range(5, 0, -1):
        _pie(brush, corner, side, turn, step / 5, colours[step % 2])


def _leaf(brush: ImageDraw.ImageDraw, corner: Corner, side: float, colours: tuple[Colour, Colour], turn: int) -> None:
    for share, colour in zip((1.0, 0.55), colours, strict=True):
        brush.polygon(_lens(corner, side, share, flipped=bool(turn % 2)), fill=colour)


def _lens(corner: Corner, side: float, share: float, *, flipped: bool) -> list[Corner]:
    """What the quarter circles around two opposite corners have in common, `share` as wide."""
    outline = []
    for step in range(-20, 20):
        angle = math.radians(abs(step) * 4.5)
        along, up = math.cos(angle), math.sin(angle)
        bulge = (along + up - 1) / 2 * share * (1 if step < 0 else -1)
        middle = (1 + along - up) / 2
        across, down = middle + bulge, 1 - middle + bulge
        outline.append((corner[0] + (1 - across if flipped else across) * side, corner[1] + down * side))
    return outline


def _half(brush: ImageDraw.ImageDraw, corner: Corner, side: float, colours: tuple[Colour, Colour], turn: int) -> None:
    x, y = corner
    start = turn * 90
    shifts = ((0, 0.5), (-0.5, 0), (0, -0.5), (0.5, 0))
    dx, dy = shifts[turn][0] * side, shifts[turn][1] * side
    brush.pieslice([x + dx, y + dy, x + side + dx, y + side + dy], start + 180, start + 360, fill=colours[0])
    brush.pieslice([x, y, x + side, y + side], start + 180, start + 360, fill=colours[1])


def _dot(brush: ImageDraw.ImageDraw, corner: Corner, side: float, colours: tuple[Colour, Colour], turn: int) -> None:
    x, y = corner
    for share, colour in zip((0.36 + 0.03 * turn, 0.16), colours, strict=True):
        reach = side * share
        middle = (x + side / 2, y + side / 2)
        brush.ellipse([middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach], fill=colour)


def _pie(brush: ImageDraw.ImageDraw, corner: Corner, side: float, turn: int, share: float, colour: Colour) -> None:
    """A quarter of a circle around one corner of the tile."""
    x, y = corner
    centre = ((x, y), (x + side, y), (x + side, y + side), (x, y + side))[turn]
    reach = side * share
    box = [centre[0] - reach, centre[1] - reach, centre[0] + reach, centre[1] + reach]
    brush.pieslice(box, turn * 90, turn * 90 + 90, fill=colour)
