"""Which feature answers what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol, Self

from botflight_service.billing.packs import Packs
from botflight_service.bot import callback_data as data
from botflight_service.bot.callback_data import CallbackData
from botflight_service.bot.handlers.about import About
from botflight_service.bot.handlers.admin import Admin
from botflight_service.bot.handlers.balance import BalanceScreen
from botflight_service.bot.handlers.check_out import CheckOuts
from botflight_service.bot.handlers.closed import Closed
from botflight_service.bot.handlers.confirmation import AttemptReads, Confirmation
from botflight_service.bot.handlers.crediting import Crediting, CreditingReads
from botflight_service.bot.handlers.drafting import Drafting
from botflight_service.bot.handlers.fallback import Fallback
from botflight_service.bot.handlers.generation import Generation
from botflight_service.bot.handlers.help import Help
from botflight_service.bot.handlers.history import History, HistoryReads
from botflight_service.bot.handlers.inspection import Figures, Inspection, InspectionReads
from botflight_service.bot.handlers.language import LanguageChoice
from botflight_service.bot.handlers.menu import Menu
from botflight_service.bot.handlers.operation import Findings, Operation, OperationReads
from botflight_service.bot.handlers.pace import Pace
from botflight_service.bot.handlers.pay_support import PaySupport, PaySupportReads
from botflight_service.bot.handlers.receipts import PaymentReads, Receipts
from botflight_service.bot.handlers.refunding import Refunding, RefundingReads
from botflight_service.bot.handlers.top_up import TopUp
from botflight_service.bot.narrator import Narrator
from botflight_service.bot.purses import PurseReads, Purses
from botflight_service.bot.rate_limit import RateLimit
from botflight_service.bot.texts import Texts
from botflight_service.bot.visit import Bill, CheckOut, Reply, Visit
from botflight_service.generation.catalog import Catalog
from botflight_service.message import INVOICE_START

#: Answered also during maintenance: Telegram asks that users can always turn to somebody.
_ALWAYS = frozenset({"terms", "support", "paysupport"})


class Reads(
    AttemptReads,
    CreditingReads,
    HistoryReads,
    InspectionReads,
    OperationReads,
    PaymentReads,
    PaySupportReads,
    PurseReads,
    RefundingReads,
    Protocol,
):
    """All that the features read of the store; `Storage` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What the bot can do, by what a user did."""

    menu: Menu
    generation: Generation
    confirmation: Confirmation
    balance: BalanceScreen
    history: History
    top_up: TopUp
    language: LanguageChoice
    help: Help
    admin: Admin
    fallback: Fallback
    check_outs: CheckOuts
    receipts: Receipts
    pay_support: PaySupport
    about: About
    closed: Closed
    pace: Pace

    @classmethod
    def build(
        cls,
        *,
        reads: Reads,
        texts: Texts,
        catalog: Catalog,
        packs: Packs,
        narrator: Narrator,
        daily_free_limit: int,
        zone: tzinfo,
        username: Callable[[], str],
        figures: Figures,
        findings: Callable[[], Findings],
        is_closed: Callable[[], bool] = lambda: False,
        contact: str | None = None,
        limit: RateLimit | None = None,
        under_way: Callable[[int], int] = lambda _: 0,
        most_under_way: int = 0,
    ) -> Self:
        """Make every feature.

        `zone` says when a day begins; `username` tells the bot's name without @, which is known once Telegram was
        asked; `is_closed` tells whether users are asked to come back later; `contact`, such as @name, helps them;
        `under_way` counts the generations of a user that are not settled, of which `most_under_way` may be (0: any).
        """
        purses = Purses(reads, daily_limit=daily_free_limit, zone=zone)
        menu = Menu(texts=texts)
        drafting = Drafting(texts=texts, catalog=catalog, purses=purses, menu=menu)
        top_up = TopUp(texts=texts, purses=purses, packs=packs, contact=contact)
        pay_support = PaySupport(texts=texts, packs=packs, reads=reads, zone=zone, contact=contact)
        return cls(
            menu=menu,
            generation=Generation(texts=texts, catalog=catalog, purses=purses, menu=menu, drafting=drafting),
            confirmation=Confirmation(
                texts=texts,
                catalog=catalog,
                reads=reads,
                purses=purses,
                drafting=drafting,
                top_up=top_up,
                queued=narrator.queued,
                under_way=under_way,
                most_under_way=most_under_way,
            ),
            balance=BalanceScreen(texts=texts, purses=purses),
            history=History(texts=texts, catalog=catalog, reads=reads, drafting=drafting, menu=menu, zone=zone),
            top_up=top_up,
            language=LanguageChoice(texts=texts, drafting=drafting),
            help=Help(texts=texts, daily_limit=daily_free_limit),
            admin=Admin(
                texts=texts,
                crediting=Crediting(texts=texts, reads=reads),
                refunding=Refunding(texts=texts, reads=reads),
                inspection=Inspection(texts=texts, reads=reads, figures=figures, zone=zone),
                operation=Operation(texts=texts, reads=reads, findings=findings),
            ),
            fallback=Fallback(texts=texts, drafting=drafting, username=username),
            check_outs=CheckOuts(texts=texts, packs=packs, is_closed=is_closed),
            receipts=Receipts(texts=texts, reads=reads),
            pay_support=pay_support,
            about=About(texts=texts, refund_days=packs.refund_days, help_of=pay_support.help),
            closed=Closed(texts=texts, is_closed=is_closed),
            pace=Pace(texts=texts, limit=limit or RateLimit(per_minute=0, burst=0)),
        )

    async def on_tap(self, visit: Visit) -> Reply:
        """Answer a tap on an inline button."""
        if (hurried := self.pace.of(visit)) is not None:
            return hurried
        if not visit.private:
            return await self.fallback.elsewhere(visit)
        if self.closed.to(visit):
            return self.closed.show(visit)
        tapped = data.parse(visit.tap.data) if visit.tap else None
        if tapped is None:
            return await self.fallback.unknown_button(visit)
        return await self._tapped(visit, tapped)

    async def on_command(self, visit: Visit, name: str, arguments: tuple[str, ...]) -> Reply:
        """Answer a command, given without its slash."""
        if (hurried := self.pace.of(visit)) is not None:
            return hurried
        if not visit.private:
            return await self.fallback.elsewhere(visit)
        if visit.is_admin and name in self.admin.commands:
            return await self.admin.carry_out(visit, name, arguments)
        if self.closed.to(visit) and name not in _ALWAYS:
            return self.closed.show(visit)
        if (name, arguments) == ("start", (INVOICE_START,)):
            return await self.top_up.show(visit)
        return await self._commands.get(name, self.fallback.unknown_command)(visit)

    async def on_text(self, visit: Visit) -> Reply:
        """Answer a text."""
        if (hurried := self.pace.of(visit)) is not None:
            return hurried
        if visit.private and self.closed.to(visit):
            return self.closed.show(visit)
        return await (self.generation.text(visit) if visit.private else self.fallback.elsewhere(visit))

    async def on_photo(self, visit: Visit) -> Reply:
        """Answer a photo."""
        if (hurried := self.pace.of(visit)) is not None:
            return hurried
        if visit.private and self.closed.to(visit):
            return self.closed.show(visit)
        return await (self.generation.photo(visit) if visit.private else self.fallback.elsewhere(visit))

    async def on_unexpected(self, visit: Visit, what: str) -> Reply:
        """Answer anything else; `what` names it, such as `sticker` or `edited_message`."""
        if (hurried := self.pace.of(visit)) is not None:
            return hurried
        if visit.private and self.closed.to(visit):
            return self.closed.show(visit)
        return await (self.fallback.unexpected(visit, what) if visit.private else self.fallback.elsewhere(visit))

    async def on_paid(self, visit: Visit, bill: Bill) -> Reply:
        """Credit what was paid, also during maintenance and however fast it comes: the money is here."""
        return await self.receipts.paid(visit, bill)

    async def on_refunded(self, visit: Visit, bill: Bill) -> Reply:
        """Take note of what went back."""
        return await self.receipts.refunded(visit, bill)

    def on_check_out(self, asked: CheckOut) -> str | None:
        """Say why somebody may not pay, or None."""
        return self.check_outs.refusal(asked)

    @property
    def _commands(self) -> Mapping[str, Callable[[Visit], Awaitable[Reply]]]:
        return {
            "start": self.menu.welcome,
            "menu": self.menu.open,
            "generate": self.generation.list_models,
            "balance": self.balance.show,
            "history": self._newest,
            "language": self.language.show,
            "help": self.help.show,
            "terms": self.about.terms,
            "support": self.about.support,
            "paysupport": self.pay_support.show,
            "cancel": self.menu.cancel,
        }

    async def _newest(self, visit: Visit) -> Reply:
        return await self.history.show(visit, data.ShowHistory(0))

    async def _tapped(self, visit: Visit, tapped: CallbackData) -> Reply:  # noqa: C901, PLR0912 - a table, a line each
        match tapped:
            case data.OpenMenu():
                return await self.menu.open(visit)
            case data.SendMenu():
                return await self.menu.send(visit)
            case data.ListModels():
                return await self.generation.list_models(visit)
            case data.ChooseModel():
                return await self.generation.choose(visit, tapped)
            case data.Answer():
                return await self.generation.answer(visit, tapped)
            case data.GoBack():
                return await self.generation.go_back(visit, tapped)
            case data.Resume():
                return await self.generation.resume(visit)
            case data.CancelDraft():
                return await self.menu.cancel(visit)
            case data.ConfirmGeneration():
                return await self.confirmation.confirm(visit, tapped)
            case data.ShowBalance():
                return await self.balance.show(visit)
            case data.ShowHistory():
                return await self.history.show(visit, tapped)
            case data.ShowAttempt():
                return await self.history.open(visit, tapped)
            case data.RepeatAttempt():
                return await self.history.repeat(visit, tapped)
            case data.SendAgain():
                return await self.history.send_again(visit, tapped)
            case data.ShowTopUp():
                return await self.top_up.show(visit)
            case data.BuyPack():
                return await self.top_up.buy(visit, tapped)
            case data.ShowPaySupport():
                return await self.pay_support.show(visit)
            case data.AskRefund():
                return await self.pay_support.ask(visit, tapped)
            case data.ConfirmRefund():
                return await self.pay_support.confirm(visit, tapped)
            case data.ShowLanguages():
                return await self.language.show(visit)
            case data.SetLanguage():
                return await self.language.choose(visit, tapped)
            case data.ShowHelp():
                return await self.help.show(visit)
