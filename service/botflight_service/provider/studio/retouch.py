"""Work on a photo: a look that the prompt asks for, or more pixels."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from botflight_service.provider.studio import field, palette
from botflight_service.provider.studio.palette import Palette
from botflight_service.provider.studio.unmakeable import Unmakeable

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
#: A photo beyond this is not opened at all: a small file may claim any size.
MOST_PIXELS: Final = 40_000_000
_LONGEST_RETOUCHED_PX: Final = 1280
LONGEST_ENLARGED_PX: Final = 4096
#: Telegram takes photos of at most 10 MB (`sendPhoto`, Bot API 10.3).
MOST_PHOTO_BYTES: Final = 9_500_000
_QUALITIES: Final = (92, 82, 68, 50)
_BORDERED_PX: Final = 8
_LARGEST_FACTOR: Final = 4.0


@dataclass(frozen=True, slots=True)
class Look:
    """A way to change a photo, and the beginnings of words that call for it."""

    apply: Callable[[Image.Image, Palette, Random], Image.Image]
    words: tuple[str, ...]


def retouched(rng: Random, photo: bytes, text: str) -> bytes:
    """The photo as a JPEG with the look that `text` asks for. Raises Unmakeable where it is no photo."""
    picture = opened(photo)
    picture.thumbnail((_LONGEST_RETOUCHED_PX, _LONGEST_RETOUCHED_PX), Image.Resampling.LANCZOS)
    said = text.lower()
    called = [look for look in LOOKS if any(word in said for word in look.words)]
    look = rng.choice(called or LOOKS)
    return _jpeg(look.apply(picture, palette.chosen(rng, said), rng))


def enlarged(photo: bytes, *, factor: float) -> bytes:
    """The photo as a JPEG with `factor` times as wide and high, as far as the longest side allows, and sharpened."""
    picture = opened(photo)
    bound = LONGEST_ENLARGED_PX / max(picture.size)
    scale = max(min(factor, _LARGEST_FACTOR, bound), min(1.0, bound))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    larger = picture.resize(size, Image.Resampling.LANCZOS)
    return _jpeg(larger.filter(ImageFilter.UnsharpMask(radius=1 + scale * 0.6, percent=90, threshold=2)))


def opened(photo: bytes) -> Image.Image:
    """The photo, upright and in colour. Raises Unmakeable where it is none, is damaged or far too large."""
    try:
        picture = Image.open(io.BytesIO(photo), formats=_FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise Unmakeable("photo_too_large")
        # Telegram's photos are 1280 or 2560 pixels long: a JPEG that is larger is decoded smaller at once.
        picture.draft("RGB", (LONGEST_ENLARGED_PX, LONGEST_ENLARGED_PX))
        return ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError):
        # What Pillow's decoders raise on damaged files is not of one family.
        raise Unmakeable("not_a_photo") from None


def _jpeg(picture: Image.Image) -> bytes:
    """A JPEG that Telegram takes as a photo, as good as its limit allows."""
    content = b""
    for quality in _QUALITIES:
        written = io.BytesIO()
        picture.save(written, "JPEG", quality=quality, optimize=picture.width <= _LONGEST_RETOUCHED_PX)
        content = written.getvalue()
        if len(content) <= MOST_PHOTO_BYTES:
            break
    return content


def _duotone(picture: Image.Image, colours: Palette, rng: Random) -> Image.Image:
    """Light and shadow in two families of colours."""
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=1)
    return Image.blend(picture, field.coloured(grey, colours.ramp()), rng.uniform(0.82, 0.94))


def _pencil(picture: Image.Image, colours: Palette, rng: Random) -> Image.Image:
    """Graphite on tinted paper."""
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=1)
    soft = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(max(picture.size) / 90))
    drawn = field.computed(lambda g, s: g * 255.0 / (256.0 - s), grey.convert("F"), soft.convert("F"))
    toned = field.computed(
        lambda d, n: (d - 40.0) * 1.19 / 255.0 + (n - 0.5) * 0.08, drawn, field.grain(rng, picture.size)
    )
    return field.coloured(
        field.levels(rng, toned), [palette.mixed(colours.at(0.06), (250, 246, 236), step / 255) for step in range(256)]
    )


def _poster(picture: Image.Image, colours: Palette, rng: Random) -> Image.Image:
    """Flat colours with dark outlines."""
    del rng
    smooth = picture.filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.MedianFilter(3))
    vivid = ImageEnhance.Color(ImageOps.autocontrast(smooth, cutoff=1, preserve_tone=True)).enhance(1.5)
    flat = vivid.quantize(14, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).convert("RGB")
    edges = _edges(smooth.convert("L").filter(ImageFilter.GaussianBlur(1)))
    lines = edges.point([min(255, max(0, (level - 10) * 9)) for level in range(256)]).filter(
        ImageFilter.GaussianBlur(0.8)
    )
    result = flat.filter(ImageFilter.SMOOTH)
    result.paste(colours.at(0.0), mask=lines)
    return result


def _halftone(picture: Image.Image, colours: Palette, rng: Random) -> Image.Image:
    """Printed with dots whose size is the shadow's."""
    del rng
    cell = max(6, max(picture.size) // 130)
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=2)
    grid = grey.resize((picture.width // cell + 1, picture.height // cell + 1), Image.Resampling.BOX)
    large = Image.new("RGB", (picture.width * 2, picture.height * 2), colours.at(0.98))
    brush = ImageDraw.Draw(large)
    for row in range(grid.height):
        for column in range(grid.width):
            shade = 1 - int(grid.getpixel((column, row)) or 0) / 255  # type: ignore[arg-type]  # an L picture has plain numbers
            radius = cell * 1.5 * shade**0.6
            x, y = (2 * column + row % 2) * cell, (2 * row + 1) * cell
            brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colours.at(0.62 - 0.6 * shade))
    return large.resize(picture.size, Image.Resampling.BOX)


def _pixels(picture: Image.Image, colours: Palette, rng: Random) -> Image.Image:
    """A game of the eighties."""
    del colours, rng
    share = 96 / max(picture.size)
    small = picture.resize(
        (max(1, round(picture.width * share)), max(1, round(picture.height * share))), Image.Resampling.BOX
    )
    vivid = ImageEnhance.Color(ImageOps.autocontrast(small, cutoff=1, preserve_tone=True)).enhance(1.5)
    few = vivid.quantize(24, dither=Image.Dither.NONE).convert("RGB")
    return few.resize(picture.size, Image.Resampling.NEAREST)


def _neon(picture: Image.Image, colours: Palette, rng: Random) -> Image.Image:
    """Glowing outlines in the dark."""
    del rng
    grey = ImageOps.autocontrast(picture.convert("L").filter(ImageFilter.GaussianBlur(1.4)), cutoff=1)
    edges = _edges(grey).point([min(255, max(0, level - 4) * 7) for level in range(256)])
    lit = ImageChops.multiply(field.coloured(grey, colours.ramp(0.45, 1.0)), Image.merge("RGB", [edges] * 3))
    ground = field.coloured(grey, [palette.mixed((4, 4, 14), colours.at(0.25), step / 255) for step in range(256)])
    wide = lit.filter(ImageFilter.GaussianBlur(max(picture.size) / 110))
    return ImageChops.screen(ImageChops.screen(ground, ImageChops.add(wide, wide)), lit)


def _vintage(picture: Image.Image, colours: Palette, rng: Random) -> Image.Image:
    """A print that lay in a drawer for fifty years."""
    del colours
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=1)
    sepia = field.coloured(grey, [palette.mixed((38, 24, 18), (250, 233, 200), step / 255) for step in range(256)])
    faded = Image.blend(ImageEnhance.Color(picture).enhance(0.5), sepia, 0.72)
    far = field.distance(picture.size, (picture.width / 2, picture.height / 2))
    shade = field.mask(
        field.computed(lambda d, g: 1.0 - 0.6 * d * d * d - 0.14 * (g - 0.5), far, field.grain(rng, picture.size))
    )
    return ImageChops.multiply(faded, Image.merge("RGB", [shade] * 3))


def _edges(grey: Image.Image) -> Image.Image:
    """Where a grey picture changes; its own border is no edge."""
    found = grey.filter(ImageFilter.FIND_EDGES)
    return ImageOps.expand(ImageOps.crop(found, 2), 2) if min(found.size) > _BORDERED_PX else found


LOOKS: Final = (
    Look(_duotone, ("duotone", "colour", "color", "tint", "цвет", "закат", "sunset")),
    Look(_pencil, ("pencil", "sketch", "draw", "graphite", "карандаш", "набросок", "рисун", "эскиз")),
    Look(
        _poster,
        ("poster", "cartoon", "comic", "paint", "oil", "anime", "плакат", "мульт", "комикс", "краск", "масл", "аниме"),
    ),
    Look(_halftone, ("halftone", "print", "newspaper", "dots", "pop", "растр", "газет", "точк", "поп")),
    Look(_pixels, ("pixel", "game", "8-bit", "retro", "minecraft", "пиксел", "игр", "ретро")),
    Look(_neon, ("neon", "night", "glow", "cyber", "club", "неон", "ноч", "кибер", "свет")),
    Look(_vintage, ("vintage", "old", "sepia", "film", "стар", "сепи", "плён", "винтаж")),
)
