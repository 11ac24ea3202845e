from botflight_harness import Person, Telegram
from botflight_harness.clock import HOUR_MS
from botflight_harness.server.journal import REMEMBERED, Journal


def test_what_was_delivered_stays_so(telegram: Telegram, alice: Person) -> None:
    """Settling long after looks at what is still on its way alone: what it has settled does not expire."""
    bot, journal = telegram.bot(), Journal()
    bot.updates.listen(lambda update: journal.queued(bot, update))
    taken, left = alice.send_text("one").update, alice.send_text("two").update
    journal.tried(bot, taken, "delivered")
    bot.updates.clear()

    journal.settle(bot, now_ms=telegram.clock.now_ms() + 25 * HOUR_MS)

    assert {one.update.update_id: one.status for one in journal.deliveries} == {
        taken.update_id: "delivered",
        left.update_id: "expired",
    }


def test_only_the_latest_are_remembered(telegram: Telegram, alice: Person) -> None:
    """Whether they have come to an end or not."""
    bot, journal = telegram.bot(), Journal()
    bot.updates.listen(lambda update: journal.queued(bot, update))

    for number in range(REMEMBERED + 3):
        alice.send_text(str(number))

    assert len(journal.deliveries) == len(journal._open) == REMEMBERED
