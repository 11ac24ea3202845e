"""The proxies that the environment names, looked up once a host: aiohttp would read it anew for every request."""

from __future__ import annotations

import urllib.request
from urllib.parse import urlsplit


class Proxies:
    """Remembers which proxy leads to which host."""

    def __init__(self) -> None:
        self._by_host: dict[str, str | None] = {}

    @property
    def hosts(self) -> frozenset[str]:
        """Where the proxies themselves are."""
        return frozenset(urlsplit(proxy).hostname or "" for proxy in urllib.request.getproxies().values())

    def of(self, url: str) -> str | None:
        """The proxy for a URL; None for the straight way. Only ask for hosts that come from settings or a list."""
        parts = urlsplit(url)
        host = parts.netloc
        if host not in self._by_host:
            bypassed = urllib.request.proxy_bypass(parts.hostname or "")
            self._by_host[host] = None if bypassed else urllib.request.getproxies().get(parts.scheme)
        return self._by_host[host]
