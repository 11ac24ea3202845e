"""Which names stand for this machine."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(name: str) -> bool:
    """Tell whether a host name stands for this machine, without asking any name server."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return the host of a URL, without its port; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
