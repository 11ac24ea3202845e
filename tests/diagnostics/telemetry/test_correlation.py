import asyncio
from uuid import UUID

import pytest

from botflight_diagnostics.telemetry.correlation import (
    Correlation,
    UserReferences,
    bind,
    bind_handler,
    correlation_id_of,
    current,
    mask,
)


def test_a_redelivered_update_has_the_same_correlation_id():
    """The id follows from the bot's id and the update's alone, for good."""
    assert correlation_id_of(42, 7) == UUID("f35c3e59-d9d8-5d81-b164-4fa82dc524ed")


def test_bots_do_not_share_correlation_ids():
    """Update 7 of one bot is not update 7 of another."""
    assert correlation_id_of(42, 7) != correlation_id_of(43, 7)


def test_the_ids_of_bot_and_update_do_not_run_together():
    """Bot 4 with update 27 is told from bot 42 with update 7."""
    assert correlation_id_of(4, 27) != correlation_id_of(42, 7)


def test_nothing_is_bound_outside():
    """The correlation ends with the block that bound it."""
    with bind(Correlation(correlation_id=correlation_id_of(1, 1))):
        pass

    assert current() is None


async def test_a_task_inherits_the_correlation():
    """A task that is started under a correlation works under it."""

    async def ask() -> Correlation | None:
        return current()

    with bind(Correlation(correlation_id=correlation_id_of(1, 1))) as bound:
        task = asyncio.create_task(ask())

    assert await task is bound


def test_the_handler_joins_the_correlation():
    """A bound handler's name is among the fields that a line takes over."""
    with bind(Correlation(correlation_id=correlation_id_of(1, 1), update_id=1)), bind_handler("menu"):
        bound = current()

    assert bound is not None
    assert bound.log_fields == {"correlation_id": str(bound.correlation_id), "update_id": 1, "handler": "menu"}


def test_a_handler_alone_binds_nothing():
    """Without a correlation there is nothing that a handler's name could join."""
    with bind_handler("menu"):
        assert current() is None


@pytest.mark.parametrize(
    ("name", "masked"),
    [("p-main01", "p***01"), ("partner", "p***er"), ("abcd", "a***d"), ("abc", "a***"), ("ab", "a***"), ("", "***")],
)
def test_a_mask_shows_at_most_half(name, masked):
    """The first character and at most two of the last are shown, never more than half of a name."""
    assert mask(name) == masked


def test_a_user_reference_is_stable():
    """The same key and user give the same reference."""
    assert UserReferences(b"key").of(5) == UserReferences(b"key").of(5)


def test_a_user_reference_depends_on_the_key():
    """Who lacks the key cannot find a user by hashing all ids."""
    assert UserReferences(b"key").of(5) != UserReferences(b"other").of(5)


def test_a_long_key_is_used_to_its_end():
    """Keys that differ only after 64 bytes give different references."""
    assert UserReferences(b"k" * 100 + b"1").of(5) != UserReferences(b"k" * 100 + b"2").of(5)


def test_user_references_without_a_key_are_refused():
    """A hash without a key hides nothing."""
    with pytest.raises(ValueError, match="key"):
        UserReferences(b"")
