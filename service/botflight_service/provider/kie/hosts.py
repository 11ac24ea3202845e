"""Where finished files may be fetched from: KIE's own hosts over https, and never an address inside our network.

A result's URL is what a stranger's server says. Followed blindly it would let that server read ours (SSRF), so the
host has to be on a list, every redirect is checked anew, and names have to stand for public addresses.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from botflight_service.provider.interface import ProviderRefused

_HTTPS_PORT: Final = 443


class NotPublic(OSError):
    """A name stands for an address inside some network."""


class FileHosts:
    """Tells which URLs may be fetched.

    hosts: domains whose hosts, and which themselves, are allowed over https.
    origins: addresses such as `http://127.0.0.1:8000` that the settings name themselves, allowed as they are.
    """

    def __init__(self, hosts: Iterable[str], *, origins: Iterable[str] = ()) -> None:
        self._hosts = tuple(host.lower().strip(".") for host in hosts)
        self._origins = frozenset(map(_origin, origins))

    @property
    def named(self) -> frozenset[str]:
        """The hosts of the origins: they may have private addresses."""
        return frozenset(urlsplit(origin).hostname or "" for origin in self._origins)

    def check(self, url: str) -> None:
        """Raise ProviderRefused where `url` may not be fetched."""
        try:
            parts = urlsplit(url)
            origin, port = _origin(url), parts.port or _HTTPS_PORT
        except ValueError:
            raise ProviderRefused("file_not_allowed", "no URL") from None
        if origin in self._origins:
            return
        host = (parts.hostname or "").lower()
        listed = any(host == allowed or host.endswith(f".{allowed}") for allowed in self._hosts)
        if parts.scheme != "https" or port != _HTTPS_PORT or parts.username is not None or not listed:
            raise ProviderRefused("file_not_allowed", "not https on a listed host")


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses alone; those in `exempt` to whatever they stand for.

    Raises NotPublic for a name that stands for a private address, even beside public ones.
    """

    def __init__(self, exempt: Iterable[str] = (), inner: AbstractResolver | None = None) -> None:
        self._exempt = frozenset(exempt)
        self._inner = inner or DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host."""
        found = await self._inner.resolve(host, port, family)
        if host not in self._exempt and not all(ipaddress.ip_address(one["host"]).is_global for one in found):
            raise NotPublic(f"{host} stands for an address that is not public")
        return found

    async def close(self) -> None:
        """Close what resolves."""
        await self._inner.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
