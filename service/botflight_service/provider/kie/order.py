"""What is asked of KIE: the answers of a user in KIE's own words, as the catalogue translates them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botflight_service.generation.catalog import Model, NumberInput, PhotoInput
from botflight_service.provider.interface import GenerationRequest, ProviderRefused


@dataclass(frozen=True, slots=True)
class Upload:
    """What a file is called on its way to KIE."""

    #: One that nobody guesses: whoever has the URL has the file.
    name: str
    media_type: str


def input_of(model: Model, request: GenerationRequest, urls: Mapping[str, str]) -> dict[str, Any]:
    """The `input` of createTask; `urls` are where the request's files lie, by input."""
    given: dict[str, Any] = dict(model.provider_constants)
    for asked in model.inputs:
        name = asked.provider_name or asked.name
        if isinstance(asked, PhotoInput):
            if asked.name in urls:
                given[name] = [urls[asked.name]] if asked.provider_list else urls[asked.name]
        elif asked.name in request.inputs:
            answer = request.inputs[asked.name]
            given[name] = int(answer) if isinstance(asked, NumberInput) else answer
    return given


def picture(asked: PhotoInput, content: bytes) -> Upload:
    """What a picture will be called.

    Raises ProviderRefused where it is none, or larger than the model takes: nothing has been asked of KIE yet.
    """
    if len(content) > asked.max_megabytes * 1024 * 1024:
        raise ProviderRefused("photo_too_large")
    suffix = _suffix(content)
    if suffix is None:
        raise ProviderRefused("not_a_photo")
    return Upload(f"{secrets.token_hex(16)}.{suffix}", f"image/{suffix}")


def _suffix(content: bytes) -> str | None:
    """The kind of a picture by how it begins: every model that takes pictures takes these three."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None
