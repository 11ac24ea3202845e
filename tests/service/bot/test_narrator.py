from __future__ import annotations

from dataclasses import replace
from html import unescape
from uuid import UUID

import pytest

from botflight_service.billing.money import credits
from botflight_service.bot import texts
from botflight_service.bot.narrator import Narrator
from botflight_service.generation import catalog
from botflight_service.generation.attempts import Artifact, Attempt, AttemptState, Funding, ResultKind

NARRATOR = Narrator(texts=texts.load(), catalog=catalog.load())
TASK = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
FILE = Artifact(ResultKind.PHOTO, "local/1", "fox.png")
ATTEMPT = Attempt(
    task_id=TASK,
    partner="p-main01",
    user_id=1001,
    chat_id=1001,
    model="text_to_image",
    inputs={"prompt": "a <red> fox", "shape": "16:9"},
    price=credits(5),
    funding=Funding.BALANCE,
    state=AttemptState.RUNNING,
    correlation_id=UUID(int=7),
    trace_parent="",
    language="en",
    screen_message_id=77,
    created_at_ms=0,
    changed_at_ms=0,
)
FREE = replace(ATTEMPT, funding=Funding.FREE)
RUSSIAN = replace(ATTEMPT, language="ru")


def data_of(screen: object) -> list[str]:
    return [button.data for row in getattr(screen, "keyboard", ()) for button in row]


def test_the_queue_has_a_way_to_a_menu_of_its_own() -> None:
    """The menu comes as a new message: the progress goes on where it is."""
    screen = NARRATOR.queued(ATTEMPT)

    assert "In the queue" in screen.text
    assert data_of(screen) == ["new_menu"]


@pytest.mark.parametrize(
    ("elapsed_ms", "line"),
    [
        (0, "░░░░░░░░░░ 0 s of about 15 s"),
        (7_900, "▓▓▓▓░░░░░░ 7 s of about 15 s"),
        (15_000, "▓▓▓▓▓▓▓▓▓░ 15 s of about 15 s"),
        (61_000, "▓▓▓▓▓▓▓▓▓░ 61 s. Longer than usual, but it is going on."),
        (-5, "░░░░░░░░░░ 0 s of about 15 s"),
    ],
)
def test_progress_tells_the_time(elapsed_ms: int, line: str) -> None:
    """The bar fills by the time that it usually takes, and is never full before the end."""
    screen = NARRATOR.generating(ATTEMPT, elapsed_ms=elapsed_ms)

    assert line in screen.text


def test_progress_of_a_model_that_is_gone_can_still_be_told() -> None:
    """A deployment that drops a model does not leave its attempts without words."""
    screen = NARRATOR.generating(replace(ATTEMPT, model="gone"), elapsed_ms=1000)

    assert "no longer here" in screen.text


def test_done_tells_how_long_it_took() -> None:
    """The progress ends with its time, without buttons: they are under the file."""
    screen = NARRATOR.done(ATTEMPT, elapsed_ms=12_345)

    assert "<b>Done</b> in 12 s" in screen.text
    assert screen.keyboard == ()


def test_the_result_says_what_it_is_and_what_it_cost() -> None:
    """The caption has the model, the answers in the user's words, and the price; below are repeat and menu."""
    screen = NARRATOR.result(ATTEMPT, FILE)

    assert screen.artifact == FILE
    assert "Picture from text" in screen.text
    assert "a &lt;red&gt; fox" in screen.text
    assert "Wide 16:9" in screen.text
    assert "Charged: 5 credits" in screen.text
    assert data_of(screen) == [f"repeat:{TASK.hex}", "new_menu"]


def test_a_free_result_cost_nothing() -> None:
    """A free generation is called so."""
    assert NARRATOR.result(FREE, FILE).text.endswith("Free")


@pytest.mark.parametrize("make", [NARRATOR.result, NARRATOR.late])
def test_a_caption_stays_within_telegrams_limit(make: object) -> None:
    """However long the prompt, the caption has at most 1024 characters as Telegram counts them."""
    assert callable(make)
    screen = make(replace(RUSSIAN, inputs={"prompt": "<&>" * 500, "shape": "1:1"}), FILE)

    assert len(unescape(screen.text)) <= 1024
    assert "…" in screen.text


def test_a_late_result_is_a_present() -> None:
    """The money went back already, so nothing is charged."""
    assert "present" in NARRATOR.late(ATTEMPT, FILE).text


@pytest.mark.parametrize(
    ("attempt", "told"),
    [(ATTEMPT, "Back on your balance: 5 credits."), (FREE, "the free generation is yours again")],
    ids=["balance", "free"],
)
def test_a_failure_says_what_happened_to_the_money(attempt: Attempt, told: str) -> None:
    """Nobody is left wondering whether a failure was charged."""
    for screen in (NARRATOR.failed(attempt, "refused"), NARRATOR.given_up(attempt)):
        assert told in screen.text
        assert data_of(screen) == [f"repeat:{TASK.hex}", "new_menu"]


def test_a_failure_says_why_where_that_helps() -> None:
    """Known codes have words of their own, all others share some; the code itself is never shown."""
    known, unknown = NARRATOR.failed(ATTEMPT, "took_too_long"), NARRATOR.failed(ATTEMPT, "E_42")

    assert "took too long" in known.text
    assert "could not do it this time" in unknown.text
    assert "E_42" not in unknown.text


@pytest.mark.parametrize(
    ("attempt", "told"),
    [(ATTEMPT, "you get 5 credits back"), (FREE, "you get your free generation back")],
    ids=["balance", "free"],
)
def test_checking_promises_an_end(attempt: Attempt, told: str) -> None:
    """While the provider's word is missing, the user knows what comes next, and by when."""
    screen = NARRATOR.checking(attempt)

    assert told in screen.text
    assert "15 minutes" in screen.text


def test_the_words_follow_the_users_language() -> None:
    """An attempt is told of in the language in which it was confirmed."""
    assert "Списано: 5 кредитов" in NARRATOR.result(RUSSIAN, FILE).text
    assert "верну 5 кредитов на баланс" in NARRATOR.checking(RUSSIAN).text


def test_an_apology_leads_to_the_menu() -> None:
    """When the bot itself fails, it says so, says that nothing was charged, and offers the menu."""
    screen = NARRATOR.apology("ru")

    assert "ничего не списано" in screen.text
    assert data_of(screen) == ["menu"]
