"""The files that the page is made of, read once from the package, with the headers that keep it closed."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

#: No script, style or address but those of the page's own server.
POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def asset_routes() -> list[BaseRoute]:
    """Make the routes of the page: `/` and `/_page/<file>`."""
    assets = _read_assets()

    async def page(_: Request) -> Response:
        return assets["page.html"]

    async def asset(request: Request) -> Response:
        return assets.get(request.path_params["name"]) or Response(status_code=404)

    return [Route("/", page), Route("/_page/{name}", asset)]


def _read_assets() -> dict[str, Response]:
    folder = resources.files(__package__)
    return {
        file.name: _response(file.name, file.read_bytes()) for file in folder.iterdir() if _suffix(file.name) in _TYPES
    }


def _response(name: str, content: bytes) -> Response:
    return Response(content, media_type=_TYPES[_suffix(name)], headers=_HEADERS)


def _suffix(name: str) -> str:
    return name.rpartition(".")[2]
