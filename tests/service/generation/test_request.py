from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from botflight_service.billing.ledger import AccountKind, TransferKind
from botflight_service.billing.money import Credits, credits
from botflight_service.generation import catalog, request
from botflight_service.generation.attempts import Attempt, AttemptState, Funding
from botflight_service.generation.catalog import Model
from botflight_service.generation.request import (
    AlreadyConfirmed,
    Confirmation,
    Confirmed,
    Expired,
    NotEnough,
    Purse,
    TermsChanged,
    TooMany,
)
from botflight_service.session import Draft, Offer

TASK = UUID("11111111-1111-1111-1111-111111111111")
OTHER_TASK = UUID("22222222-2222-2222-2222-222222222222")
ANSWERS = {"prompt": "a red fox", "shape": "1:1"}


@pytest.fixture
def model() -> Model:
    """Pictures at five credits."""
    found = catalog.load().find("text_to_image")
    assert found
    return replace(found, price=credits(5))


def a_purse(available: float = 100, *, free_used: int = 0, daily_limit: int = 0) -> Purse:
    return Purse(
        available=credits(available),
        held=Credits(0),
        free_used=free_used,
        daily_limit=daily_limit,
        day="2026-11-24",
    )


def a_draft(funding: Funding = Funding.BALANCE, *, price: float = 5) -> Draft:
    offer = Offer(task_id=TASK, price=credits(price), funding=funding)
    return Draft(model="text_to_image", inputs=ANSWERS, offer=offer)


def a_tap(task_id: UUID = TASK) -> Confirmation:
    return Confirmation(
        task_id=task_id,
        partner="p-main01",
        user_id=1001,
        chat_id=1001,
        language="en",
        correlation_id=UUID(int=7),
        trace_parent="00-aa-bb-01",
        screen_message_id=77,
        now_ms=1000,
    )


def decide(
    model: Model | None,
    *,
    tap: Confirmation | None = None,
    existing: Attempt | None = None,
    draft: Draft | None,
    purse: Purse,
) -> request.Decision:
    return request.decide(tap or a_tap(), existing=existing, draft=draft, model=model, purse=purse)


def test_a_confirm_holds_the_price(model: Model) -> None:
    """What is confirmed is held: from the wallet, in full, under the task's id."""
    decision = decide(model, draft=a_draft(), purse=a_purse())

    assert isinstance(decision, Confirmed)
    assert decision.free is None
    assert decision.hold
    assert (decision.hold.kind, decision.hold.amount_hundredths) == (TransferKind.HOLD, 500)
    assert (decision.hold.task_id, decision.hold.debit.kind) == (TASK, AccountKind.WALLET)


def test_the_attempt_carries_everything_that_was_promised(model: Model) -> None:
    """The attempt freezes answers, price, funding, language, the screen and where it came from."""
    decision = decide(model, draft=a_draft(), purse=a_purse())

    assert isinstance(decision, Confirmed)
    assert decision.attempt == Attempt(
        task_id=TASK,
        partner="p-main01",
        user_id=1001,
        chat_id=1001,
        model="text_to_image",
        inputs=ANSWERS,
        price=credits(5),
        funding=Funding.BALANCE,
        state=AttemptState.CONFIRMED,
        correlation_id=UUID(int=7),
        trace_parent="00-aa-bb-01",
        language="en",
        screen_message_id=77,
        created_at_ms=1000,
        changed_at_ms=1000,
    )


def test_free_generations_come_first(model: Model) -> None:
    """While a free one is left, the wallet is not touched."""
    decision = decide(model, draft=a_draft(Funding.FREE), purse=a_purse(free_used=4, daily_limit=5))

    assert isinstance(decision, Confirmed)
    assert decision.hold is None
    assert decision.free
    assert (decision.free.task_id, decision.free.day, decision.free.daily_limit) == (TASK, "2026-11-24", 5)


def test_a_free_generation_needs_no_credits(model: Model) -> None:
    """An empty wallet does not stand in the way of a free generation."""
    decision = decide(model, draft=a_draft(Funding.FREE), purse=a_purse(0, daily_limit=5))

    assert isinstance(decision, Confirmed)


