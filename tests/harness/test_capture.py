import logging
import re

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, Counter

from botflight_harness import Capture, Telegram

logger = logging.getLogger("bot.shop")


def test_lines_are_values(telegram: Telegram) -> None:
    """Plain ones and lines of JSON, with what stands beside them."""
    with Capture(telegram) as capture:
        logger.info("started", extra={"correlation_id": "c1"})
        logger.info('{"event": "PAID", "correlation_id": "c2", "stars": 10}')

    (paid,) = capture.logs.events("PAID")
    assert [line.event for line in capture.logs] == ["started", "PAID"]
    assert (paid.level, paid.logger, paid.fields["stars"]) == ("info", "bot.shop", 10)
    assert capture.logs.all_have("correlation_id")


def test_a_line_that_lacks_a_field_is_shown(telegram: Telegram) -> None:
    """So is a bot that logs nothing at all; lines from elsewhere can be fed."""
    with Capture(telegram) as capture:
        with pytest.raises(AssertionError, match="nothing was logged"):
            capture.logs.all_have("correlation_id")
        capture.logs.feed([b'{"event": "PAID", "logger": "shop"}'])

    with pytest.raises(AssertionError, match=r"lacks correlation_id: .*PAID"):
        capture.logs.all_have("correlation_id", logger="shop")


def test_an_exception_is_part_of_its_line(telegram: Telegram) -> None:
    """As far as it can be read."""
    with Capture(telegram) as capture:
        try:
            int("tea")
        except ValueError:
            logger.exception("failed")

    assert capture.logs.events("failed")[0].fields["exception"].startswith("ValueError(")


def test_spans_are_a_tree(telegram: Telegram) -> None:
    """Children stand below their parents, and a failed one says so."""
    provider = TracerProvider()
    tracer = provider.get_tracer("bot")

    with (
        Capture(telegram, tracer_provider=provider) as capture,
        tracer.start_as_current_span("process message", attributes={"update_id": 7}),
    ):
        with tracer.start_as_current_span("handler start"):
            pass
        with pytest.raises(ValueError, match="x"), tracer.start_as_current_span("send"):
            raise ValueError("x")

    assert capture.trace.tree() == "process message\n  handler start\n  send [ValueError: x]"
    assert capture.trace.find("process message")[0].attributes == {"update_id": 7}


def test_captures_come_and_go_on_one_provider(telegram: Telegram) -> None:
    """Each has its own spans, and those of nobody's time are nobody's."""
    provider = TracerProvider()
    tracer = provider.get_tracer("bot")
    captures = []
    for name in ("one", "two"):
        with Capture(telegram, tracer_provider=provider) as capture:
            tracer.start_span(name).end()
        captures.append(capture)
        tracer.start_span("between").end()

    assert [capture.trace.tree() for capture in captures] == ["one", "two"]


def test_the_global_provider_is_there(telegram: Telegram) -> None:
    """A bot that uses OpenTelemetry as it is made to be used is captured without a word."""
    with Capture(telegram) as capture:
        trace.get_tracer("bot").start_span("work").end()

    assert capture.trace.tree() == "work"


def test_metrics_tell_what_has_grown(telegram: Telegram) -> None:
    """With at least the labels that are named; a name that is none is a mistake."""
    registry = CollectorRegistry()
    counter = Counter("updates", "Updates", ["kind", "outcome"], registry=registry)
    counter.labels("message", "OK").inc(5)

    with Capture(telegram, registry=registry) as capture:
        counter.labels("message", "OK").inc()
        counter.labels("callback", "OK").inc(2)

        assert capture.metrics.delta("updates_total", outcome="OK") == 3
        assert capture.metrics.delta("updates_total", kind="message") == 1
        assert len([key for key in capture.metrics.changed() if key[0] == "updates_total"]) == 2
        with pytest.raises(AssertionError, match="no metric update_total"):
            capture.metrics.delta("update_total")


@pytest.mark.tells_secrets
@pytest.mark.parametrize("where", ["message", "field", "span", "label"])
def test_a_token_that_is_told_fails(telegram: Telegram, where: str) -> None:
    """Wherever it stands, and the failure does not tell it again."""
    token = telegram.bot().token
    registry, provider = CollectorRegistry(), TracerProvider()
    counter = Counter("calls", "Calls", ["url"], registry=registry)

    def tell() -> None:
        with Capture(telegram, registry=registry, tracer_provider=provider):
            match where:
                case "message":
                    logger.info("POST https://api.telegram.org/bot%s/getMe", token)
                case "field":
                    logger.info("called", extra={"url": f"/bot{token}/getMe"})
                case "span":
                    provider.get_tracer("x").start_span("GET", attributes={"url.full": f"/bot{token}"}).end()
                case _:
                    counter.labels(f"/bot{token}").inc()

    with pytest.raises(AssertionError, match="a secret was told") as caught:
        tell()
    assert token not in str(caught.value)


def test_secrets_of_the_tests_own_and_tokens_of_others_count(telegram: Telegram) -> None:
    """A webhook's secret too."""
    capture = Capture(telegram, secrets=["hunter22"])
    telegram.call(telegram.bot().token, "setWebhook", {"url": "https://x.example", "secret_token": "s3cret-s3cret"})
    others = "123456789:" + "A" * 35
    lines = [f'{{"event": "{text}"}}' for text in ("hunter22", "s3cret-s3cret", others, "all is well")]
    capture.logs.feed(lines)

    with pytest.raises(AssertionError) as caught:
        capture.check_secrets()

    assert len(re.findall("log line", str(caught.value))) == 3
