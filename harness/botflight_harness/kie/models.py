"""What KIE's models ask for, as its documents say (docs.kie.ai/market/<model>): what does not fit gets a 422."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_SHAPES: Final = ("1:1", "9:16", "16:9", "3:4", "4:3", "3:2", "2:3", "5:4", "4:5", "21:9", "auto")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input of a model."""

    kind: type[str | float | bool | list[str]] = str
    required: bool = False
    #: Longest text, or longest list.
    most: int | None = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    largest: float | None = None

    def mistake(self, value: object) -> str | None:
        """Say what is wrong with a value; None where nothing is."""
        if self.kind is float:
            return self._number_mistake(value)
        if not isinstance(value, self.kind):
            return "has the wrong type"
        if self.choices and value not in self.choices:
            return "is not within the range of allowed options"
        if self.most is not None and isinstance(value, str | list) and not 0 < len(value) <= self.most:
            return "has the wrong length"
        if isinstance(value, list) and not all(isinstance(one, str) and one.startswith("http") for one in value):
            return "holds what is no URL"
        return None

    def _number_mistake(self, value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "has the wrong type"
        if (self.least is not None and value < self.least) or (self.largest is not None and value > self.largest):
            return "is out of range"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class KieModel:
    """A model: its inputs, what a task costs in KIE's credits, and how its files end."""

    inputs: Mapping[str, Field]
    credits: float
    suffix: str

    def mistake(self, given: Mapping[str, Any]) -> str | None:
        """Say what is wrong with an `input`; None where nothing is."""
        for name, field in self.inputs.items():
            if field.required and name not in given:
                return f"{name} is required"
        for name, value in given.items():
            if name in self.inputs and (mistake := self.inputs[name].mistake(value)) is not None:
                return f"{name} {mistake}"
        return None


_PROMPT: Final = Field(required=True, most=5000)
_URL: Final = Field(required=True, most=2048)

MODELS: Final[Mapping[str, KieModel]] = {
    "google/nano-banana": KieModel(
        inputs={
            "prompt": _PROMPT,
            "output_format": Field(choices=("png", "jpeg")),
            "image_size": Field(choices=_SHAPES),
        },
        credits=4,
        suffix=".png",
    ),
    "google/nano-banana-edit": KieModel(
        inputs={
            "prompt": _PROMPT,
            "image_urls": Field(kind=list, required=True, most=10),
            "output_format": Field(choices=("png", "jpeg")),
            "image_size": Field(choices=_SHAPES),
        },
        credits=4,
        suffix=".png",
    ),
    "bytedance/v1-lite-text-to-video": KieModel(
        inputs={
            "prompt": Field(required=True, most=10_000),
            "aspect_ratio": Field(choices=("16:9", "4:3", "1:1", "3:4", "9:16", "9:21")),
            "resolution": Field(choices=("480p", "720p", "1080p")),
            "duration": Field(choices=("5", "10")),
        },
        credits=22.5,
        suffix=".mp4",
    ),
    "elevenlabs/sound-effect-v2": KieModel(
        inputs={
            "text": _PROMPT,
            "loop": Field(kind=bool),
            "duration_seconds": Field(kind=float, least=0.5, largest=22),
            "prompt_influence": Field(kind=float, least=0, largest=1),
            "output_format": Field(choices=("mp3_22050_32", "mp3_44100_128", "mp3_44100_192")),
        },
        credits=2.4,
        suffix=".mp3",
    ),
    "topaz/image-upscale": KieModel(
        inputs={"image_url": _URL, "upscale_factor": Field(required=True, choices=("1", "2", "4", "8"))},
        credits=10,
        suffix=".png",
    ),
}
