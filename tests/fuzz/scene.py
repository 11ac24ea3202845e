"""The bot among people who do whatever comes to their minds, and what must hold of each update and at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import orjson
from tests.fuzz.crowd import Crowd
from tests.fuzz.strange import KINDS, Drawn
from tests.fuzz.weather import FAILURE, trouble
from tests.shop import PARTNER, Shop

from botflight_diagnostics.telemetry.correlation import correlation_id_of
from botflight_harness.telegram import BotAccount, Person, Telegram
from botflight_service.billing.money import Credits
from botflight_service.generation.attempts import UNSETTLED

#: Ends that no update may come to, whatever it is.
_BAD_ENDS = frozenset({"FAILED", "UNDONE", "none"})
#: The only errors that may be told: of chats that are gone.
_TOLERATED = frozenset({"MESSAGE_UNDELIVERABLE"})
_LIMITED = "RATE_LIMITED"
#: Of half a bucket, by the default settings.
_WAIT_MS = 15_000
#: How long people pause between two things that they do, in seconds; mostly they do not.
_PAUSES_S = (0, 0, 0, 1, 3, 20, 400, 90_000)


class Scene:
    """A shop with people in it, watched."""

    def __init__(
        self, chance: Random, shop: Shop, people: Sequence[Person], picture: bytes, *, stormy: bool = False
    ) -> None:
        self._chance = chance
        #: Whether Telegram fails now and then.
        self._stormy = stormy
        self._shop = shop
        self._telegram: Telegram = shop.telegram
        self._bot: BotAccount = self._telegram.sole_bot()
        self._bot.updates.allowed = frozenset(KINDS)
        self._bot.privacy_mode = False
        self._people = people
        group = self._telegram.group("Friends", *people, self._bot)
        channel = self._telegram.channel("News", people[0], self._bot)
        self._crowd = Crowd(chance, self._telegram, self._bot, people, group, channel, picture)
        #: By user, until when they know that they are to wait.
        self._told_until_ms: dict[int, int] = {}
        self._lines_read = 0
        self._calls_read = len(self._telegram.calls)
        #: How many updates of each kind were brought, and what came of them.
        self.counts: Counter[str] = Counter()

    async def play(self, updates: int) -> None:
        """Let people act until so many updates were brought. Raises AssertionError once something does not hold."""
        while self.counts["updates"] < updates:
            drawn = [one for _ in range(self._chance.choice((1, 1, 1, 2, 6))) for one in self._crowd.step()]
            if not drawn:
                continue
            await self._bring(drawn)
            self._check(drawn)
            for one in drawn:
                await self._pay_on(one)
            self._telegram.clock.move(seconds=self._chance.choice(_PAUSES_S))  # type: ignore[attr-defined]  # virtual

    async def _bring(self, drawn: Sequence[Drawn]) -> None:
        updates = [one.update for one in drawn]
        if self._stormy:
            trouble(self._telegram, self._chance)
        if self._chance.random() < 0.2:
            await self._shop.harness.together(updates)
        else:
            await self._shop.harness.carry(updates)
        if self._chance.random() < 0.05:
            await self._shop.harness.repeat(self._chance.choice(updates))
        self._telegram.faults.clear()

    async def _pay_on(self, drawn: Drawn) -> None:
        """Let the money go where the bot agreed, or the bank refuse."""
        if drawn.payer is None:
            return
        person, payment = drawn.payer
        person.continue_payment(payment, pays=self._chance.random() < 0.8)
        if payment.stage == "paid" and payment.receipt is not None:
            receipt = Drawn(payment.receipt, is_private=True)
            await self._bring([receipt])
            self._check([receipt])

    def _check(self, drawn: Sequence[Drawn]) -> None:
        lines = [orjson.loads(line) for line in self._shop.telemetry.lines[self._lines_read :]]
        self._lines_read = len(self._shop.telemetry.lines)
        calls = list(self._telegram.calls)[self._calls_read :]
        self._calls_read = len(self._telegram.calls)
        ends = {line["update_id"]: line for line in lines if line["event"] == "UPDATE_DONE"}
        told = {line["correlation_id"] for line in lines if line["event"] in {"MESSAGE_SENT", "MESSAGE_UNDELIVERABLE"}}
        answered = Counter(
            str(call.parameters["callback_query_id"]) for call in calls if call.method == "answerCallbackQuery"
        )
        errors = [line for line in lines if line["level"] == "error" and line["event"] not in _TOLERATED]
        wrong = [f"{line}" for line in errors if FAILURE not in str(line)]
        wrong += [f"{line}" for line in lines if line.get("reason") == "REFUSED"]
        # What the bot could not take before Telegram gave it up never reached anybody.
        dropped = {update.update_id for update in self._shop.harness.courier.dropped}
        for one in drawn:
            if one.update.update_id in dropped:
                self.counts += Counter({"updates": 1, "given up by Telegram": 1})
                continue
            wrong += self._wrong(one, ends.get(one.update.update_id, {}), told, answered)
        if wrong:
            said = [orjson.dumps(one.update.as_json()).decode() for one in drawn]
            raise AssertionError("\n".join([*wrong[:5], "after", *said]))

    def _wrong(self, one: Drawn, end: dict[str, Any], told: set[str], answered: Counter[str]) -> list[str]:
        """What does not hold of an update that was brought."""
        outcome = end.get("outcome", "none")
        self.counts += Counter({"updates": 1, one.update.kind: 1, str(outcome): 1})
        wrong = []
        if outcome in _BAD_ENDS:
            wrong.append(f"{one.update.kind} ended {outcome}")
        if one.query_id is not None and answered[one.query_id] != 1:
            wrong.append(f"a tap was answered {answered[one.query_id]} times ({outcome})")
        correlation_id = str(correlation_id_of(self._bot.user_id, one.update.update_id))
        if outcome == _LIMITED and one.is_private:
            wrong += self._wrong_of_limited(one, is_told=correlation_id in told)
        elif one.is_private and correlation_id not in told:
            wrong.append(f"a private {one.update.kind} was met with silence ({outcome})")
        return wrong

    def _wrong_of_limited(self, one: Drawn, *, is_told: bool) -> list[str]:
        """Whoever is too fast is told when to go on; until then they know."""
        user_id, now_ms = one.update.payload["from"]["id"], self._telegram.clock.now_ms()
        if is_told:
            self._told_until_ms[user_id] = now_ms + _WAIT_MS
        if now_ms > self._told_until_ms.get(user_id, 0):
            return [f"{one.update.kind} came too fast and its sender was not told"]
        return []

    async def check_money(self) -> None:
        """At the end: no invariant is broken, everything is settled, and each task was ordered and kept once."""
        wrong = list(await self._shop.storage.violations())
        orders = 0
        for person in self._people:
            balance = await self._shop.storage.balance(PARTNER, person.user_id)
            attempts = await self._shop.storage.history(PARTNER, person.user_id, limit=100_000)
            orders += len(attempts)
            wrong += [
                f"{attempt.task_id} is left {attempt.state}" for attempt in attempts if attempt.state in UNSETTLED
            ]
            if balance.available < Credits(0) or balance.held != Credits(0):
                wrong.append(f"{person} has {balance}")
            if len({attempt.task_id for attempt in attempts}) != len(attempts):
                wrong.append(f"{person} has two rows of history for one task")
        if self._shop.provider.submits > orders:
            wrong.append(f"{self._shop.provider.submits} orders for {orders} attempts")
        self.counts += Counter(attempts=orders)
        # A check-out that was answered and could not be written down expires at the next start.
        queued = [one for one in await self._shop.storage.undone(PARTNER) if one.envelope.kind != "pre_checkout_query"]
        unsent = await self._shop.storage.unsent(PARTNER)
        wrong += [f"undone: {one.envelope.payload!r}" for one in queued]
        wrong += [f"unsent: {one.message.text[:40]!r}" for one in unsent]
        if wrong:
            raise AssertionError("\n".join(wrong[:10]))
