from __future__ import annotations

from botflight_service.billing.money import credits
from botflight_service.generation.attempts import Funding
from botflight_service.session import GUARD_MS, Draft, Offer
from botflight_service.storage.interface import Mark, SendOutcome, Storage
from makings import ALICE, BOB, NOW_MS, PARTNER, message, session, task, work

DRAFT = Draft(
    model="text_to_image",
    inputs={"prompt": "фокс 🦊", "shape": "1:1"},
    step="count",
    offer=Offer(task_id=task(), price=credits(2.5), funding=Funding.FREE),
)


async def test_a_session_comes_back_as_it_was_written(storage: Storage) -> None:
    """Draft and offer included, a session reads as the value that was committed."""
    written = session(5, language="ru", menu_message_id=3, draft=DRAFT)

    await storage.commit(work(session=written))

    assert await storage.session(PARTNER, ALICE) == written
    assert await storage.session(PARTNER, BOB) is None
    assert await storage.session("p-other", ALICE) is None


async def test_an_older_update_does_not_override_a_newer_session(storage: Storage) -> None:
    """A session that an older update wrote is left out; the rest of its work is kept."""
    await storage.commit(work(session=session(6, language="ru")))

    receipt = await storage.commit(work(session=session(5, language="en"), messages=(message(),)))

    assert not receipt.session_kept
    assert await storage.session(PARTNER, ALICE) == session(6, language="ru")
    assert len(await storage.unsent(PARTNER)) == 1


async def test_the_same_update_may_write_again(storage: Storage) -> None:
    """A second write by the same update is the newer word."""
    await storage.commit(work(session=session(5)))

    receipt = await storage.commit(work(session=session(5, language="ru")))

    assert receipt.session_kept
    assert await storage.session(PARTNER, ALICE) == session(5, language="ru")


async def test_a_session_of_yesterday_does_not_guard_itself(storage: Storage) -> None:
    """Telegram may start its ids anew: a day later a smaller update_id may write."""
    await storage.commit(work(session=session(6_000)))
    too_early = session(1, written_at_ms=NOW_MS + GUARD_MS - 1)
    a_day_later = session(1, written_at_ms=NOW_MS + GUARD_MS)

    assert not (await storage.commit(work(session=too_early))).session_kept
    assert (await storage.commit(work(session=a_day_later))).session_kept

    assert await storage.session(PARTNER, ALICE) == a_day_later


async def test_a_session_read_before_the_menu_was_sent_does_not_lose_it(storage: Storage) -> None:
    """The id of a sent menu is the outbox's to write: a handler that did not know it yet does not undo it."""
    (queued,) = (await storage.commit(work(session=session(5), messages=(message(menu_of=ALICE),)))).messages
    await storage.mark(
        PARTNER, [Mark(place=queued.place, outcome=SendOutcome.SENT, at_ms=NOW_MS, telegram_message_id=77)]
    )

    await storage.commit(work(session=session(6, menu_message_id=None)))

    assert await storage.session(PARTNER, ALICE) == session(6, menu_message_id=77)


async def test_the_first_session_makes_the_user_known(storage: Storage) -> None:
    """A user exists from their first session on, and in their partner's bot alone."""
    assert not await storage.has_user(PARTNER, ALICE)

    await storage.commit(work(session=session(5)))

    assert await storage.has_user(PARTNER, ALICE)
    assert not await storage.has_user("p-other", ALICE)
