"""One update, from what Telegram sent to one commit: read, decide, commit, answer, hand over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from telegram.error import BadRequest, TelegramError

from botflight_diagnostics.telemetry import Telemetry, bind_handler, current_span
from botflight_service import tally
from botflight_service.billing.payments import Payment, PaymentState
from botflight_service.bot.arrival import Arrival
from botflight_service.bot.sessions import SessionCache
from botflight_service.bot.taps import Taps
from botflight_service.bot.visit import CheckOut, Reply, Visit
from botflight_service.generation.attempts import Attempt
from botflight_service.memo import Memo
from botflight_service.message import OutgoingMessage, Screen
from botflight_service.session import Session
from botflight_service.stars.telling import PaymentTeller
from botflight_service.storage.interface import (
    Done,
    QueuedMessage,
    Receipt,
    Storage,
    StorageError,
    Work,
    WorkRefused,
)
from botflight_service.updates import processing
from botflight_service.updates.envelope import Envelope
from botflight_service.updates.processing import Processing

#: How often a decision is made anew when the store refuses it because something changed meanwhile.
MAX_DECISIONS = 3
#: How often a pre-checkout query is answered where the way to Telegram fails.
MAX_CHECK_OUT_ANSWERS = 3

Feature = Callable[[Visit], Awaitable[Reply]]


class Messenger(Protocol):
    """Sends what was committed."""

    def put(self, messages: Sequence[QueuedMessage]) -> None:
        """Take committed messages on."""
        ...


class Starter(Protocol):
    """Runs attempts."""

    def start(self, attempt: Attempt) -> None:
        """Take a confirmed attempt on."""
        ...


class Refunder(Protocol):
    """Asks Telegram to give Stars back."""

    def start(self, payment: Payment) -> None:
        """Take a refund on that was committed."""
        ...


class Till(Protocol):
    """Answers Telegram's question whether somebody may pay."""

    async def answer_pre_checkout_query(
        self, pre_checkout_query_id: str, *, ok: bool, error_message: str | None = None
    ) -> bool:
        """Say yes, or why not. Raises TelegramError."""
        ...


