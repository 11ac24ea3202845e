"""Every test that runs the service looks whether a secret got out; here it is shown that it would find one."""

from __future__ import annotations

import pytest
from tests.shop import DIAG_TOKEN, SECRET, Shop, open_shop

from botflight_diagnostics.telemetry import Telemetry
from botflight_harness.telegram import Person, Telegram


def tell_in_a_span(shop: Shop, secret: str) -> None:
    """What a careless instrumentation of an HTTP client does."""
    with shop.telemetry.tracer.root("generate", attributes={"url.full": secret}) as span:
        span.set("botflight.state", "failed")


@pytest.mark.parametrize("secret", [SECRET, DIAG_TOKEN])
async def test_a_secret_in_a_line_is_found(telegram: Telegram, secret: str) -> None:
    """Whatever the test itself looks at."""
    with pytest.raises(AssertionError, match="a log line"):
        async with open_shop(telegram) as shop:
            shop.telemetry.logs.logger("bot").info("LIBRARY_LOG", message=f"called with {secret}")


async def test_a_secret_in_a_span_is_found(telegram: Telegram) -> None:
    """As an attribute, such as a URL."""
    with pytest.raises(AssertionError, match="a span"):
        async with open_shop(telegram) as shop:
            tell_in_a_span(shop, SECRET)


async def test_a_secret_in_a_metric_is_found(telegram: Telegram) -> None:
    """As the value of a label."""
    with pytest.raises(AssertionError, match="metrics"):
        async with open_shop(telegram) as shop:
            shop.telemetry.metrics.provider_credits.set(SECRET, to=1)


async def test_a_secret_in_an_exception_is_found(telegram: Telegram, alice: Person) -> None:
    """The text of an error that a handler raised is in the line that tells of it."""
    with pytest.raises(AssertionError, match="a log line"):
        async with open_shop(telegram) as shop:
            shop.telemetry.logs.logger("bot").error("HANDLER_FAILED", exc_info=ValueError(SECRET))


def test_a_token_is_known_by_its_shape() -> None:
    """Even telemetry that was told of no secret takes the token of a bot out of a line."""
    telemetry = Telemetry.for_tests()

    telemetry.logs.logger("bot").info("LIBRARY_LOG", message="POST /bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0/x")

    assert b"AAHdqTcv" not in b"".join(telemetry.lines)
