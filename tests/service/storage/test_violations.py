from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from botflight_service.storage.interface import Storage
from makings import ALICE, PARTNER, TODAY, attempt, session, task, work

#: What somebody (or a defect) did to the file by hand, and words of the sentence that finds it.
DAMAGES = [
    ("UPDATE accounts SET balance_hundredths = 5 WHERE user_id = 11 AND kind = 'wallet'", "off the sum of its entries"),
    ("UPDATE accounts SET balance_hundredths = 5 WHERE user_id = 11 AND kind = 'wallet'", "not to zero"),
    ("UPDATE accounts SET balance_hundredths = -5 WHERE kind = 'wallet'", "the wallet of user 11 of .* is below zero"),
    ("UPDATE attempts SET state = 'failed'", "outlives its attempt"),
    ("DELETE FROM attempts", "outlives its attempt"),
    ("DELETE FROM open_holds", "open and resolved, or neither"),
    ("UPDATE free_days SET used = 4", "used on 2026-09-21 at .* 4 free generations, yet 1 are written down"),
    ("UPDATE free_deductions SET daily_limit = 0", "1 free generations of 0"),
    ("UPDATE counters SET value = 9 WHERE name = 'users'", "the counter users of .* says 9, counting says 1"),
    ("DELETE FROM counters WHERE name = 'attempts'", "the counter attempts of .* says 0, counting says 1"),
]


@pytest.fixture
async def sound(file_storage: Storage) -> Storage:
    """A store with a purchase under way."""
    await file_storage.commit(work(session=session(5), attempt=attempt()))
    await file_storage.credit_balance_once(PARTNER, ALICE, 30, "a payment")
    await file_storage.hold_balance_once(PARTNER, ALICE, 10, task())
    await file_storage.consume_free_generation_once(PARTNER, ALICE, task("free"), day=TODAY, daily_limit=5)
    return file_storage


async def test_a_sound_store_has_no_violations(sound: Storage) -> None:
    """Where every invariant holds there is nothing to say."""
    assert await sound.violations() == []


@pytest.mark.parametrize(("statement", "words"), DAMAGES)
async def test_what_was_broken_is_told(sound: Storage, tmp_path: Path, statement: str, words: str) -> None:
    """Each invariant that is broken behind the store's back has its sentence."""
    with sqlite3.connect(tmp_path / "store.db") as hand:
        hand.execute("PRAGMA ignore_check_constraints = ON")
        hand.execute(statement)
    hand.close()

    sentences = await sound.violations()

    assert any(re.search(words, sentence) for sentence in sentences), sentences
