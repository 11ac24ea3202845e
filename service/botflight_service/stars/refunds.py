"""Refunds under way: committed first, then Telegram is asked, then settled. A crash in between asks once more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID, uuid5

from telegram import Bot
from telegram.error import BadRequest, RetryAfter, TelegramError

from botflight_diagnostics.telemetry import Correlation, Telemetry, bind, mask
from botflight_service import tally
from botflight_service.billing import refunds
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.billing.refunds import Step
from botflight_service.bot.transport import retry_after_s
from botflight_service.message import OutgoingMessage, Screen
from botflight_service.stars.telling import PaymentTeller
from botflight_service.storage.interface import QueuedMessage, Storage, StorageError, Work, WorkRefused
from botflight_service.updates.lanes import Lanes

#: Refunds asked for at once.
MAX_ACTIVE = 8
#: Refunds taken up at a time, and how often what nobody has in hand is looked for.
RECOVER_PAGE = 500
SWEEP_S = 60.0
#: Waits between tries; after the last one the next sweep takes it up.
RETRY_S = (0.5, 1.0, 2.0, 5.0, 15.0)
MAX_RETRY_AFTER_S = 60.0
#: Telegram's words for "it is done".
_ALREADY = "CHARGE_ALREADY_REFUNDED"
_CORRELATIONS = UUID("6f1e6c1e-4f0c-5d0e-9a53-0f2c5a1d7b20")


class Messenger(Protocol):
    """Sends what was committed."""

    def put(self, messages: Sequence[QueuedMessage]) -> None:
        """Take committed messages on."""
        ...


class Words(Protocol):
    """What users are told."""

    def refunded(self, payment: Payment) -> Screen:
        """The Stars went back."""
        ...

    def refund_failed(self, payment: Payment) -> Screen:
        """They did not, and the credits returned."""
        ...


def correlation_of(partner: str, charge_id: str) -> UUID:
    """The correlation id of what happens to a payment outside of any update."""
    return uuid5(_CORRELATIONS, f"{partner}\n{charge_id}")


def message_about(payment: Payment, screen: Screen, *, partner: str) -> OutgoingMessage:
    """A message to whoever paid."""
    return OutgoingMessage(
        chat_id=payment.user_id,
        text=screen.text,
        keyboard=screen.keyboard,
        correlation_id=correlation_of(partner, payment.charge_id),
    )


class Refunds:
    """Brings begun refunds to their end, each at least once: the second one is told that it is done."""

    def __init__(
        self,
        *,
        partner: str,
        bot: Bot,
        storage: Storage,
        messenger: Messenger,
        words: Words,
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._partner = partner
        self._bot = bot
        self._storage = storage
        self._messenger = messenger
        self._words = words
        self._telemetry = telemetry
        self._teller = PaymentTeller(telemetry)
        self._log = telemetry.logs.logger("stars")
        self._clock_ms = clock_ms
        self._sleep = sleep
        self._lanes: Lanes[Payment] = Lanes(self._run, limit=MAX_ACTIVE)
        self._in_hand: set[str] = set()

    def start(self, payment: Payment) -> None:
        """Take a begun refund on; one that is in hand already stays there."""
        if payment.charge_id not in self._in_hand:
            self._in_hand.add(payment.charge_id)
            self._lanes.put(payment.charge_id, payment)

    async def recover(self) -> int:
        """Take up the refunds that an earlier run, or another replica, left; how many there were."""
        found = await self._storage.payments_in(self._partner, PaymentState.REFUNDING, limit=RECOVER_PAGE)
        for payment in found:
            self.start(payment)
        return len(found)

    async def sweep(self) -> None:
        """Take up for ever what nobody has in hand."""
        while True:
            try:
                await self.recover()
            except StorageError as error:
                self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
            await asyncio.sleep(SWEEP_S)

    async def idle(self) -> None:
        """Wait until no refund is in hand."""
        await self._lanes.idle()

    async def stop(self, *, within_s: float) -> int:
        """Finish within a deadline. What is cut off is asked for again at the next start."""
        return await self._lanes.stop(within_s=within_s)

    async def _run(self, payment: Payment) -> None:
        ids = Correlation(
            correlation_id=correlation_of(self._partner, payment.charge_id),
            tenant_ref=mask(self._partner),
            handler="refund",
        )
        with bind(ids), self._telemetry.tracer.root("refund", kind="internal"):
            try:
                await self._refund(payment)
            except StorageError as error:
                self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
            finally:
                self._in_hand.discard(payment.charge_id)

    async def _refund(self, payment: Payment) -> None:
        for wait_s in (*RETRY_S, None):
            try:
                await self._bot.refund_star_payment(payment.user_id, payment.charge_id)
            except BadRequest as error:
                if _ALREADY not in error.message.upper():
                    await self._settle(payment, reason=error.message.partition(":")[0][:80])
                    return
            except TelegramError as error:
                # Whether it was done is not known: it is asked for again, and then it is done already.
                if wait_s is None:
                    return
                asked_s = min(retry_after_s(error), MAX_RETRY_AFTER_S) if isinstance(error, RetryAfter) else 0.0
                self._log.warning("REFUND_DELAYED", error_type=type(error).__name__, retry_s=max(wait_s, asked_s))
                await self._sleep(max(wait_s, asked_s))
                continue
            await self._settle(payment, reason=None)
            return

    async def _settle(self, payment: Payment, *, reason: str | None) -> None:
        """Commit the end: with a `reason` Telegram will not do it, and the credits return."""
        at_ms = self._clock_ms()
        if reason is None:
            step: Step | None = refunds.heard(payment, payment.taken, partner=self._partner, at_ms=at_ms)
            screen = self._words.refunded(payment)
        else:
            step = refunds.undone(payment, partner=self._partner, at_ms=at_ms)
            screen = self._words.refund_failed(payment)
        assert step is not None, "a refund in hand has not ended"
        work = Work(
            partner=self._partner,
            at_ms=at_ms,
            payment_move=step.move,
            transfers=step.transfers,
            messages=(message_about(payment, screen, partner=self._partner),),
        )
        try:
            receipt = await self._storage.commit(work)
        except WorkRefused:
            return  # Telegram's own message, or another replica, was here first.
        self._messenger.put(receipt.messages)
        tally.count(self._telemetry.metrics, step.transfers)
        if reason is None:
            self._teller.refunded(payment, elsewhere=False)
        else:
            self._teller.refund_refused(payment, reason)
