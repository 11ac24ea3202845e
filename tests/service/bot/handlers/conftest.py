"""Guests of every kind."""

from __future__ import annotations

import pytest

from guest import ADMIN, Guest, Shelf, features_over


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def guest(shelf: Shelf) -> Guest:
    """Somebody who pays for everything."""
    return Guest(features_over(shelf), shelf)


@pytest.fixture
def free_guest(shelf: Shelf) -> Guest:
    """Somebody with two free generations a day."""
    return Guest(features_over(shelf, daily_free_limit=2), shelf)


@pytest.fixture
def admin(shelf: Shelf) -> Guest:
    """An administrator."""
    return Guest(features_over(shelf), shelf, user_id=ADMIN)
