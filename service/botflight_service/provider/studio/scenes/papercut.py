"""Sheets of coloured paper with holes, one behind the other, each casting its shadow on the next."""

from __future__ import annotations

from PIL import Image

from botflight_service.provider.studio import canvas as brushes
from botflight_service.provider.studio import field
from botflight_service.provider.studio.canvas import Canvas

#: How many sheets of a tunnel are seen at once.
_DEEP = 6


def paint(canvas: Canvas) -> Image.Image:
    """Paint the scene."""
    rng, palette = canvas.rng, canvas.palette
    sheets = rng.randint(6, 8)
    centre = canvas.at(rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.65))
    heights = field.computed(
        lambda n, d: d * 0.95 + (n - 0.5) * 0.75,
        field.noise(rng, canvas.size, cells=rng.uniform(1.6, 2.6), octaves=2),
        field.distance(canvas.size, centre),
    )
    inward = canvas.chance(0.6)
    picture = Image.new("RGB", canvas.size, palette.at(1.0 if inward else 0.0))
    if inward:
        picture = brushes.glow(picture, brushes.halo(canvas, centre, radius=0.3, strength=0.5), palette.at(0.9))
    for sheet in range(sheets):
        share = (sheet + 1) / sheets
        colour = palette.at(1.0 - share if inward else share)
        picture = _sheet(canvas, picture, heights, edge=0.08 + 0.62 * share**0.9, colour=colour)
    return brushes.finished(canvas, picture, vignette=0.15, texture=0.09)


def _sheet(
    canvas: Canvas, picture: Image.Image, heights: Image.Image, *, edge: float, colour: tuple[int, int, int]
) -> Image.Image:
    """One more sheet on top, with a hole where the heights are below `edge`."""
    sharp = 340.0 * canvas.unit
    body = field.mask(field.computed(lambda h: (h - edge) * sharp + 0.5, heights))
    cast = brushes.shadow(body, radius=13 * canvas.unit, shift=(5 * canvas.unit, 12 * canvas.unit))
    dark = Image.new("RGB", canvas.size, canvas.palette.at(0.0))
    picture = Image.composite(dark, picture, cast.point([level * 5 // 9 for level in range(256)]))
    picture.paste(colour, mask=body)
    return picture


def loop(canvas: Canvas, frames: int) -> list[Image.Image]:
    """The sheets opening one after the other, for ever: after one round each stands where the next one stood."""
    rng, (width, height) = canvas.rng, canvas.size
    heights = field.computed(
        lambda n, d: d * 1.0 + (n - 0.5) * 0.5,
        field.noise(rng, canvas.size, cells=rng.uniform(1.8, 2.6), octaves=2),
        field.distance(canvas.size, (width / 2, height / 2)),
    )
    wheel = [*canvas.palette.colours[1:], *canvas.palette.colours[-2:1:-1]]
    return [_tunnel(canvas, heights, wheel, number * len(wheel) / frames) for number in range(frames)]


def _tunnel(canvas: Canvas, heights: Image.Image, wheel: list[tuple[int, int, int]], turned: float) -> Image.Image:
    """The sheets after so many have opened and gone."""
    gone, share = int(turned), turned % 1.0
    picture = Image.new("RGB", canvas.size, wheel[(gone + _DEEP) % len(wheel)])
    for depth in range(_DEEP - 1, -1, -1):
        edge = 0.95 * ((_DEEP - 1 - depth + share) / _DEEP) ** 1.25 - 0.05
        picture = _sheet(canvas, picture, heights, edge=edge, colour=wheel[(gone + depth) % len(wheel)])
    return picture
