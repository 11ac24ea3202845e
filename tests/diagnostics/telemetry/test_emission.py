"""What a run of the whole service emits is what the catalogue lists: nothing less, nothing more, nothing too often."""

from __future__ import annotations

import asyncio
import re
import shutil
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tests.buying import confirms

from botflight_diagnostics.telemetry.catalogue import EVENTS, METRICS, SPANS, UPDATE_TYPES
from botflight_harness.telegram import Person, Refusal, Telegram
from shop import Shop, open_shop

#: Of any line: what is known of the work that wrote it, and an error.
FIELDS = {
    *("timestamp_ms", "level", "event", "logger", "service", "version", "correlation_id", "trace_id", "span_id"),
    *("update_id", "update_type", "handler", "tenant_ref", "user_ref"),
    *("error.type", "error.message", "error.stack"),
}
#: Metrics of what this run does not bring about, with the tests that do.
ELSEWHERE = {
    "botflight_payments_total": "tests/service/stars",
    "botflight_telemetry_dropped_total": "test_export.py: a collector that is down",
    "botflight_updates_refused_total": "tests/service/web/test_webhook.py",
    "botflight_updates_early_total": "tests/service/web/test_webhook.py",
    "botflight_provider_alarms_total": "tests/service/provider",
    "botflight_provider_callbacks_total": "tests/service/web",
}
#: Spans of what this run does not bring about, with the tests that do.
SPANS_ELSEWHERE = {"refund": "tests/service/stars", "POST /provider": "tests/service/web/test_provider_callback.py"}
#: What stands for a part of a span's name that varies.
PARTS = {
    "update_type": "|".join(UPDATE_TYPES),
    "provider": "local",
    "table": "[a-z_]+",
}


@pytest.fixture
async def busy_shop(telegram: Telegram, alice: Person, boris: Person) -> AsyncIterator[Shop]:
    """A shop in which much has happened: purchases, a present, a failure, a flood, a repeat, somebody who left."""
    async with open_shop(telegram, daily_free_limit=1, impatient=True) as shop:
        await shop.gives(alice, 100)
        for times in range(2):
            await shop.opens_confirmation(alice, prompt=f"a fox, {times}")
            await confirms(alice)
        shop.provider.fails("generation_failed")
        await shop.opens_confirmation(alice, prompt="a fox that fails")
        await confirms(alice)
        telegram.faults.flood("sendMessage", retry_after_s=1)
        act = boris.send_text("/start", where=shop.harness.bot)
        await shop.harness.carry(act.updates)
        await shop.harness.repeat(act.update)
        telegram.faults.refuse("sendMessage", Refusal(403, "Forbidden: bot was blocked by the user"))
        await boris.sends("/start")
        yield shop


def kind_of(span: ReadableSpan) -> str | None:
    """The name in the catalogue that stands for a span, with its kind."""
    for spec in SPANS:
        pattern = "".join(
            f"(?:{_part(piece[1:-1])})" if piece.startswith("<") else re.escape(piece)
            for piece in re.split(r"(<[^>]+>)", spec.name)
        )
        if re.fullmatch(pattern, span.name) and spec.kind.upper() == span.kind.name:
            return spec.name
    return None


def _part(name: str) -> str:
    return PARTS.get(name, name if "|" in name else r"\w+")


def moved(shop: Shop) -> set[str]:
    """The families with a sample that is not 0."""
    return {
        family.name
        for family in shop.telemetry.metrics.registry.collect()
        if any(sample.value for sample in family.samples)
    }


async def test_every_line_is_in_the_catalogue(busy_shop: Shop) -> None:
    """No event, level or field is written that the documentation lacks."""
    specs = {event.name: event for event in EVENTS}

    unlike = {
        (line["event"], line["level"], field)
        for line in busy_shop.telemetry.events()
        for field in line
        if line["event"] not in specs
        or not ({"any", line["level"]} & set(specs[line["event"]].level.split(", ")))
        or field not in FIELDS | set(specs[line["event"]].fields)
    }

    assert unlike == set()


async def test_every_span_is_in_the_catalogue(busy_shop: Shop) -> None:
    """No span has a name, a kind or an attribute that the documentation lacks."""
    attributes = {spec.name: {*spec.attributes, "error.type"} for spec in SPANS}

    unlike = {
        (span.name, span.kind.name, *sorted(set(span.attributes or {}) - attributes.get(kind_of(span) or "", set())))
        for span in busy_shop.telemetry.spans()
        if kind_of(span) is None or set(span.attributes or {}) - attributes[kind_of(span) or ""]
    }

    assert unlike == set()


async def test_every_span_of_the_catalogue_is_seen(busy_shop: Shop) -> None:
    """No kind of span, and no attribute of it, is documented that nothing has."""
    seen: dict[str | None, set[str]] = {}
    for span in busy_shop.telemetry.spans():
        seen.setdefault(kind_of(span), set()).update(span.attributes or {})

    expected = [spec for spec in SPANS if spec.name not in SPANS_ELSEWHERE]
    unseen = {spec.name: set(spec.attributes) for spec in expected if spec.name not in seen}
    unset = {spec.name: missing for spec in expected if (missing := set(spec.attributes) - seen.get(spec.name, set()))}

    assert (unseen, unset) == ({}, {})


def still() -> Iterator[str]:
    """The gauges that are 0 in a shop where all is well and nothing waits."""
    for spec in METRICS:
        if spec.kind == "gauge" and spec.name not in {
            "botflight_preflight_last_run_timestamp_seconds",
            "botflight_preflight_duration_seconds",
        }:
            yield spec.name


async def test_every_metric_moves(busy_shop: Shop) -> None:
    """Whatever counts or measures has done so in this run, but for what is shown elsewhere."""
    expected = {spec.name.removesuffix("_total") for spec in METRICS if spec.name not in {*ELSEWHERE, *still()}}

    assert expected - moved(busy_shop) == set()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
async def test_promtool_finds_the_page_as_it_should_be(busy_shop: Shop) -> None:
    """What a service under way answers to /metrics, in Prometheus's text: names, types, help and every sample."""
    page = await busy_shop.harness.request("GET", "/metrics")

    lint = await asyncio.create_subprocess_exec("promtool", "check", "metrics", stdin=PIPE, stdout=PIPE, stderr=STDOUT)
    said, _ = await lint.communicate(page.body)

    assert (lint.returncode, said) == (0, b"")


async def test_openmetrics_is_as_it_should_be(busy_shop: Shop) -> None:
    """The same with exemplars, as Prometheus asks for it: the strict parser takes it, and it has them."""
    page = await busy_shop.harness.request("GET", "/metrics", headers={"accept": "application/openmetrics-text"})

    families = list(text_string_to_metric_families(page.text))

    exemplars = [sample.exemplar for family in families for sample in family.samples if sample.exemplar]
    assert {spec.name.removesuffix("_total") for spec in METRICS} == {family.name for family in families}
    assert {name for exemplar in exemplars for name in exemplar.labels} == {"trace_id"}


async def test_labels_hold_no_ids(busy_shop: Shop, alice: Person, boris: Person) -> None:
    """No label names a person, a partner, an update, an attempt or a trace."""
    values = {
        value
        for family in busy_shop.telemetry.metrics.registry.collect()
        for sample in family.samples
        for name, value in sample.labels.items()
        if name not in {"le", "version", "status", "outcome", "alarm"}
    }

    assert [value for value in values if re.search(r"\d{3,}|[0-9a-f]{8}-|p\*\*\*|p-main", value)] == []
    assert not {str(alice.user_id), str(boris.user_id)} & values
