"""Northern lights over a dark shore."""

from __future__ import annotations

import math

from PIL import Image, ImageChops

from botflight_service.provider.studio import canvas as brushes
from botflight_service.provider.studio import field
from botflight_service.provider.studio.canvas import Canvas
from botflight_service.provider.studio.palette import Colour, mixed
from botflight_service.provider.studio.scenes import ridges

_STRIP = 8
#: A box of the result, and the four corners that it is taken from.
Strip = tuple[tuple[int, int, int, int], tuple[float, ...]]
#: Lights are green at the foot and turn to the palette's own colour above, whatever the palette.
_GREEN: Colour = (88, 255, 170)


def paint(canvas: Canvas) -> Image.Image:
    """Paint the scene."""
    rng = canvas.rng
    sky = field.down(canvas.size, lambda y: 0.04 + 0.22 * y)
    picture = field.coloured(field.levels(rng, sky), canvas.palette.ramp())
    picture = ridges.stars(canvas, picture, count=420, floor=0.8)
    for _ in range(rng.randint(2, 4)):
        picture = _curtain(canvas, picture)
    return brushes.finished(canvas, _shore(canvas, picture))


def _curtain(canvas: Canvas, picture: Image.Image) -> Image.Image:
    """One curtain of light, hanging from a winding line."""
    rng, width = canvas.rng, canvas.size[0]
    folds = field.smooth_line(rng, width, bumps=rng.uniform(7, 11), octaves=4, roughness=0.62)
    sway = field.smooth_line(rng, width // _STRIP + 2, bumps=rng.uniform(1.0, 2.0), octaves=3, roughness=0.4)
    foot, tall = rng.uniform(0.42, 0.62), rng.uniform(0.30, 0.46)
    rays = field.across(canvas.size, lambda x: 0.45 + 0.38 * folds[min(int(x * width), width - 1)])
    fall = field.down(canvas.size, lambda y: _brightness((foot - y) / tall))
    hanging = field.mask(field.computed(lambda a, b: a * b, rays, fall))
    wound = hanging.transform(canvas.size, Image.Transform.MESH, _strips(canvas.size, sway), Image.Resampling.BILINEAR)
    above = canvas.palette.at(rng.uniform(0.55, 0.75))
    ramp = [mixed(above, _GREEN, min(max((level / 255 - 0.05) * 1.5, 0), 1)) for level in range(256)]
    tint = field.coloured(wound, ramp)
    return ImageChops.screen(picture, ImageChops.multiply(tint, Image.merge("RGB", [wound] * 3)))


def _brightness(above: float) -> float:
    """How bright a curtain is at a height above its foot, in curtains."""
    if above < 0:
        return math.exp(above * 26)
    return math.exp(-above * 2.6) * min(1.0, max(0.0, 1.35 - above) * 2)


def _strips(size: tuple[int, int], sway: list[float]) -> list[Strip]:
    """Upright strips, each moved up or down by the line that the curtain hangs from."""
    width, height = size
    strips: list[Strip] = []
    for number, left in enumerate(range(0, width, _STRIP)):
        right = min(left + _STRIP, width)
        one, other = sway[number] * height * 0.11, sway[number + 1] * height * 0.11
        quad = (left, one, left, height + one, right, height + other, right, other)
        strips.append(((left, 0, right, height), quad))
    return strips


def _shore(canvas: Canvas, picture: Image.Image) -> Image.Image:
    """Hills and firs against the light."""
    rng, (width, height) = canvas.rng, canvas.size
    dark = mixed(canvas.palette.at(0.0), (0, 0, 0), 0.45)
    for depth, tone, tall in ((0.80, 0.10, 0.0), (0.87, 0.05, 0.04), (0.93, 0.0, 0.07)):
        line = field.smooth_line(rng, max(width // 2, 2), bumps=rng.uniform(1.5, 3), roughness=0.45)
        crest = [(place * width / (len(line) - 1), height * (depth - 0.04 * level)) for place, level in enumerate(line)]
        body = brushes.shape(canvas.size, [(0, height), *crest, (width, height)])
        if tall:
            body = ImageChops.lighter(body, _firs(canvas, crest, tall=tall * height))
        picture.paste(mixed(dark, canvas.palette.at(0.3), tone * 3), mask=body)
    return picture


def _firs(canvas: Canvas, crest: list[brushes.Point], *, tall: float) -> Image.Image:
    rng = canvas.rng

    def draw(brush: brushes.Brush, scale: float) -> None:
        for _ in range(70):
            x, y = rng.choice(crest)
            high = tall * rng.uniform(0.5, 1.2)
            for tier in range(4):
                top, half = y - high * (1 - 0.2 * tier), high * (0.07 + 0.06 * tier)
                bottom = top + high * 0.36
                brush.polygon(
                    [
                        (x * scale, top * scale),
                        ((x - half) * scale, bottom * scale),
                        ((x + half) * scale, bottom * scale),
                    ],
                    fill=255,
                )
            brush.rectangle([(x - 1) * scale, (y - high * 0.3) * scale, (x + 1) * scale, (y + 6) * scale], fill=255)

    return brushes.stencil(canvas.size, draw)
