"""A simulated Telegram that is driven from outside: who is in it, found by the numbers that the outside knows."""

from collections import OrderedDict
from dataclasses import dataclass, field

from botflight_harness.server.api import BotApi
from botflight_harness.server.patience import PatientRoad
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Place
from botflight_harness.telegram.asking import InlineQuery
from botflight_harness.telegram.chats import Account, Chat, Message
from botflight_harness.telegram.dealing import BusinessConnection
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.paying import Payment
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.web_apps import WebApp
from botflight_harness.telegram.world import Telegram

#: The newest of so many payments can be gone on with.
PAYMENTS_MOST = 10_000


class Unknown(LookupError):
    """Nothing has this number: 404."""


@dataclass(slots=True)
class Room:
    """One world, with the Bot API server that serves it."""

    api: BotApi
    _payments: OrderedDict[str, Payment] = field(default_factory=OrderedDict)
    #: by the bot's token
    _roads: dict[str, PatientRoad] = field(default_factory=dict)

    @property
    def telegram(self) -> Telegram:
        """The world."""
        return self.api.telegram

    def opens_to(self, bot: BotAccount) -> None:
        """Let people wait for a bot until it has taken what they did."""
        self.api.roads.polls(bot)  # from now on the journal knows its updates
        if bot.token not in self._roads:
            road = self._roads[bot.token] = PatientRoad(self.api.roads, bot)
            road.attach()

    def road(self, bot: BotAccount) -> PatientRoad:
        """Return how a bot's updates travel."""
        self.opens_to(bot)
        return self._roads[bot.token]

    def bot(self, number: int | None) -> BotAccount:
        """Return a bot, or the only one. Raises Unknown."""
        if number is None and self.telegram.bots:
            return self.telegram.sole_bot()
        if number is None:
            raise Unknown("no bot is here yet: POST /bots makes one and answers its token")
        found = self.telegram.account(number)
        if not isinstance(found, BotAccount):
            raise Unknown(f"there is no bot {number}")
        return found

    def person(self, number: int) -> Person:
        """Return a person. Raises Unknown."""
        found = self.telegram.people.get(number)
        if found is None:
            raise Unknown(f"there is no person {number}")
        return found

    def group(self, number: int) -> Group:
        """Return a group or channel. Raises Unknown."""
        found = self.telegram.groups.get(number)
        if found is None:
            raise Unknown(f"there is no group or channel {number}")
        return found

    def place(self, number: int) -> Place:
        """Return a group, a channel, or a bot, which stands for the private chat with it. Raises Unknown."""
        return self.group(number) if number < 0 else self.bot(number)

    def account(self, number: int) -> Account:
        """Return a person or a bot. Raises Unknown."""
        found = self.telegram.account(number)
        if found is None:
            raise Unknown(f"there is no person or bot {number}")
        return found

    def message(self, person: Person, number: int, where: Place | None) -> Message:
        """Return a message that a person sees. Raises Unknown."""
        theirs = [c.chats[person.user_id] for c in self.telegram.business.values() if person.user_id in c.chats]
        chats: list[Chat] = [person.chat_in(where)] if where is not None or len(self.telegram.bots) == 1 else []
        for chat in [*chats, *theirs]:
            if (found := chat.message(number)) is not None:
                return found
        raise Unknown(f"there is no message {number}")

    def inline_query(self, query_id: str) -> InlineQuery:
        """Return what somebody has typed after a bot's name. Raises Unknown."""
        found = self.telegram.inline_queries.get(query_id)
        if found is None:
            raise Unknown(f"there is no inline query {query_id}")
        return found

    def web_app(self, app_id: str) -> WebApp:
        """Return a Mini App that somebody has open. Raises Unknown."""
        found = self.telegram.web_apps.get(app_id)
        if found is None:
            raise Unknown(f"there is no open app {app_id}")
        return found

    def connection(self, connection_id: str) -> BusinessConnection:
        """Return a business connection. Raises Unknown."""
        found = self.telegram.business.get(connection_id)
        if found is None:
            raise Unknown(f"there is no business connection {connection_id}")
        return found

    def payment(self, payment_id: str) -> Payment:
        """Return a payment under way. Raises Unknown."""
        found = self._payments.get(payment_id)
        if found is None:
            raise Unknown(f"there is no payment {payment_id}")
        return found

    def keep(self, payment: Payment) -> str:
        """Remember a payment, and return the id by which it is found."""
        for payment_id, known in self._payments.items():
            if known is payment:
                return payment_id
        self._payments[payment.query.query_id] = payment
        if len(self._payments) > PAYMENTS_MOST:
            self._payments.popitem(last=False)
        return payment.query.query_id
