from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from botflight_service.billing.money import credits
from botflight_service.bot.callback_data import RepeatAttempt, SendAgain, ShowAttempt
from botflight_service.generation.attempts import Artifact, Attempt, AttemptState, Funding, ResultKind
from guest import GUEST, NOW_MS, PARTNER, Guest

FILE = Artifact(ResultKind.PHOTO, "local/1", "fox.png", telegram_file_id="tg-1")
MADE = Attempt(
    task_id=UUID(int=1),
    partner=PARTNER,
    user_id=GUEST,
    chat_id=GUEST,
    model="text_to_image",
    inputs={"prompt": "a <red> fox", "shape": "1:1"},
    price=credits(5),
    funding=Funding.BALANCE,
    state=AttemptState.DELIVERED,
    correlation_id=UUID(int=7),
    trace_parent="",
    language="en",
    screen_message_id=77,
    created_at_ms=NOW_MS,
    changed_at_ms=NOW_MS,
    artifact=FILE,
)


def made(guest: Guest, count: int) -> None:
    for number in range(1, count + 1):
        attempt = replace(MADE, task_id=UUID(int=number), created_at_ms=NOW_MS + number * 60_000)
        guest.shelf.attempts[attempt.task_id] = attempt


async def test_an_empty_history_says_so(guest: Guest) -> None:
    """Who made nothing yet reads that, and finds the menu."""
    await guest.commands("/history")

    assert "Nothing here yet." in guest.screen.text
    assert guest.labels == ["🏠 Main menu"]


async def test_the_newest_comes_first(guest: Guest) -> None:
    """Entries stand by their time, on the clock of the partner's zone."""
    made(guest, 2)

    await guest.commands("/history")

    assert guest.labels[:2] == [
        "✅ 🎨 Picture from text · 2026-11-24 13:02",
        "✅ 🎨 Picture from text · 2026-11-24 13:01",
    ]


async def test_pages_turn_both_ways(guest: Guest) -> None:
    """Six a page; newer and older appear only where there is something."""
    made(guest, 13)
    await guest.commands("/history")
    first = guest.labels

    await guest.presses("Older")
    second = guest.labels
    await guest.presses("Older")
    third = guest.labels

    assert [len(first), len(second), len(third)] == [6 + 2, 6 + 3, 1 + 2]
    assert "« Newer" not in first
    assert "Older »" not in third


async def test_a_page_beyond_the_end_leads_back(guest: Guest) -> None:
    """An old button of a page that is gone shows an end, with a way back."""
    made(guest, 1)

    await guest.taps("history:600")

    assert "nothing older" in guest.screen.text
    assert "« Newer" in guest.labels


async def test_an_entry_tells_all(guest: Guest) -> None:
    """Model, state, time, what was paid and what was asked stand on the card."""
    made(guest, 1)
    await guest.commands("/history")

    await guest.presses("Picture from text")

    for told in ("Picture from text", "Done, 2026-11-24 13:01", "Charged: 5 credits", "a &lt;red&gt; fox"):
        assert told in guest.screen.text
    assert guest.labels == ["🔁 Repeat", "📤 Send again", "⬅️ Back", "🏠 Main menu"]


async def test_back_from_an_entry_opens_its_page(guest: Guest) -> None:
    """From an entry of the second page one comes back to the second page."""
    made(guest, 8)
    await guest.taps("history:6")
    page = guest.labels
    await guest.taps(guest.screen.keyboard[0][0].data)

    await guest.presses("⬅️ Back")

    assert guest.labels == page


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": AttemptState.CONFIRMED, "artifact": None}, "In the queue, 2026-11-24 13:00\nHeld: 5 credits"),
        ({"state": AttemptState.UNKNOWN, "artifact": None}, "Being checked, 2026-11-24 13:00\nHeld: 5 credits"),
        (
            {"state": AttemptState.FAILED, "artifact": None, "failure": "refused"},
            "Did not work out, 2026-11-24 13:00\nCharged: nothing",
        ),
        (
            {"state": AttemptState.REFUNDED, "artifact": None, "failure": "no_answer"},
            "Paid back, 2026-11-24 13:00\nCharged: nothing",
        ),
        ({"state": AttemptState.REFUNDED}, "Paid back, 2026-11-24 13:00\nCharged: nothing"),
        ({"funding": Funding.FREE}, "Done, 2026-11-24 13:00\nFree"),
        (
            {"state": AttemptState.RUNNING, "artifact": None, "funding": Funding.FREE},
            "Being made, 2026-11-24 13:00\nFree",
        ),
    ],
)
async def test_an_entry_says_where_the_money_is(guest: Guest, changes: dict[str, object], told: str) -> None:
    """Held, charged, nothing or free: each state says it truly."""
    guest.shelf.attempts[MADE.task_id] = MADE
    guest.settled(MADE, **changes)

    await guest.taps(ShowAttempt(MADE.task_id, 0))

    assert told in guest.screen.text