class Conversation:
    """Brings features and updates together: a feature sees a `Visit`, and its `Reply` is committed as one `Work`."""

    def __init__(
        self,
        *,
        partner: str,
        bot_id: int,
        admin_ids: frozenset[int],
        languages: Sequence[str],
        default_language: str,
        storage: Storage,
        sessions: SessionCache,
        till: Till,
        messenger: Messenger,
        starter: Starter,
        refunder: Refunder,
        remembered: tuple[Callable[[Memo], None], ...],
        taps: Taps,
        apology: Callable[[str], Screen],
        telemetry: Telemetry,
        clock_ms: Callable[[], int],
    ) -> None:
        self._partner = partner
        self._bot_id = bot_id
        self._admin_ids = admin_ids
        self._languages = frozenset(languages)
        self._default_language = default_language
        self._storage = storage
        self._sessions = sessions
        self._till = till
        self._messenger = messenger
        self._starter = starter
        self._refunder = refunder
        self._remembered = remembered
        self._taps = taps
        self._apology = apology
        self._telemetry = telemetry
        self._teller = PaymentTeller(telemetry)
        self._log = telemetry.logs.logger("bot")
        self._clock_ms = clock_ms

    async def attend(self, arrival: Arrival, feature: Feature) -> None:
        """Let a feature decide on an update, and carry its reply out.

        Raises WorkRefused where the store contradicts every decision, and StorageError where it fails.
        """
        cell = processing.current()
        self._taps.expect(cell.envelope)
        for decisions_left in reversed(range(MAX_DECISIONS)):
            visit = await self._visit(arrival, cell)
            with self._telemetry.tracer.span("handler") as span:
                reply = await feature(visit)
                span.name = f"handler {reply.action}"
                span.set("botflight.handler", reply.action)
            cell.handler = reply.action
            try:
                with bind_handler(reply.action):
                    await self._carry_out(arrival, visit, reply, cell)
            except WorkRefused:
                self._sessions.forget(visit.user_id)
                if not decisions_left:
                    raise
                continue
            return

    async def ignore(self, reason: str, *, query_id: str | None = None) -> None:
        """Mark an update as done that nothing comes of. `query_id` is a tap's, whose button stops spinning."""
        cell = processing.current()
        cell.handler = reason
        done = Done(update_id=cell.envelope.update_id, outcome="IGNORED")
        await self._storage.commit(Work(partner=self._partner, at_ms=self._clock_ms(), done=done))
        cell.outcome = "IGNORED"
        if query_id is not None:
            await self._taps.answer(cell.envelope, query_id, None)

    async def check_out(self, query: Mapping[str, Any], decide: Callable[[CheckOut], str | None]) -> None:
        """Answer a pre-checkout query out of memory, and then write down that it was.

        `decide` says in the user's words why they may not pay, or None. Nothing is read from the store: Telegram voids
        the payment after ten seconds, however slow the store is.
        """
        cell = processing.current()
        cell.handler = "check_out"
        user = query["from"]
        asked = CheckOut(
            user_id=user["id"],
            currency=query["currency"],
            total=query["total_amount"],
            payload=query["invoice_payload"],
            language=self._language(self._sessions.at_hand(user["id"]), user.get("language_code")),
        )
        refusal = decide(asked)
        outcome = "OK" if refusal is None else "REFUSED"
        if not await self._answer_check_out(query["id"], refusal):
            outcome = "NOT_ANSWERED"
        done = Done(update_id=cell.envelope.update_id, outcome=outcome)
        try:
            if cell.kept is not None:
                await cell.kept
            await self._storage.commit(Work(partner=self._partner, at_ms=self._clock_ms(), done=done))
        except StorageError as error:
            # The answer is given, and cannot be given twice: what is left undone expires at the next start.
            self._log.error("STORE_FAILED", error_type=type(error).__name__, exc_info=error)
        cell.outcome = outcome
        self._log.info("user_action", action="check_out", outcome=outcome)

    async def _answer_check_out(self, query_id: str, refusal: str | None) -> bool:
        """Tell Telegram; False where it does not hear, or no longer wants to."""
        for _ in range(MAX_CHECK_OUT_ANSWERS):
            try:
                await self._till.answer_pre_checkout_query(query_id, ok=refusal is None, error_message=refusal)
            except BadRequest as error:
                self._log.warning("CHECK_OUT_NOT_ANSWERED", error_type=type(error).__name__)
                return False
            except TelegramError as error:
                self._log.warning("CHECK_OUT_NOT_ANSWERED", error_type=type(error).__name__)
            else:
                return True
        return False

    async def apologise(self, arrival: Arrival | None, envelope: Envelope, *, query_id: str | None = None) -> None:
        """Tell the user that their update failed and mark it as done, in one commit; `query_id` is that of a tap."""
        messages: tuple[OutgoingMessage, ...] = ()
        if arrival is not None and arrival.private:
            session = await self._sessions.get(arrival.user_id)
            screen = self._apology(self._language(session, arrival.language_code))
            message = OutgoingMessage(
                chat_id=arrival.chat_id,
                text=screen.text,
                keyboard=screen.keyboard,
                correlation_id=envelope.correlation_id,
            )
            messages = (message,)
        done = Done(update_id=envelope.update_id, outcome="FAILED")
        work = Work(partner=self._partner, at_ms=self._clock_ms(), done=done, messages=messages)
        receipt = await self._storage.commit(work)
        self._messenger.put(receipt.messages)
        if query_id is not None:
            await self._taps.answer(envelope, query_id, None)

    async def _carry_out(self, arrival: Arrival, visit: Visit, reply: Reply, cell: Processing) -> None:
        receipt = await self._storage.commit(self._work(visit, reply))
        cell.outcome = reply.outcome
        if not receipt.repeat:
            self._hand_over(reply, receipt)
        if visit.tap is not None:
            await self._taps.answer(cell.envelope, arrival.content["id"], reply.toast)
        self._log.info("user_action", action=reply.action, outcome=reply.outcome)

    def _hand_over(self, reply: Reply, receipt: Receipt) -> None:
        """Set in motion what is committed now."""
        if reply.session is not None:
            self._sessions.put(reply.session)
        self._messenger.put(receipt.messages)
        if reply.attempt is not None:
            self._starter.start(reply.attempt)
        if reply.payment is not None:
            self._teller.credited(reply.payment)
        if reply.payment_move is not None:
            moved = reply.payment_move.moved(at_ms=self._clock_ms())
            if moved.state is PaymentState.REFUNDING:
                self._refunder.start(moved)
            elif moved.state is PaymentState.REFUNDED:
                self._teller.refunded(moved, elsewhere=reply.payment_move.read.state is PaymentState.PAID)
        if reply.memo is not None:
            for hear in self._remembered:
                hear(reply.memo)
        self._count(reply)

    def _work(self, visit: Visit, reply: Reply) -> Work:
        return Work(
            partner=self._partner,
            at_ms=visit.now_ms,
            done=Done(update_id=visit.update_id, outcome=reply.outcome),
            session=reply.session,
            attempt=reply.attempt,
            transfers=reply.transfers,
            free=reply.free,
            payment=reply.payment,
            payment_move=reply.payment_move,
            memo=reply.memo,
            action=reply.audited,
            messages=tuple(self._message(visit, screen) for screen in reply.screens),
        )

    def _message(self, visit: Visit, screen: Screen) -> OutgoingMessage:
        elsewhere = screen.chat_id is not None
        over = visit.tap.message_id if visit.tap and visit.tap.editable and screen.in_place and not elsewhere else None
        is_menu = (
            visit.private
            and bool(screen.keyboard)
            and screen.artifact is None
            and not elsewhere
            and screen.invoice is None
        )
        return OutgoingMessage(
            chat_id=visit.chat_id if screen.chat_id is None else screen.chat_id,
            text=screen.text,
            keyboard=screen.keyboard,
            edit_message_id=over,
            artifact=screen.artifact,
            invoice=screen.invoice,
            menu_of=visit.user_id if is_menu else None,
            correlation_id=visit.correlation_id,
            trace_parent=visit.trace_parent,
        )

    def _count(self, reply: Reply) -> None:
        metrics = self._telemetry.metrics
        tally.count(metrics, reply.transfers)
        if reply.free is not None:
            metrics.free_generations.add()
        if reply.attempt is not None:
            metrics.attempts.add(reply.attempt.model, reply.attempt.state)

    async def _visit(self, arrival: Arrival, cell: Processing) -> Visit:
        now_ms = self._clock_ms()
        envelope = cell.envelope
        if envelope.kind == "message" and arrival.dated_s is not None:
            cell.lag_ms = max(0.0, now_ms - arrival.dated_s * 1000)
        session = await self._sessions.get(arrival.user_id) or Session(
            user_id=arrival.user_id, update_id=envelope.update_id, written_at_ms=now_ms
        )
        span = current_span()
        tapped = envelope.kind == "callback_query"
        return Visit(
            partner=self._partner,
            update_id=envelope.update_id,
            bot_id=self._bot_id,
            user_id=arrival.user_id,
            chat_id=arrival.chat_id,
            private=arrival.private,
            is_admin=arrival.user_id in self._admin_ids,
            language=self._language(session, arrival.language_code),
            session=session,
            correlation_id=envelope.correlation_id,
            trace_parent=str(span.context) if span else "",
            now_ms=now_ms,
            tap=arrival.tap if tapped else None,
            text=None if tapped else arrival.words,
            photo_file_id=None if tapped else arrival.photo_file_id,
        )

    def _language(self, session: Session | None, told: str | None) -> str:
        """What the user chose, else Telegram's word for the user, else the default."""
        chosen = session.language if session else None
        return chosen or spoken(told, self._languages, self._default_language)


def spoken(told: str | None, languages: Collection[str], default: str) -> str:
    """A language of ours for what Telegram says of a user (`ru-RU` counts as `ru`)."""
    code = (told or "").partition("-")[0].lower()
    return code if code in languages else default