def test_an_attempt_that_exists_stops_everything(model: Model) -> None:
    """A repeated tap changes nothing, even when nothing else would fit any more."""
    first = decide(model, draft=a_draft(), purse=a_purse())
    assert isinstance(first, Confirmed)

    decision = decide(None, existing=first.attempt, draft=None, purse=a_purse(0))

    assert decision == AlreadyConfirmed(first.attempt)


@pytest.mark.parametrize(
    "draft",
    [
        None,
        Draft(model="text_to_image", inputs=ANSWERS),
        replace(a_draft(), offer=replace(a_draft().offer, task_id=OTHER_TASK)),
    ],  # type: ignore[type-var] - there is an offer
    ids=["no draft", "no offer", "another task"],
)
def test_a_button_without_its_offer_has_expired(model: Model, draft: Draft | None) -> None:
    """Nothing is taken for a button whose offer does not stand."""
    assert decide(model, draft=draft, purse=a_purse()) == Expired()


def test_a_model_that_is_gone_has_expired() -> None:
    """What is no longer sold cannot be confirmed."""
    assert decide(None, draft=a_draft(), purse=a_purse()) == Expired()


@pytest.mark.parametrize(
    ("draft", "purse"),
    [
        (a_draft(price=4), a_purse()),
        (a_draft(price=6), a_purse()),
        (a_draft(Funding.FREE), a_purse(free_used=5, daily_limit=5)),
        (a_draft(Funding.BALANCE), a_purse(daily_limit=5)),
    ],
    ids=["dearer", "cheaper", "free ones used up", "a new day has free ones"],
)
def test_nothing_is_taken_when_the_terms_have_changed(model: Model, draft: Draft, purse: Purse) -> None:
    """The user agreed to one price and one funding: any other is offered anew."""
    assert decide(model, draft=draft, purse=purse) == TermsChanged(draft)


def test_a_question_that_came_up_later_is_asked_first(model: Model) -> None:
    """A draft without all answers is shown again instead of being sent."""
    draft = replace(a_draft(), inputs={"prompt": "a red fox"})

    assert decide(model, draft=draft, purse=a_purse()) == TermsChanged(draft)


def test_the_wallet_must_hold_the_price(model: Model) -> None:
    """A hundredth too little is not enough; exactly enough is."""
    draft = a_draft()
    assert draft.offer

    assert decide(model, draft=draft, purse=a_purse(4.99)) == NotEnough(draft.offer)
    assert isinstance(decide(model, draft=draft, purse=a_purse(5)), Confirmed)


def test_missing_counts_what_the_wallet_is_short_of() -> None:
    """Short of something only where the balance pays and does not reach."""
    dear = Offer(task_id=TASK, price=credits(5), funding=Funding.BALANCE)
    free = replace(dear, funding=Funding.FREE)

    assert request.missing(dear, a_purse(3.5)) == credits(1.5)
    assert request.missing(dear, a_purse(9)) == Credits(0)
    assert request.missing(free, a_purse(0)) == Credits(0)


def test_a_task_id_is_minted_from_the_update_that_drew_the_screen() -> None:
    """The same update gives the same id for ever; another bot or update gives another."""
    assert request.task_id_of(42, 501) == UUID("6921cfa1-2282-5322-807b-9bb8c12567a4")
    assert len({request.task_id_of(42, 501), request.task_id_of(43, 501), request.task_id_of(42, 502)}) == 3


def test_an_offer_whose_terms_hold_is_kept(model: Model) -> None:
    """Drawing the same terms again leaves the button of the earlier screen alive."""
    old = a_draft().offer
    same = request.offer(model, a_purse(), task_id=OTHER_TASK)
    dearer = replace(same, price=credits(6))

    assert request.renewed(old, same) is old
    assert request.renewed(old, dearer) is dearer
    assert request.renewed(None, same) is same


@pytest.mark.parametrize(("under_way", "most", "refused"), [(4, 5, False), (5, 5, True), (6, 5, True), (900, 0, False)])
def test_no_more_generations_are_under_way_than_may_be(
    model: Model, under_way: int, most: int, *, refused: bool
) -> None:
    """The order stays as it is, and nothing is held; 0 means any number."""
    draft = a_draft()

    decision = request.decide(
        a_tap(), existing=None, draft=draft, model=model, purse=a_purse(), under_way=under_way, most_under_way=most
    )

    assert (decision == TooMany(draft, under_way)) is refused
