"""Who may ask: programs of this machine, and pages that it serves itself; no other site in a browser."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from botflight_harness.server.loopback import host_of, is_loopback


def refusal(headers: Headers) -> str | None:
    """Say why a request is refused, or None for one of this server's own pages on this machine.

    A foreign name of this host means DNS rebinding, a foreign origin means that another site asks.
    """
    host = headers.get("host", "")
    if not is_loopback(host_of(f"//{host}")):
        return "this is answered only under a loopback address, such as 127.0.0.1 or localhost"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "only this server's own page may ask for this"
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return "only this server's own page may ask for this"
    return None


def browser_refusal(headers: Headers) -> str | None:
    """Say why a browser's request is refused. A bot's is not: it sends none of a browser's headers."""
    is_browser = "origin" in headers or "sec-fetch-site" in headers
    return refusal(headers) if is_browser else None
