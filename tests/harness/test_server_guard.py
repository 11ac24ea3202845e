"""Who may use the control routes: the page itself, opened on this machine."""

import pytest
from starlette.datastructures import Headers

from botflight_harness.server.guard import browser_refusal, refusal
from botflight_harness.server.loopback import is_loopback


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8081", "localhost", "localhost:80", "[::1]:8081", "127.8.9.1", "bot.localhost:1"]
)
def test_loopback_names_are_let_in(host: str) -> None:
    """Every name that can only mean this machine is let in."""
    assert refusal(Headers({"host": host})) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "0.0.0.0:1", "", "[::", "localhost.evil.example"]
)
def test_other_names_are_refused(host: str) -> None:
    """A name that somebody pointed at this machine (DNS rebinding) is refused."""
    assert refusal(Headers({"host": host})) is not None


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8081"])
def test_requests_of_other_sites_are_refused(origin: str) -> None:
    """Another site, and another port is one, cannot act for a person."""
    assert refusal(Headers({"host": "127.0.0.1:8081", "origin": origin})) is not None


def test_the_page_itself_is_let_in() -> None:
    """The page's own requests carry its own origin."""
    headers = Headers({"host": "127.0.0.1:8081", "origin": "http://127.0.0.1:8081", "sec-fetch-site": "same-origin"})

    assert refusal(headers) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_requests_that_a_browser_marks_as_foreign_are_refused(site: str) -> None:
    """A browser says where a request comes from, even when it sends no origin."""
    assert refusal(Headers({"host": "127.0.0.1:8081", "sec-fetch-site": site})) is not None


def test_no_name_server_is_asked() -> None:
    """A name is judged by its letters alone."""
    assert not is_loopback("localhost.localdomain")


def test_a_bot_may_use_any_name_of_the_host() -> None:
    """A program in a container knows this machine by another name, and is no browser."""
    assert browser_refusal(Headers({"host": "host.docker.internal:8081"})) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8081", "sec-fetch-site": "cross-site"},
        {"host": "127.0.0.1:8081", "origin": "https://evil.example"},
        {"host": "evil.example:8081", "sec-fetch-site": "same-origin"},
    ],
)
def test_another_site_in_a_browser_is_not_let_in(headers: dict[str, str]) -> None:
    """A site that somebody has open cannot act as the bot, whose token may be the well-known one."""
    assert browser_refusal(Headers(headers)) is not None
