from __future__ import annotations

import pytest

from botflight_service.generation.attempts import AttemptState
from botflight_service.message import Button
from botflight_service.storage.interface import Mark, QueuedMessage, SendOutcome, Storage
from makings import ALICE, NOW_MS, PARTNER, attempt, message, picture, session, task, work


async def queue(storage: Storage, **changes: object) -> QueuedMessage:
    """Commit one message."""
    (queued,) = (await storage.commit(work(messages=(message(**changes),)))).messages
    return queued


def sent(queued: QueuedMessage, **changes: object) -> Mark:
    """The mark of a message that Telegram took."""
    return Mark(**{"place": queued.place, "outcome": SendOutcome.SENT, "at_ms": NOW_MS + 5} | changes)  # type: ignore[arg-type]  # its fields


async def test_a_message_comes_back_as_it_was_committed(storage: Storage) -> None:
    """Buttons, file, links to its cause: all of a message survives."""
    everything = message(
        "Готово <b>✓</b>",
        keyboard=((Button("Again", "repeat"), Button("Menu", "menu")), (Button("Back", "back"),)),
        edit_message_id=4,
        artifact=picture(telegram_file_id="file-1"),
        menu_of=ALICE,
        task_id=task(),
        trace_parent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    )

    (queued,) = (await storage.commit(work(messages=(everything,)))).messages

    assert queued.message == everything
    assert await storage.unsent(PARTNER) == [queued]


async def test_places_grow_and_pages_follow(storage: Storage) -> None:
    """Messages of one work and of the next have growing places, and pages follow by the last place."""
    texts = ["one", "two", "three"]
    await storage.commit(work(messages=tuple(map(message, texts[:2]))))
    await storage.commit(work(messages=(message(texts[2]),)))

    first = await storage.unsent(PARTNER, limit=2)
    second = await storage.unsent(PARTNER, after=first[-1].place)

    assert [queued.message.text for queued in (*first, *second)] == texts
    assert [queued.place for queued in first] == sorted({queued.place for queued in first})


@pytest.mark.parametrize("outcome", list(SendOutcome))
async def test_a_message_that_has_ended_is_not_sent_again(storage: Storage, outcome: SendOutcome) -> None:
    """Sent, refused or undeliverable: its place in the outbox is over."""
    first, second = await queue(storage), await queue(storage, text="next")

    await storage.mark(PARTNER, [sent(first, outcome=outcome)])

    assert await storage.unsent(PARTNER) == [second]


async def test_a_sent_menu_goes_to_its_session(storage: Storage) -> None:
    """The id that Telegram gave to a menu is found in the session of its user."""
    await storage.commit(work(session=session(5)))

    await storage.mark(PARTNER, [sent(await queue(storage, menu_of=ALICE), telegram_message_id=77)])

    assert await storage.session(PARTNER, ALICE) == session(5, menu_message_id=77)


@pytest.mark.parametrize("state", [AttemptState.SUCCEEDED, AttemptState.REFUNDED])
async def test_a_sent_file_delivers_its_attempt(storage: Storage, state: AttemptState) -> None:
    """What succeeded, or was given up and succeeded after all, is delivered with its message, file id included."""
    await storage.commit(work(attempt=attempt(state=state, artifact=picture())))

    await storage.mark(PARTNER, [sent(await queue(storage, task_id=task()), telegram_file_id="file-1")])

    assert await storage.attempt(PARTNER, task()) == attempt(
        state=AttemptState.DELIVERED, changed_at_ms=NOW_MS + 5, artifact=picture(telegram_file_id="file-1")
    )


@pytest.mark.parametrize("state", [AttemptState.RUNNING, AttemptState.FAILED, AttemptState.DELIVERED])
async def test_a_message_about_an_attempt_moves_no_other_state(storage: Storage, state: AttemptState) -> None:
    """An attempt that does not wait for its file stays where it is."""
    await storage.commit(work(attempt=attempt(state=state)))

    await storage.mark(PARTNER, [sent(await queue(storage, task_id=task()))])

    assert await storage.attempt(PARTNER, task()) == attempt(state=state)


async def test_a_refused_file_delivers_nothing(storage: Storage) -> None:
    """A file that Telegram did not take is not delivered."""
    await storage.commit(work(attempt=attempt(state=AttemptState.SUCCEEDED, artifact=picture())))

    await storage.mark(PARTNER, [sent(await queue(storage, task_id=task()), outcome=SendOutcome.REFUSED)])

    assert await storage.attempt(PARTNER, task()) == attempt(state=AttemptState.SUCCEEDED, artifact=picture())


async def test_a_second_mark_changes_nothing(storage: Storage) -> None:
    """How a message ended first is how it ended."""
    await storage.commit(work(session=session(5)))
    queued = await queue(storage, menu_of=ALICE)
    await storage.mark(PARTNER, [sent(queued, telegram_message_id=77)])

    await storage.mark(PARTNER, [sent(queued, telegram_message_id=78)])

    assert await storage.session(PARTNER, ALICE) == session(5, menu_message_id=77)


async def test_marks_of_many_messages_are_one_step(storage: Storage) -> None:
    """A batch of marks ends all of its messages."""
    queued = [await queue(storage, text=str(number)) for number in range(5)]

    await storage.mark(PARTNER, [sent(one) for one in queued[:4]])

    assert await storage.unsent(PARTNER) == queued[4:]


async def test_messages_of_another_partner_are_not_seen(storage: Storage) -> None:
    """Each partner has an outbox of their own, and marks reach no other's."""
    queued = await queue(storage)

    await storage.mark("p-other", [sent(queued)])

    assert await storage.unsent("p-other") == []
    assert await storage.unsent(PARTNER) == [queued]


async def test_a_user_who_blocked_the_bot_is_marked_until_they_write_again(storage: Storage) -> None:
    """An undeliverable message marks its user; the next session, which they caused, takes the mark away."""
    await storage.commit(work(session=session(5)))
    await storage.mark(PARTNER, [sent(await queue(storage), outcome=SendOutcome.UNDELIVERABLE)])
    blocked = await blocked_at_ms(storage)

    await storage.commit(work(session=session(6)))

    assert (blocked, await blocked_at_ms(storage)) == (NOW_MS + 5, None)


async def blocked_at_ms(storage: Storage) -> object:
    """When the only user there is was found to have blocked the bot."""
    (user,) = [record async for record in storage.export() if record["table"] == "users"]
    return user["blocked_at_ms"]


async def test_of_menus_that_are_marked_together_the_last_is_the_sessions(storage: Storage) -> None:
    """Two menus of a user, sent one after the other and noted at once: the next edit finds the newer."""
    await storage.commit(work(session=session(1)))
    older, newer = await queue(storage, menu_of=ALICE), await queue(storage, text="next", menu_of=ALICE)
    marks = [sent(newer, telegram_message_id=12), sent(older, telegram_message_id=11)]

    await storage.mark(PARTNER, marks)

    found = await storage.session(PARTNER, ALICE)
    assert found is not None
    assert found.menu_message_id == 12
