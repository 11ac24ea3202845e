"""What a scene is painted with: chance, a size, colours, and brushes whose edges are smooth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from botflight_service.provider.studio import field
from botflight_service.provider.studio.palette import Colour, Palette

Point = tuple[float, float]
Brush = ImageDraw.ImageDraw
#: Shapes are drawn so many times larger and then made smaller.
_FINER: Final = 2


@dataclass(frozen=True, slots=True)
class Canvas:
    """Everything that a scene follows from: the same canvas gives the same picture."""

    rng: Random
    size: tuple[int, int]
    palette: Palette
    #: The prompt in lower case.
    text: str = ""

    @property
    def unit(self) -> float:
        """One pixel of a picture whose shorter side is 1,024."""
        return min(self.size) / 1024

    def chance(self, share: float) -> bool:
        """True in a `share` of all cases."""
        return self.rng.random() < share

    def at(self, x: float, y: float) -> Point:
        """Pixels of a place given in shares of width and height."""
        return x * self.size[0], y * self.size[1]


def stencil(size: tuple[int, int], draw: Callable[[Brush, float], None]) -> Image.Image:
    """A mask with smooth edges of what `draw` draws in white (255), given a brush and the scale to draw at."""
    large = Image.new("L", (size[0] * _FINER, size[1] * _FINER))
    draw(ImageDraw.Draw(large), _FINER)
    return large.resize(size, Image.Resampling.BOX)


def shape(size: tuple[int, int], points: Sequence[Point]) -> Image.Image:
    """A mask of a polygon."""
    return stencil(size, lambda brush, scale: brush.polygon([(x * scale, y * scale) for x, y in points], fill=255))


def glow(picture: Image.Image, light: Image.Image, colour: Colour) -> Image.Image:
    """The picture with light of a colour added where the mask `light` is."""
    lit = Image.merge("RGB", [light.point([round(level * part / 255) for level in range(256)]) for part in colour])
    return ImageChops.screen(picture, lit)


def halo(canvas: Canvas, centre: Point, *, radius: float, strength: float) -> Image.Image:
    """A mask of soft light around a point; `radius` in shorter sides."""
    far = field.distance(canvas.size, centre)
    soft = field.computed(lambda d: strength / (1.0 + (d / radius) * (d / radius) * 4.0), far)
    return field.levels(canvas.rng, soft)


def disc(canvas: Canvas, centre: Point, radius: float) -> Image.Image:
    """A mask of a disc; `radius` in pixels."""
    x, y = centre
    return stencil(
        canvas.size,
        lambda brush, scale: brush.ellipse(
            [(x - radius) * scale, (y - radius) * scale, (x + radius) * scale, (y + radius) * scale], fill=255
        ),
    )


def shadow(mask: Image.Image, *, radius: float, shift: Point) -> Image.Image:
    """A mask's shadow: blurred by `radius` pixels and moved."""
    blurred = mask.filter(ImageFilter.BoxBlur(radius)).filter(ImageFilter.BoxBlur(radius))
    moved = blurred.copy()
    moved.paste(blurred, (round(shift[0]), round(shift[1])))
    return moved


def finished(canvas: Canvas, picture: Image.Image, *, vignette: float = 0.25, texture: float = 0.05) -> Image.Image:
    """The picture with darker corners and a little grain, as if on paper."""
    width, height = canvas.size
    far = field.distance(canvas.size, (width / 2, height / 2))
    light = field.computed(
        lambda d, g: 1.0 - vignette * d * d * d - texture * (g - 0.5), far, field.grain(canvas.rng, canvas.size)
    )
    shade = field.mask(field.computed(lambda a: a * 0.97, light))
    return ImageChops.multiply(picture, Image.merge("RGB", [shade] * 3))
