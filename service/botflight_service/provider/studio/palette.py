"""Colours that go together, from dark to light, and the words that call for them."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from random import Random
from typing import Final

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Six colours from dark to light."""

    name: str
    #: Beginnings of words, English and Russian.
    words: tuple[str, ...]
    colours: tuple[Colour, ...]

    def at(self, place: float) -> Colour:
        """The colour at a place between 0 (darkest) and 1 (lightest)."""
        steps = min(max(place, 0.0), 1.0) * (len(self.colours) - 1)
        low = min(int(steps), len(self.colours) - 2)
        return mixed(self.colours[low], self.colours[low + 1], steps - low)

    def ramp(self, start: float = 0.0, end: float = 1.0) -> list[Colour]:
        """256 colours from one place to another."""
        return [self.at(start + (end - start) * step / 255) for step in range(256)]

    def turned(self, degrees: float) -> Palette:
        """The same colours with every hue turned by a few degrees."""
        return Palette(self.name, self.words, tuple(_turned(colour, degrees / 360) for colour in self.colours))


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with a share (0 to 1) of `other`."""
    return (
        round(one[0] + (other[0] - one[0]) * share),
        round(one[1] + (other[1] - one[1]) * share),
        round(one[2] + (other[2] - one[2]) * share),
    )


def chosen(rng: Random, text: str) -> Palette:
    """The palette whose words come up in `text`, else one by chance; a shade of its own either way."""
    named = [palette for palette in PALETTES if any(word in text for word in palette.words)]
    return rng.choice(named or PALETTES).turned(rng.uniform(-9, 9))


def _turned(colour: Colour, turn: float) -> Colour:
    hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in colour))
    red, green, blue = colorsys.hls_to_rgb((hue + turn) % 1.0, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def _palette(name: str, words: str, colours: str) -> Palette:
    parsed = tuple((int(hue[:2], 16), int(hue[2:4], 16), int(hue[4:], 16)) for hue in colours.split())
    return Palette(name, tuple(words.split()), parsed)


PALETTES: Final = (
    _palette(
        "ember",
        "sunset dusk fire flame lava autumn red warm закат огонь огнен пламя осен красн",
        "1a0f26 4b1a45 a8324f eb664b faab5c ffe3ab",
    ),
    _palette(
        "lagoon",
        "sea ocean water wave river lake rain fish море океан вода волн рек озер дожд",
        "04162e 0b3a5b 12708a 3fb0ac a5dccb f6f5e4",
    ),
    _palette(
        "moss",
        "forest tree green jungle leaf garden grass лес дерев зелен джунгл лист трав",
        "0c1d19 1c3f33 3a6b4b 7fa35f ccd28b f8f1d2",
    ),
    _palette(
        "blossom",
        "rose pink spring flower cherry love sakura роз весн цвет вишн любов сакур",
        "2b1231 6d2d5d c35a86 f295a8 fccac3 fff2e7",
    ),
    _palette(
        "midnight",
        "night moon star space dream galaxy magic ноч лун звезд звёзд космос сон магия",
        "070818 141b45 302f80 5f4cba a987e0 f3e0ff",
    ),
    _palette(
        "dune",
        "desert gold sand sun honey lion egypt пустын золот песок солн мед лев",
        "23130f 5e2f20 ac5a2e e0974f f4cc8c fef2d8",
    ),
    _palette(
        "frost",
        "snow winter ice white cold cloud mountain снег зим лед лёд бел облак гор",
        "0d1a2b 28476a 5a84aa 9dbfd7 d5e6ef fcfdff",
    ),
    _palette(
        "neon",
        "neon cyber city robot party punk future неон кибер город робот будущ",
        "0b0620 2b0f5e 7d1fa6 f72f8a ff9a5a fff0c2",
    ),
    _palette(
        "orchard",
        "fruit lemon summer morning picnic лет утр лимон фрукт",
        "10222d 1d5061 2f9484 8bcb9a f6d86b fff6dc",
    ),
)
