"""The files that the page is made of, read once from the package, with the headers that keep it closed."""

from importlib import resources
from typing import Final

from starlette.responses import Response

_TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript"}

#: No script, style, picture or address but those of the page's own server, nothing inline, no markup from strings.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)

CLOSED: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not `no-referrer`: a browser would then hide the origin of the form, by which the form is known to be ours.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def read_assets() -> dict[str, Response]:
    """Read every file of the page, by its name."""
    folder = resources.files(__package__)
    return {
        file.name: _response(file.name, file.read_bytes()) for file in folder.iterdir() if _suffix(file.name) in _TYPES
    }


def _response(name: str, content: bytes) -> Response:
    return Response(content, media_type=_TYPES[_suffix(name)], headers={**CLOSED, "Cache-Control": "no-cache"})


def _suffix(name: str) -> str:
    return name.rpartition(".")[2]
