"""Telegram's account of our Stars beside the ledger: what it has and we lack is credited, told and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from telegram import Bot, StarTransaction, TransactionPartnerUser
from telegram.error import TelegramError

from botflight_diagnostics.telemetry import Correlation, Telemetry, bind, mask
from botflight_service import tally
from botflight_service.billing import payments, refunds
from botflight_service.billing.payments import Payment
from botflight_service.bot.handlers.receipts import payment_of
from botflight_service.bot.visit import Bill
from botflight_service.memo import Memo
from botflight_service.message import Screen
from botflight_service.stars.refunds import Messenger, Words, correlation_of, message_about
from botflight_service.stars.telling import PaymentTeller
from botflight_service.storage.interface import MemoChanged, Storage, StorageError, Work, WorkRefused

#: How often Telegram is asked, after the start, and how often is looked whether it is time.
EVERY_MS = 60 * 60 * 1000
LOOK_S = 1.0
#: Telegram gives so many transactions at a time (Bot API 10.3); a pass reads at most so many pages.
PAGE = 100
MAX_PAGES = 100
#: A younger payment may still be on its way to us as an update: it waits for the next pass.
GRACE_MS = 60_000
#: How often a decision is made anew when something changed meanwhile.
MAX_DECISIONS = 3
#: The memo that says how many transactions were compared.
MEMO = "stars"
_STARS = "XTR"
_INVOICE = "invoice_payment"


class FindingWords(Words, Protocol):
    """What users are told of what was found."""

    def found(self, payment: Payment) -> Screen:
        """A payment had not reached us, and is credited now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a pass found."""

    compared: int = 0
    #: Payments that the ledger lacked.
    payments: int = 0
    #: Refunds that nobody had asked us for, or whose end we had not heard.
    refunds: int = 0
    #: Whether all that is old enough was compared.
    ended: bool = True


class Reconciliation:
    """Compares, from where it was left, at the start and every hour."""

    def __init__(
        self,
        *,
        partner: str,
        bot: Bot,
        storage: Storage,
        messenger: Messenger,
        words: FindingWords,
        language_of: Callable[[str | None], str],
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
    ) -> None:
        self._partner = partner
        self._bot = bot
        self._storage = storage
        self._messenger = messenger
        self._words = words
        self._language_of = language_of
        self._telemetry = telemetry
        self._teller = PaymentTeller(telemetry)
        self._log = telemetry.logs.logger("stars")
        self._clock_ms = clock_ms

    async def run(self) -> None:
        """Compare now and every hour, until cancelled. What fails is told, and made up for by the next pass."""
        while True:
            try:
                found = await self.compare()
            except (TelegramError, StorageError) as error:
                self._log.warning("RECONCILIATION_FAILED", error_type=type(error).__name__)
            else:
                self._log.info(
                    "RECONCILED",
                    compared=found.compared,
                    payments_found=found.payments,
                    refunds_found=found.refunds,
                    ended=found.ended,
                )
            due_ms = self._clock_ms() + EVERY_MS
            # Not slept in one go: a machine that was suspended has its hour behind it, and so has a clock of its own.
            while self._clock_ms() < due_ms:  # noqa: ASYNC110 - a clock calls nobody
                await asyncio.sleep(LOOK_S)

    async def compare(self) -> Found:
        """Make one pass. Raises TelegramError or StorageError, having kept what was found before."""
        read = await self._storage.memo(self._partner, MEMO)
        offset, found = int(read.body.get("compared", 0)), Found()
        for _ in range(MAX_PAGES):
            page = (await self._bot.get_star_transactions(offset=offset, limit=PAGE)).transactions
            settled = [one for one in page if self._clock_ms() - one.date.timestamp() * 1000 >= GRACE_MS]
            # In order: what is younger comes last.
            for one in settled:
                found = await self._compared(one, found)
            offset += len(settled)
            read = await self._note(read, offset)
            if len(settled) < PAGE:
                return found
        return Found(compared=found.compared, payments=found.payments, refunds=found.refunds, ended=False)

    async def _note(self, read: Memo, compared: int) -> Memo:
        """Write down how far we are; where another replica did so first, it compared the same."""
        if int(read.body.get("compared", 0)) == compared:
            return read
        memo = Memo(name=MEMO, version=read.version, body={"compared": compared})
        try:
            await self._storage.commit(Work(partner=self._partner, at_ms=self._clock_ms(), memo=memo))
        except MemoChanged:
            return await self._storage.memo(self._partner, MEMO)
        return Memo(name=MEMO, version=read.version + 1, body=memo.body)

    async def _compared(self, one: StarTransaction, found: Found) -> Found:
        """Compare one transaction: a payment has a source, a refund a receiver, under the same id."""
        with bind(Correlation(correlation_id=correlation_of(self._partner, one.id), tenant_ref=mask(self._partner))):
            came, went = _payer(one.source), _payer(one.receiver)
            try:
                new_payment = came is not None and await self._decided(lambda: self._credit(one, came))
                new_refund = went is not None and await self._decided(lambda: self._take_back(one.id))
            except WorkRefused as refused:
                # Such as a credit of other terms under this charge: a person has to look, the others are compared.
                self._log.error("PAYMENT_NOT_RECONCILED", charge_id=one.id, error_type=type(refused).__name__)
                new_payment = new_refund = False
        return Found(
            compared=found.compared + 1,
            payments=found.payments + new_payment,
            refunds=found.refunds + new_refund,
        )

    async def _decided(self, decide: Callable[[], Awaitable[bool]]) -> bool:
        """Decide on what is stored; anew, where something changed before it was committed."""
        for decisions_left in reversed(range(MAX_DECISIONS)):
            try:
                return await decide()
            except WorkRefused:
                if not decisions_left:
                    raise
        raise AssertionError("the last decision returns or raises")

    async def _credit(self, one: StarTransaction, payer: TransactionPartnerUser) -> bool:
        """Credit a payment that the ledger lacks; whether it did."""
        if await self._storage.payment(self._partner, one.id) is not None:
            return False
        now_ms = self._clock_ms()
        bill = Bill(charge_id=one.id, currency=_STARS, total=one.amount, payload=payer.invoice_payload or "")
        language = self._language_of(payer.user.language_code)
        payment = payment_of(bill, user_id=payer.user.id, language=language, at_ms=now_ms)
        transfers = payments.credit(payment, partner=self._partner, at_ms=now_ms)
        message = message_about(payment, self._words.found(payment), partner=self._partner)
        work = Work(partner=self._partner, at_ms=now_ms, payment=payment, transfers=transfers, messages=(message,))
        self._messenger.put((await self._storage.commit(work)).messages)
        tally.count(self._telemetry.metrics, transfers)
        self._teller.found(payment)
        return True

    async def _take_back(self, charge_id: str) -> bool:
        """Take note of a refund whose end the ledger has not heard of; whether it did."""
        payment = await self._storage.payment(self._partner, charge_id)
        if payment is None:
            return False
        now_ms = self._clock_ms()
        available = (await self._storage.balance(self._partner, payment.user_id)).available
        step = refunds.heard(payment, available, partner=self._partner, at_ms=now_ms)
        if step is None:
            return False
        message = message_about(payment, self._words.refunded(payment), partner=self._partner)
        work = Work(
            partner=self._partner,
            at_ms=now_ms,
            payment_move=step.move,
            transfers=step.transfers,
            messages=(message,),
        )
        self._messenger.put((await self._storage.commit(work)).messages)
        tally.count(self._telemetry.metrics, step.transfers)
        self._teller.refunded(payment, elsewhere=bool(step.transfers))
        return True


def _payer(partner: object) -> TransactionPartnerUser | None:
    """The user of a transaction about an invoice; None for gifts, withdrawals, paid media and the like."""
    if isinstance(partner, TransactionPartnerUser) and partner.transaction_type == _INVOICE:
        return partner
    return None
