import asyncio

import pytest

from botflight_harness import Person, Telegram, Update
from botflight_harness.clock import SystemClock
from botflight_harness.delivery import Courier, Outcome, Undelivered

REFUSED = Outcome(accepted=False, answer="no")
TAKEN = Outcome(accepted=True)


class Bot:
    """Takes updates, answers as it is told, and notes when."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.got: list[tuple[int, int]] = []
        self.answers: list[Outcome] = []

    async def post(self, update: Update) -> Outcome:
        self.got.append((update.update_id, self.telegram.clock.now_ms()))
        await asyncio.sleep(0)
        return self.answers.pop(0) if self.answers else TAKEN

    def numbers(self) -> list[int]:
        return [number for number, _ in self.got]


@pytest.fixture
def bot(telegram: Telegram) -> Bot:
    return Bot(telegram)


@pytest.fixture
def courier(telegram: Telegram, bot: Bot) -> Courier:
    return Courier(telegram.sole_bot(), post=bot.post, clock=telegram.clock)


async def test_one_chat_that_fails_does_not_hold_up_another(
    telegram: Telegram, bot: Bot, courier: Courier, alice: Person, bob: Person
) -> None:
    """Each chat has a lane of its own; in the lane that fails the second waits for the first."""
    bot.answers = [REFUSED, TAKEN, REFUSED]
    first, other, second = alice.send_text("1").update, bob.send_text("2").update, alice.send_text("3").update

    await courier.carry([first, other, second])

    numbers = bot.numbers()
    assert numbers.count(first.update_id) == 3
    assert numbers.index(other.update_id) == 1
    assert numbers[-1] == second.update_id
    assert len(telegram.sole_bot().updates) == 0


async def test_retry_after_is_honoured(bot: Bot, courier: Courier, alice: Person) -> None:
    """The next try comes when the bot asked for it."""
    bot.answers = [Outcome(accepted=False, answer="503", retry_after_s=7)]

    await courier.carry(alice.send_text("hello").updates)

    (_, first_ms), (_, second_ms) = bot.got
    assert second_ms - first_ms == 7_000


async def test_a_virtual_clock_moves_only_when_every_lane_waits(telegram: Telegram, bot: Bot, courier: Courier) -> None:
    """Fifty chats that fail at once cost two seconds of Telegram's time, not a hundred."""
    people = [telegram.user(f"User {number}") for number in range(50)]
    bot.answers = [REFUSED] * 100
    start_ms = telegram.clock.now_ms()

    await courier.carry([person.send_text("hello").update for person in people])

    assert len(bot.got) == 150
    assert telegram.clock.now_ms() - start_ms == 2_000


async def test_other_timers_of_the_clock_are_left_alone(
    telegram: Telegram, bot: Bot, courier: Courier, alice: Person
) -> None:
    """Delivering does not move the clock to what somebody else waits for."""
    fired: list[int] = []
    telegram.clock.call_at(telegram.clock.now_ms() + 60_000, lambda: fired.append(1))
    bot.answers = [REFUSED, REFUSED]

    await courier.carry(alice.send_text("hello").updates)

    assert fired == []


async def test_what_is_not_taken_stops_its_lane_and_stays(
    telegram: Telegram, bot: Bot, courier: Courier, alice: Person
) -> None:
    """Everybody who waits in the lane is told, and a later `drain` brings what stayed."""
    updates = [alice.send_text("1").update, alice.send_text("2").update]
    bot.answers = [REFUSED] * 12

    with pytest.raises(Undelivered):
        await courier.carry(updates)
    assert len(telegram.sole_bot().updates) == 2

    await courier.drain()
    assert bot.numbers()[-2:] == [update.update_id for update in updates]


async def test_an_error_of_the_road_reaches_who_waits(telegram: Telegram, alice: Person) -> None:
    """What `post` raises is no refusal: it ends the wait."""

    async def post(_: Update) -> Outcome:
        raise RuntimeError("no road")

    courier = Courier(telegram.sole_bot(), post=post, clock=telegram.clock)
    updates = [alice.send_text("1").update, alice.send_text("2").update]

    with pytest.raises(RuntimeError, match="no road"):
        await courier.carry(updates)


async def test_many_may_wait_at_once(telegram: Telegram, bot: Bot, courier: Courier) -> None:
    """Two hundred people who act at the same moment are all served, each once."""
    people = [telegram.user(f"User {number}") for number in range(200)]

    await asyncio.gather(*(courier.carry(person.send_text("hello").updates) for person in people))

    assert len(set(bot.numbers())) == len(bot.got) == 200


async def test_on_the_systems_clock_nothing_is_moved() -> None:
    """A retry that is due at once needs no virtual clock."""
    telegram = Telegram(clock=SystemClock())
    bot = Bot(telegram)
    bot.answers = [Outcome(accepted=False, retry_after_s=0)]
    courier = Courier(telegram.sole_bot(), post=bot.post, clock=telegram.clock)

    await courier.carry(telegram.user("Alice").send_text("hello").updates)

    assert len(bot.got) == 2


async def test_a_closed_courier_leaves_what_comes(bot: Bot, courier: Courier, alice: Person) -> None:
    """A new one finds it in the queue."""
    courier.close()

    alice.send_text("hello")

    assert bot.got == []


async def test_a_clock_that_is_moved_brings_the_retries_that_fall_due(
    telegram: Telegram, bot: Bot, courier: Courier, alice: Person
) -> None:
    """Within ten seconds there are four tries: two at once, then after 2 and 4 seconds; the next would be at 14."""
    bot.answers = [REFUSED] * 5
    alice.send_text("hello")
    leave = telegram.clock.wait_for(courier.rest)
    began_ms = telegram.clock.now_ms()

    await telegram.clock.advance(seconds=10)
    early = [at_ms - began_ms for _, at_ms in bot.got]
    await telegram.clock.advance(minutes=1)
    leave()

    assert early == [0, 0, 2_000, 6_000]
    assert [at_ms - began_ms for _, at_ms in bot.got[4:]] == [14_000, 30_000]
    assert len(telegram.sole_bot().updates) == 0
