"""What was committed reaches the person, whatever Telegram does on the way."""

from __future__ import annotations

import pytest

from botflight_harness.telegram import Person, Refusal, Telegram
from botflight_service.bot import outbox
from shop import PARTNER, Shop, open_shop


async def test_a_429_is_waited_out_as_long_as_telegram_asks(impatient_shop: Shop, alice: Person) -> None:
    """The message comes after retry_after seconds, not earlier and not never."""
    shop = impatient_shop
    shop.telegram.faults.flood("sendMessage", retry_after_s=30)
    began_ms = shop.telegram.clock.now_ms()

    await alice.sends("/start")

    assert alice.last.from_bot
    assert shop.telegram.clock.now_ms() - began_ms >= 30_000
    assert shop.telemetry.sample("botflight_telegram_retry_after_seconds_total") == 30


async def test_messages_of_a_chat_keep_their_order_while_one_is_held_up(impatient_shop: Shop, alice: Person) -> None:
    """The second answer does not overtake the first one that had to wait."""
    shop = impatient_shop
    await alice.sends("/start")
    shop.telegram.faults.flood("sendMessage", retry_after_s=5)

    first, second = alice.send_text("/help").update, alice.send_text("/balance").update
    await shop.harness.together([first, second])

    told = [seen.text for seen in alice.screen if seen.from_bot][-2:]
    actions = [line["action"] for line in shop.telemetry.events("user_action")][-2:]
    titles = {"show_help": "How it works", "show_balance": "Balance"}
    assert [text.splitlines()[0] for text in told] == [titles[action] for action in actions]


async def test_a_lost_answer_sends_the_message_once_more(impatient_shop: Shop, alice: Person) -> None:
    """At least once: Telegram has no key to tell a repeat by, and silence would be worse than twice."""
    impatient_shop.telegram.faults.lose_answer("sendMessage")

    await alice.sends("/start")

    assert len([seen for seen in alice.screen if seen.from_bot]) == 2


async def test_a_call_that_never_arrived_is_made_again(impatient_shop: Shop, alice: Person) -> None:
    """A reset connection costs a moment, not the message."""
    impatient_shop.telegram.faults.lose_call("sendMessage", times=3)

    await alice.sends("/start")

    assert len([seen for seen in alice.screen if seen.from_bot]) == 1


async def test_who_blocked_the_bot_is_not_written_to_for_ever(shop: Shop, alice: Person) -> None:
    """403 is final until the person writes again: the message is given up, and told."""
    await alice.sends("/start")
    shop.telegram.faults.refuse("sendMessage", Refusal(403, "Forbidden: bot was blocked by the user"))

    await alice.sends("/balance")

    assert shop.telemetry.events("MESSAGE_UNDELIVERABLE")[0]["reason"] == "FORBIDDEN"
    assert list(await shop.storage.unsent(PARTNER)) == []


async def test_the_same_screen_twice_is_no_failure(shop: Shop, alice: Person) -> None:
    """Telegram refuses to draw what is there already; the person sees what they asked for."""
    await alice.sends("/start")
    await alice.taps("balance")
    message = shop.telegram.private_chat(alice, shop.harness.bot).visible()[-1]

    await shop.harness.carry(alice.tap_data(message, "balance").updates)

    assert shop.telemetry.events("MESSAGE_UNDELIVERABLE") == []
    assert list(await shop.storage.unsent(PARTNER)) == []


async def test_a_screen_that_cannot_be_drawn_over_is_sent_anew(shop: Shop, alice: Person) -> None:
    """The message is gone or too old: the screen comes as a new one."""
    await alice.sends("/start")
    shop.telegram.faults.refuse("editMessageText", Refusal(400, "Bad Request: message can't be edited"))

    await alice.taps("balance")

    assert len([seen for seen in alice.screen if seen.from_bot]) == 2


async def test_what_was_committed_and_not_sent_is_sent_at_the_next_start(
    telegram: Telegram, alice: Person, tmp_path
) -> None:
    """A service that ends between the commit and the sending leaves nobody in silence."""
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    async with open_shop(telegram, database_url=url) as shop:
        shop.service.outbox.put = lambda _: None  # the process ends here, as far as the message is concerned
        await alice.sends("/start")
    silent = [seen for seen in alice.screen if seen.from_bot]

    async with open_shop(telegram, database_url=url) as shop:
        await shop.service.service.idle()

    assert silent == []
    assert len([seen for seen in alice.screen if seen.from_bot]) == 1


async def test_the_sent_menu_is_remembered_in_the_session(shop: Shop, alice: Person) -> None:
    """The id of the menu's message goes back to the session."""
    await alice.sends("/start")

    session = await shop.storage.session(PARTNER, alice.user_id)

    assert session is None or session.menu_message_id == alice.last.message_id


async def test_when_too_many_wait_the_rest_stays_in_the_store_and_follows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory has a limit, and nobody is left out for it: everybody has their answer, once."""
    monkeypatch.setattr(outbox, "MAX_WAITING", 2)
    people = [shop.telegram.user(f"Person {number}") for number in range(30)]

    await shop.harness.together([person.send_text("/start").update for person in people])
    await shop.harness.together([person.send_text("/help").update for person in people])

    answers = [[seen.text.splitlines()[0] for seen in person.screen if seen.from_bot] for person in people]
    assert {len(texts) for texts in answers} == {2}
    assert {texts[1] for texts in answers} == {"How it works"}
    assert list(await shop.storage.unsent(PARTNER)) == []
