"""Silhouettes that stand on a ridge before the sun: whoever asks for a cat gets a cat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL import Image

from botflight_service.provider.studio import canvas as brushes
from botflight_service.provider.studio import field
from botflight_service.provider.studio.canvas import Brush, Canvas, Point

#: Places in heights of the figure, from the foot in the middle: to the right, and up.
Place = tuple[float, float]


class Pen:
    """Draws in heights of a figure, from its foot."""

    def __init__(self, brush: Brush, scale: float, foot: Point, height: float) -> None:
        self._brush = brush
        self._x, self._y, self._unit = foot[0] * scale, foot[1] * scale, height * scale

    def oval(self, middle: Place, wide: float, tall: float) -> None:
        """An ellipse by its half axes."""
        x, y = self._at(middle)
        wide, tall = wide * self._unit, tall * self._unit
        self._brush.ellipse([x - wide, y - tall, x + wide, y + tall], fill=255)

    def shape(self, *corners: Place) -> None:
        """A polygon."""
        self._brush.polygon([self._at(corner) for corner in corners], fill=255)

    def stroke(self, *places: Place, thick: float) -> None:
        """A smooth thick line through places, with round ends."""
        path = [self._at(place) for place in _curve(places)]
        radius = thick * self._unit / 2
        for x, y in path:
            self._brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)

    def _at(self, place: Place) -> Point:
        return self._x + place[0] * self._unit, self._y - place[1] * self._unit


@dataclass(frozen=True, slots=True)
class Figure:
    """A silhouette, how tall it is in shorter sides of the picture, and the beginnings of words that call for it."""

    draw: Callable[[Pen], None]
    height: float
    words: tuple[str, ...]
    afloat: bool = False


def asked_for(text: str) -> Figure | None:
    """The first figure that the words of `text` name."""
    words = text.replace(",", " ").replace(".", " ").split()
    return next((figure for figure in FIGURES if any(word.startswith(figure.words) for word in words)), None)


def stencil(canvas: Canvas, figure: Figure, foot: Point) -> Image.Image:
    """The mask of a figure that stands at `foot`."""
    height = figure.height * min(canvas.size)
    return brushes.stencil(canvas.size, lambda brush, scale: figure.draw(Pen(brush, scale, foot, height)))


def _curve(places: tuple[Place, ...], steps: int = 24) -> list[Place]:
    """A Catmull-Rom curve through the places."""
    corners = (places[0], *places, places[-1])
    return [_between(corners[at : at + 4], step / steps) for at in range(len(places) - 1) for step in range(steps + 1)]


def _between(corners: tuple[Place, ...], share: float) -> Place:
    """A place between the second and the third of four corners."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    return field.spline(ax, bx, cx, dx, share), field.spline(ay, by, cy, dy, share)


def _cat(pen: Pen) -> None:
    pen.oval((0, 0.24), 0.235, 0.27)
    pen.oval((0, 0.47), 0.165, 0.27)
    pen.oval((0, 0.765), 0.165, 0.135)
    for side in (-1, 1):
        pen.shape((side * 0.163, 0.79), (side * 0.15, 1.0), (side * 0.03, 0.87))
    pen.stroke((0.15, 0.03), (0.36, 0.02), (0.50, 0.10), (0.50, 0.25), (0.41, 0.33), thick=0.075)
    pen.oval((0, 0.05), 0.22, 0.08)


def _dog(pen: Pen) -> None:
    pen.oval((0.02, 0.25), 0.24, 0.27)
    pen.oval((-0.06, 0.48), 0.17, 0.28)
    pen.oval((-0.12, 0.80), 0.16, 0.14)
    pen.oval((-0.30, 0.76), 0.13, 0.075)
    pen.shape((-0.02, 0.90), (0.10, 0.88), (0.13, 0.62), (0.05, 0.64))
    pen.shape((-0.22, 0.3), (-0.08, 0.3), (-0.10, -0.03), (-0.24, -0.03))
    pen.shape((-0.2, 0.1), (0.25, 0.1), (0.24, -0.03), (-0.2, -0.03))
    pen.stroke((0.2, 0.06), (0.36, 0.14), (0.42, 0.30), thick=0.07)


def _tree(pen: Pen) -> None:
    pen.shape((-0.055, -0.05), (0.055, -0.05), (0.03, 0.5), (-0.03, 0.5))
    pen.stroke((0, 0.3), (0.13, 0.45), (0.2, 0.56), thick=0.03)
    pen.stroke((0, 0.26), (-0.13, 0.42), (-0.2, 0.5), thick=0.03)
    for x, y, size in (
        (0, 0.78, 0.24),
        (-0.2, 0.66, 0.18),
        (0.2, 0.68, 0.19),
        (-0.1, 0.86, 0.17),
        (0.12, 0.88, 0.16),
        (0, 0.6, 0.2),
    ):
        pen.oval((x, y), size, size * 0.82)


def _house(pen: Pen) -> None:
    pen.shape((-0.42, -0.05), (0.42, -0.05), (0.42, 0.45), (-0.42, 0.45))
    pen.shape((-0.54, 0.42), (0, 0.92), (0.54, 0.42))
    pen.shape((0.2, 0.5), (0.32, 0.5), (0.32, 1.0), (0.2, 1.0))


def _boat(pen: Pen) -> None:
    pen.shape((-0.55, 0.1), (0.6, 0.12), (0.42, -0.06), (-0.4, -0.06))
    pen.shape((-0.02, 0.08), (0.015, 0.08), (0.015, 1.0), (-0.02, 1.0))
    pen.shape((0.04, 0.18), (0.5, 0.18), (0.04, 0.95))
    pen.shape((-0.05, 0.2), (-0.36, 0.2), (-0.05, 0.8))


def _person(pen: Pen) -> None:
    pen.oval((0, 0.89), 0.075, 0.095)
    pen.shape((-0.12, 0.76), (0.12, 0.76), (0.15, 0.36), (-0.15, 0.36))
    pen.oval((0, 0.75), 0.125, 0.045)
    pen.stroke((-0.07, 0.4), (-0.08, 0.2), (-0.09, -0.02), thick=0.10)
    pen.stroke((0.07, 0.4), (0.09, 0.2), (0.10, -0.02), thick=0.10)
    pen.stroke((-0.12, 0.72), (-0.18, 0.55), (-0.16, 0.40), thick=0.065)
    pen.stroke((0.12, 0.72), (0.18, 0.55), (0.16, 0.40), thick=0.065)


FIGURES: Final = (
    Figure(_cat, 0.22, ("cat", "kitten", "kitty", "кот", "кош", "кис")),
    Figure(_dog, 0.21, ("dog", "puppy", "fox", "wolf", "соба", "пёс", "пес", "щен", "лис", "волк")),
    Figure(_boat, 0.24, ("boat", "ship", "sail", "лодк", "кораб", "парус"), afloat=True),
    Figure(_house, 0.13, ("house", "home", "cabin", "дом", "избу", "хижин")),
    Figure(_tree, 0.24, ("tree", "oak", "дерев", "дуб")),
    Figure(
        _person,
        0.15,
        ("man", "woman", "girl", "boy", "person", "astronaut", "человек", "девуш", "мальчик", "космонавт"),
    ),
)
