"""Where files may come from: KIE's hosts by https, public addresses, and what the settings name themselves."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from botflight_service.config import KIE_FILE_HOSTS
from botflight_service.provider.interface import ProviderRefused
from botflight_service.provider.kie.hosts import FileHosts, NotPublic, PublicResolver

HOSTS = FileHosts(KIE_FILE_HOSTS, origins=("http://127.0.0.1:8000",))


class Names(AbstractResolver):
    """Knows one name."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Give the addresses that it was made with."""
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    "url",
    [
        "https://tempfile.aiquickdraw.com/r/picture.png",
        "https://file.kie.ai/a.mp4?x=1",
        "https://tempfile.redpandaai.co:443/a.mp3",
        "http://127.0.0.1:8000/files/a.png",
    ],
)
def test_listed_hosts_are_allowed(url: str) -> None:
    """KIE's own, and the simulated KIE that the settings name."""
    HOSTS.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "http://tempfile.aiquickdraw.com/a.png",
        "https://tempfile.aiquickdraw.com:8443/a.png",
        "https://user:pass@file.kie.ai/a.png",
        "https://kie.ai.evil.example/a.png",
        "https://evilkie.ai/a.png",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/a.png",
        "http://127.0.0.1:8001/files/a.png",
        "http://localhost:8000/files/a.png",
        "https://file.kie.ai:x/a.png",
        "//file.kie.ai/a.png",
    ],
)
def test_all_others_are_refused(url: str) -> None:
    """Another scheme, port, user or host, and every bare address."""
    with pytest.raises(ProviderRefused):
        HOSTS.check(url)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "192.168.1.1", "169.254.169.254", "::1", "fd00::1"])
async def test_a_name_for_a_private_address_is_refused(address: str) -> None:
    """A listed name that leads inside, even beside a public address, is not followed."""
    resolver = PublicResolver(inner=Names("93.184.216.34", address))

    with pytest.raises(NotPublic):
        await resolver.resolve("tempfile.aiquickdraw.com", 443)


async def test_a_name_for_public_addresses_is_followed() -> None:
    """As any other client would."""
    found = await PublicResolver(inner=Names("93.184.216.34")).resolve("file.kie.ai", 443)

    assert [one["host"] for one in found] == ["93.184.216.34"]


async def test_what_the_settings_name_may_be_private() -> None:
    """A proxy, or a simulated KIE, stands inside."""
    resolver = PublicResolver(exempt={"proxy.internal"}, inner=Names("10.0.0.5"))

    assert len(await resolver.resolve("proxy.internal", 3128)) == 1
