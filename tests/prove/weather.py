"""KIE in all weathers: purchases through the whole service while KIE refuses, loses, hangs and repeats itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.kie_shop import confirms, open_kie, open_kie_shop
from tests.prove.proof import Proof, none
from tests.shop import Shop

from botflight_harness.kie import FakeKie
from botflight_harness.kie.faults import Turn
from botflight_harness.kie.files import file_of
from botflight_harness.telegram import Person, Telegram
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import Attempt, AttemptState

PURCHASES = 5
#: `confirms` gives so much for each purchase, and a picture costs so much of it.
GIVEN, PRICE = credits(20), credits(5)
_ENDS = {AttemptState.DELIVERED, AttemptState.FAILED, AttemptState.REFUNDED}
_CODES = (401, 402, 404, 422, 429, 433, 455, 500, 501, 505)
_ASKED = ("recordInfo", "download")
_LOSSES = ("reset", "gateway")


def brew(kie: FakeKie, chance: Random) -> None:
    """Make the weather of one purchase."""
    skies: tuple[Callable[[], None], ...] = (
        lambda: None,
        lambda: kie.refuses(chance.choice((429, 455)), times=chance.randint(1, 5)),
        lambda: kie.refuses(chance.choice(_CODES), times=chance.randint(1, 6)),
        lambda: kie.loses_answer(taken=chance.random() < 0.7, how=chance.choice(_LOSSES)),
    )
    chance.choice(skies)()
    for _ in range(chance.randint(0, 3)):
        call = chance.choice(_ASKED)
        if chance.random() < 0.5:
            kie.refuses(chance.choice((404, 429, 455, 500)), call=call)
        else:
            kie.loses_answer(taken=True, how=chance.choice(_LOSSES), call=call)
    kie.faults.turn(
        Turn(
            fate=chance.choice((None, None, None, "fail", "hang")),
            code="500",
            longer_ms=chance.choice((0, 0, 60_000, 20 * 60_000)),
            callbacks=chance.randint(0, 3),
            early=chance.random() < 0.2,
        ),
        1,
    )


async def meddle(kie: FakeKie, chance: Random) -> None:
    """After the fact: callbacks that come again, late ones, and such with the task of somebody else."""
    for task in chance.sample(list(kie.tasks.values()), k=min(3, len(kie.tasks))):
        if task.state(kie.clock.now_ms()) in {"success", "fail"}:
            await kie.tells(task)
        other = chance.choice(list(kie.tasks.values()))
        await kie.forges(str(task.callback_url), {"code": 200, "data": {"taskId": other.task_id}})
        await kie.forges(f"{task.callback_url}x", {"code": 200, "data": {"taskId": task.task_id}})


def was_charged(attempt: Attempt) -> bool:
    """Whether an attempt was paid: a present that came after a failure was not."""
    return attempt.state is AttemptState.DELIVERED and attempt.failure is None


async def wrong(shop: Shop, kie: FakeKie, person: Person) -> list[str]:
    """What does not hold of a person's purchases."""
    attempts = await shop.history(person)
    paid = sum(map(was_charged, attempts))
    files = [seen for seen in person.screen if seen.from_bot and seen.media]
    balance, held = await shop.balance(person), await shop.held(person)
    orders = Counter(str(task.callback_url) for task in kie.tasks.values())
    found = [f"{attempt.task_id} is left {attempt.state}" for attempt in attempts if attempt.state not in _ENDS]
    if (balance.hundredths, held.hundredths) != (len(attempts) * GIVEN.hundredths - paid * PRICE.hundredths, 0):
        found.append(f"{balance} and {held} held after {paid} of {len(attempts)} paid")
    if len(files) != sum(attempt.state is AttemptState.DELIVERED for attempt in attempts):
        found.append(f"{len(files)} files for {[str(attempt.state) for attempt in attempts]}")
    own = {str(attempt.task_id) for attempt in attempts}
    made = [task for task in kie.tasks.values() if str(task.callback_url).split("/")[-2] in own]
    if not {seen.media for seen in files} <= {file_of(task.order, task.suffix) for task in made}:
        found.append("got the file of somebody else")
    found += [f"ordered {times} times: {url}" for url, times in orders.items() if times > 1]
    if not any(words in person.last.text for words in ("Charged", "Nothing was charged")):
        found.append(f"not told what became of the money: {person.last.text!r}")
    return found


async def run(chance: Random, _: Path) -> Counter[str]:
    """Buy again and again, each time in other weather."""
    telegram = Telegram(seed=chance.randrange(10**6))
    telegram.bot()
    counts: Counter[str] = Counter()
    async with open_kie(telegram) as kie, open_kie_shop(telegram, kie) as shop:
        for number in range(PURCHASES):
            person = telegram.user(f"Person {number}", language="en")
            brew(kie, chance)
            await confirms(shop, person, prompt=f"fox {number}")
            kie.faults.clear()
            await meddle(kie, chance)
            await shop.service.service.idle()
            none(await wrong(shop, kie, person))
            (attempt,) = await shop.history(person)
            counts += Counter({"purchases": 1, str(attempt.state): 1, "orders": kie.creates})
            kie.creates = 0
        none(await shop.storage.violations())
        none(
            [line["event"] for line in shop.telemetry.events() if line["event"] in {"ATTEMPT_BROKEN", "HANDLER_FAILED"}]
        )
    return counts


WEATHER = (
    Proof(
        name="kie-weather",
        claim="whatever KIE does, nothing is ordered twice, and who pays has a file",
        run=run,
        runs=200,
    ),
)
