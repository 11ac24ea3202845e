"""One purchase from the update to the delivered file, by whatever store: what is proven of it holds for every step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.makings import NOW_MS, PARTNER, attempt, envelope, message, picture, session, task, work

from botflight_service.billing import ledger
from botflight_service.billing.money import credits
from botflight_service.generation.attempts import AttemptState
from botflight_service.storage.interface import (
    Balance,
    Done,
    Mark,
    Move,
    Receipt,
    SendOutcome,
    Storage,
    Work,
)

PRICE = credits(10)
LEFT = Balance(credits(20), credits(0))


@dataclass(frozen=True, slots=True)
class Purchase:
    """A user, known by a number, who pays 30, buys one picture for 10 and gets it."""

    number: int

    async def make(self, storage: Storage) -> None:
        """Go all the way; whatever the store says, there is no asking it again."""
        paid = await storage.credit_balance_once(PARTNER, self.number, 30, f"payment {self.number}")
        accepted = await storage.accept(envelope(self.number, lane=f"chat:{self.number}"))
        assert (paid, accepted) == (True, True)
        await self._sent(storage, await storage.commit(self.confirm()))
        await storage.commit(self._move(AttemptState.CONFIRMED, AttemptState.SUBMITTING))
        await storage.commit(self._move(AttemptState.SUBMITTING, AttemptState.RUNNING, job_id=f"job {self.number}"))
        await self._sent(storage, await storage.commit(self._success()))

    async def check(self, storage: Storage) -> None:
        """One attempt, one charge, two messages, and all of them at their ends."""
        assert await storage.balance(PARTNER, self.number) == LEFT
        (bought,) = await storage.history(PARTNER, self.number, limit=9)
        assert bought.state is AttemptState.DELIVERED
        written = await storage.session(PARTNER, self.number)
        assert written is not None

    def confirm(self) -> Work:
        """The tap on confirm: the update is done, the attempt is there, the money is held, the screen is told."""
        return work(
            done=Done(update_id=self.number, outcome="OK"),
            attempt=attempt(self.number, user_id=self.number, chat_id=self.number),
            transfers=(ledger.hold(**self._terms),),
            session=session(self.number, user_id=self.number),
            messages=(message(f"Working on it, {self.number}", chat_id=self.number),),
        )

    @property
    def _terms(self) -> dict[str, object]:
        return {
            "partner": PARTNER,
            "user_id": self.number,
            "amount": PRICE,
            "task_id": task(self.number),
            "at_ms": NOW_MS,
        }

    def _success(self) -> Work:
        moved = self._move(AttemptState.RUNNING, AttemptState.SUCCEEDED, artifact=picture())
        here = message(f"Here it is, {self.number}", chat_id=self.number, task_id=task(self.number))
        return replace(moved, transfers=(ledger.charge(**self._terms),), messages=(here,))

    def _move(self, of: AttemptState, to: AttemptState, **changes: object) -> Work:
        return work(move=Move(task_id=task(self.number), of=frozenset({of}), to=to, **changes))

    async def _sent(self, storage: Storage, receipt: Receipt) -> None:
        """Send what was given out, as the outbox does."""
        assert len(receipt.messages) == 1
        marks = [Mark(place=one.place, outcome=SendOutcome.SENT, at_ms=NOW_MS) for one in receipt.messages]
        await storage.mark(PARTNER, marks)
