"""Every test that runs the service looks whether a secret got out; here it is shown that it would find one."""

from __future__ import annotations

import pytest
from tests.secrecy import WATCH, Watch, check_kept
from tests.shop import DIAG_TOKEN, SECRET, Shop, open_shop

from botflight_diagnostics.telemetry import Telemetry
from botflight_harness.telegram import Person, Telegram


def tell_in_a_span(shop: Shop, secret: str) -> None:
    """What a careless instrumentation of an HTTP client does."""
    with shop.telemetry.tracer.root("generate", attributes={"url.full": secret}) as span:
        span.set("botflight.state", "failed")


careless = pytest.mark.tells_secrets


@careless
@pytest.mark.parametrize("secret", [SECRET, DIAG_TOKEN])
async def test_a_secret_in_a_line_is_found(telegram: Telegram, secret: str) -> None:
    """Whatever the test itself looks at."""
    with pytest.raises(AssertionError, match="a log line"):
        async with open_shop(telegram) as shop:
            shop.telemetry.logs.logger("bot").info("LIBRARY_LOG", message=f"called with {secret}")


@careless
async def test_a_secret_in_a_span_is_found(telegram: Telegram) -> None:
    """As an attribute, such as a URL."""
    with pytest.raises(AssertionError, match="a span"):
        async with open_shop(telegram) as shop:
            tell_in_a_span(shop, SECRET)


@careless
async def test_a_secret_in_a_metric_is_found(telegram: Telegram) -> None:
    """As the value of a label."""
    with pytest.raises(AssertionError, match="metrics"):
        async with open_shop(telegram) as shop:
            shop.telemetry.metrics.provider_credits.set(SECRET, to=1)


@careless
async def test_a_secret_in_an_exception_is_found(telegram: Telegram, alice: Person) -> None:
    """The text of an error that a handler raised is in the line that tells of it."""
    with pytest.raises(AssertionError, match="a log line"):
        async with open_shop(telegram) as shop:
            shop.telemetry.logs.logger("bot").error("HANDLER_FAILED", exc_info=ValueError(SECRET))


async def test_after_every_test_all_that_was_told_is_at_hand(shop: Shop, alice: Person) -> None:
    """The settings' secrets, what telemetry kept, the pages that were answered, and the errors that a test expected."""
    await alice.sends("/start")
    await shop.harness.request("GET", "/metrics")
    with pytest.raises(KeyError):
        raise KeyError("of this test")

    told = WATCH.told([("stdout", "printed")])

    assert {SECRET, DIAG_TOKEN, shop.harness.bot.token} <= WATCH.secrets
    assert "UPDATE_DONE" in told["a log line"]
    assert "process message" in told["a span"]
    assert "botflight_updates_total" in told["a page"]
    assert "of this test" in told["an exception"]
    assert told["its output"] == "printed"


@pytest.mark.parametrize(
    ("watch", "where"),
    [(Watch(pages=[SECRET.encode()]), "a page"), (Watch(errors=[f"refused: {SECRET}"]), "an exception")],
    ids=["page", "exception"],
)
def test_a_secret_in_what_the_service_answers_is_found(watch: Watch, where: str) -> None:
    """And in the text of an error that somebody caught."""
    with pytest.raises(AssertionError, match=where):
        check_kept([SECRET], watch.told([]))


def test_a_token_is_known_by_its_shape() -> None:
    """Even telemetry that was told of no secret takes the token of a bot out of a line."""
    telemetry = Telemetry.for_tests()

    telemetry.logs.logger("bot").info("LIBRARY_LOG", message="POST /bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0/x")

    assert b"AAHdqTcv" not in b"".join(telemetry.lines)
