"""The page's events: numbered, bounded, and picked up where a reader left them."""

import asyncio

import orjson
import pytest

from botflight_harness.web.feed import Event, Feed


@pytest.fixture
def feed() -> Feed:
    """A feed that keeps three events."""
    return Feed(snapshot=lambda: {"everything": True}, backlog=3)


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def test_a_new_reader_starts_with_a_snapshot(feed: Feed) -> None:
    """Who names no last event gets everything as one snapshot."""
    feed.publish("message", 1)

    events = feed.since(None)

    assert kinds(events) == ["snapshot"]
    assert orjson.loads(events[0].data) == {"everything": True}


def test_a_reader_goes_on_after_its_last_event(feed: Feed) -> None:
    """Who names the last event gets those after it, and no snapshot."""
    start = feed.since(None)[-1].id
    feed.publish("message", 1)
    feed.publish("call", 2)

    events = feed.since(start)

    assert kinds(events) == ["message", "call"]
    assert feed.since(events[-1].id) == []


def test_a_reader_that_missed_more_than_is_kept_gets_a_snapshot(feed: Feed) -> None:
    """The backlog is bounded: beyond it, a reader starts anew."""
    start = feed.since(None)[-1].id
    for number in range(4):
        feed.publish("message", number)

    events = feed.since(start)

    assert kinds(events) == ["snapshot"]


@pytest.mark.parametrize("event_id", ["", "nonsense", "0-1", "-", "abc-99999999999"])
def test_an_unknown_event_id_means_a_snapshot(feed: Feed, event_id: str) -> None:
    """An id of another run, or none of ours, is answered with a snapshot."""
    feed.publish("message", 1)

    events = feed.since(event_id)

    assert kinds(events) == ["snapshot"]


async def test_a_waiting_reader_gets_news_at_once(feed: Feed) -> None:
    """An event that is published wakes the readers that wait."""
    closing = asyncio.Event()
    stream = feed.stream(after=None, closing=closing)
    await anext(stream)

    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    feed.publish("message", {"text": "hi"})

    assert b'event: message\ndata: {"text":"hi"}\n\n' in await waiting


async def test_the_stream_ends_when_the_server_closes(feed: Feed) -> None:
    """A server that closes is not held up by readers."""
    closing = asyncio.Event()
    stream = feed.stream(after=None, closing=closing)
    await anext(stream)

    closing.set()

    assert [event async for event in stream] == []