async def test_an_entry_without_a_file_cannot_be_sent_again(guest: Guest) -> None:
    """The button is there only where there is a file; an old one says that there is none."""
    guest.shelf.attempts[MADE.task_id] = replace(MADE, state=AttemptState.FAILED, artifact=None)
    await guest.taps(ShowAttempt(MADE.task_id, 0))
    labels = guest.labels

    reply = await guest.taps(SendAgain(MADE.task_id))

    assert "📤 Send again" not in labels
    assert reply.outcome == "NO_FILE"


async def test_repeat_draws_a_new_confirm_screen(guest: Guest) -> None:
    """The same answers under a task of their own: confirming it again is a new purchase."""
    guest.shelf.attempts[MADE.task_id] = MADE

    reply = await guest.taps(RepeatAttempt(MADE.task_id))

    assert reply.action == "repeat_attempt"
    assert "Is everything right?" in guest.screen.text
    assert guest.session.draft
    assert guest.session.draft.inputs == MADE.inputs
    assert guest.task_id != MADE.task_id


async def test_repeat_asks_for_what_no_longer_fits(guest: Guest) -> None:
    """A choice that is not offered any more is asked for again, the rest is kept."""
    guest.shelf.attempts[MADE.task_id] = replace(MADE, inputs={"prompt": "a fox", "shape": "21:9"})

    await guest.taps(RepeatAttempt(MADE.task_id))

    assert "Which shape should it have?" in guest.screen.text
    assert guest.session.draft
    assert guest.session.draft.inputs == {"prompt": "a fox"}


async def test_a_model_that_is_gone_is_not_repeated(guest: Guest) -> None:
    """Its card has no repeat, and an old button says that it is no longer on offer."""
    guest.shelf.attempts[MADE.task_id] = replace(MADE, model="retired")
    await guest.taps(ShowAttempt(MADE.task_id, 0))
    labels, text = guest.labels, guest.screen.text

    reply = await guest.taps(RepeatAttempt(MADE.task_id))

    assert "🔁 Repeat" not in labels
    assert "no longer here" in text
    assert reply.outcome == "MODEL_GONE"


async def test_send_again_sends_the_file(guest: Guest) -> None:
    """The file comes as a new message, by Telegram's own id of it."""
    guest.shelf.attempts[MADE.task_id] = MADE

    reply = await guest.taps(SendAgain(MADE.task_id))

    assert reply.outcome == "OK"
    assert guest.screen.artifact == FILE
    assert not guest.screen.in_place


@pytest.mark.parametrize("button", [ShowAttempt(MADE.task_id, 0), RepeatAttempt(MADE.task_id), SendAgain(MADE.task_id)])
@pytest.mark.parametrize("owner", [None, 2002], ids=["nobody's", "somebody else's"])
async def test_only_ones_own_attempts_are_found(
    guest: Guest, button: ShowAttempt | RepeatAttempt | SendAgain, owner: int | None
) -> None:
    """Attempts of others do not exist, as those that never were."""
    if owner:
        guest.shelf.attempts[MADE.task_id] = replace(MADE, user_id=owner)

    reply = await guest.taps(button)

    assert reply.outcome == "NO_ATTEMPT"
    assert "I cannot find this generation." in guest.screen.text
    assert "fox" not in guest.screen.text
