"""Mountains behind mountains, the nearest darkest, under a sun or a moon; sometimes over still water."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image

from botflight_service.provider.studio import canvas as brushes
from botflight_service.provider.studio import field
from botflight_service.provider.studio.canvas import Canvas
from botflight_service.provider.studio.palette import mixed
from botflight_service.provider.studio.scenes import figures
from botflight_service.provider.studio.scenes.figures import Figure

#: Where the water begins, in shares of the height.
_SHORE = 0.68
_NIGHT = ("night", "moon", "ноч", "лун")


def paint(canvas: Canvas) -> Image.Image:
    """Paint the scene."""
    figure = figures.asked_for(canvas.text)
    water = canvas.chance(0.5) or (figure is not None and figure.afloat)
    picture, sun = _land(canvas, figure, horizon=_horizon(figure) if water else 0.8)
    if water:
        picture = _mirrored(canvas, picture, sun, _Ripples(canvas), phase=0.0)
    return brushes.finished(canvas, picture)


def loop(canvas: Canvas, frames: int) -> list[Image.Image]:
    """The water in motion before land that stands still."""
    figure = figures.asked_for(canvas.text)
    land, sun = _land(canvas, figure, horizon=_horizon(figure))
    ripples = _Ripples(canvas)
    return [_mirrored(canvas, land, sun, ripples, phase=number / frames) for number in range(frames)]


def _horizon(figure: Figure | None) -> float:
    """How far down the land reaches before water; low enough to see a sail above it."""
    return 0.7 if figure is not None and figure.afloat else 0.62


def _land(canvas: Canvas, figure: Figure | None, *, horizon: float) -> tuple[Image.Image, brushes.Point]:
    """Sky and ridges with whoever stands there, and where the sun is."""
    rng = canvas.rng
    night = any(word in canvas.text for word in _NIGHT) or canvas.chance(0.2)
    # Low and large where somebody stands before it, and with few hills between.
    sun = canvas.at(rng.uniform(0.25, 0.75), horizon - 0.2 if figure else rng.uniform(0.2, 0.42))
    radius = (rng.uniform(165, 190) if figure else rng.uniform(46, 92)) * canvas.unit
    picture = _sky(canvas, sun, radius, night=night)
    layers = rng.randint(2, 3) if figure else rng.randint(5, 7)
    farthest = horizon - 0.08 if figure else 0.36
    crest: list[brushes.Point] = []
    for layer in range(layers):
        near = (layer + 1) / layers
        base, palest = farthest + (horizon - farthest) * near, 0.4 if night else 0.82
        picture, crest = _ridge(canvas, picture, near=near, base=base, palest=palest)
    if figure is not None:
        foot = min(crest, key=lambda place: abs(place[0] - sun[0]))
        if figure.afloat:
            foot = (sun[0], canvas.size[1] * _SHORE)
        picture.paste(canvas.palette.at(0.0), mask=figures.stencil(canvas, figure, foot))
    return picture, sun


def _sky(canvas: Canvas, sun: brushes.Point, radius: float, *, night: bool) -> Image.Image:
    rng, palette = canvas.rng, canvas.palette
    foot, top = (0.55, 0.02) if night else (0.98, rng.uniform(0.35, 0.55))
    clouds = field.noise(rng, canvas.size, cells=2.5, octaves=4)
    streaks = clouds.resize((canvas.size[0] * 3, canvas.size[1]), Image.Resampling.BILINEAR).crop((0, 0, *canvas.size))
    height = field.down(canvas.size, lambda y: top + (foot - top) * min(y / 0.75, 1.0) ** 1.3)
    veiled = field.computed(lambda h, c: h + (c - 0.5) * 0.16, height, streaks)
    picture = field.coloured(field.levels(rng, veiled), palette.ramp())
    if night:
        picture = stars(canvas, picture, count=260)
    light = mixed(palette.at(1.0), (255, 255, 255), 0.4)
    picture = brushes.glow(picture, brushes.halo(canvas, sun, radius=0.34, strength=0.75), palette.at(0.8))
    picture.paste(light, mask=brushes.disc(canvas, sun, radius))
    return picture


def stars(canvas: Canvas, picture: Image.Image, *, count: int, floor: float = 0.7) -> Image.Image:
    """The picture with stars above `floor` (a share of its height)."""
    rng, (width, height) = canvas.rng, canvas.size

    def draw(brush: brushes.Brush, scale: float) -> None:
        for _ in range(count):
            x, y = rng.uniform(0, width) * scale, rng.uniform(0, height * floor) * scale
            radius = rng.choice((0.6, 0.8, 1.0, 1.5, 2.2)) * canvas.unit * scale
            brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=rng.randint(90, 255))

    return brushes.glow(picture, brushes.stencil(canvas.size, draw), (255, 250, 240))


def _ridge(
    canvas: Canvas, picture: Image.Image, *, near: float, base: float, palest: float
) -> tuple[Image.Image, list[brushes.Point]]:
    """One more ridge in front, and its crest; the far ones are pale and smooth, the near ones dark and rough."""
    rng, (width, height) = canvas.rng, canvas.size
    points = max(width // 2, 2)
    line = field.smooth_line(rng, points, bumps=rng.uniform(1.5, 3.0), roughness=0.42 + 0.08 * near)
    middle, tall = height * base, height * (0.13 - 0.06 * near)
    crest = [(place * width / (points - 1), middle - tall * level) for place, level in enumerate(line)]
    body = brushes.shape(canvas.size, [(0, height), *crest, (width, height)])
    colour = canvas.palette.at(palest * (1 - near**0.8))
    mist = mixed(colour, canvas.palette.at(palest + 0.13), 0.42 * (1 - near) + 0.14)
    fade = field.down(canvas.size, lambda y: min(max((y * height - middle + tall) / (0.3 * height), 0.0), 1.0))
    ramp = [mixed(colour, mist, level / 255) for level in range(256)]
    return Image.composite(field.coloured(field.levels(rng, fade), ramp), picture, body), crest


class _Ripples:
    """How the water moves: the sway of each row, and glints of light, both the same again after one round."""

    def __init__(self, canvas: Canvas) -> None:
        rng, height = canvas.rng, canvas.size[1]
        self.shore = round(height * _SHORE)
        self.depth = height - self.shore
        self._one, self._other = (
            field.smooth_line(rng, self.depth, bumps=self.depth / canvas.unit / 9, octaves=2) for _ in range(2)
        )
        self.glints = [_Glint(rng.random(), rng.random(), rng.gauss(0, 1), rng.random()) for _ in range(90)]

    def sway(self, row: int, phase: float) -> float:
        """How far a row is moved, about -1 to 1."""
        return self._one[row] * math.cos(phase * math.tau) + self._other[row] * math.sin(phase * math.tau)


@dataclass(frozen=True, slots=True)
class _Glint:
    """A short stroke of light on the water; each field a share by chance."""

    near: float
    length: float
    aside: float
    brightness: float

    def level(self, phase: float) -> int:
        """How bright it is, 0 to 255."""
        return round(30 + 100 * abs(math.sin((phase + self.brightness) * math.pi)))


def _mirrored(canvas: Canvas, land: Image.Image, sun: brushes.Point, ripples: _Ripples, *, phase: float) -> Image.Image:
    """The lower third as water: the picture upside down, rippled, darker, with a path of light."""
    width = canvas.size[0]
    shore, depth = ripples.shore, ripples.depth
    flipped = land.crop((0, shore - depth, width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    water = Image.new("RGB", (width, depth))
    for y in range(depth):
        shift = ripples.sway(y, phase) * (2 + 12 * y / depth) * canvas.unit
        reach = math.ceil(abs(shift)) + 1
        # A little wider than the picture, so that no ripple lays its end bare.
        row = flipped.resize((width + 2 * reach, 1), Image.Resampling.NEAREST, box=(0, y, width, y + 1))
        water.paste(row, (round(shift) - reach, y))
    result = land.copy()
    result.paste(Image.blend(water, Image.new("RGB", water.size, canvas.palette.at(0.12)), 0.3), (0, shore))
    return brushes.glow(result, _path_of_light(canvas, sun[0], ripples, phase), canvas.palette.at(1.0))


def _path_of_light(canvas: Canvas, x: float, ripples: _Ripples, phase: float) -> Image.Image:
    def draw(brush: brushes.Brush, scale: float) -> None:
        for glint in ripples.glints:
            near = glint.near
            y = ripples.shore + ripples.depth * near
            half = (8 + (32 + 60 * near) * glint.length) * canvas.unit
            centre = x + glint.aside * (22 + 40 * near) * canvas.unit
            tall = (1.0 + 2.2 * near) * canvas.unit
            box = [centre - half, y - tall, centre + half, y + tall]
            brush.ellipse([value * scale for value in box], fill=glint.level(phase))

    return brushes.stencil(canvas.size, draw)
