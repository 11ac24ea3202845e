"""The chat page of a bot: who is there, what is told to the browser, and the routes."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from botflight_harness.server.api import BotApi, application
from botflight_harness.server.journal import Call, Entry
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.events import Event
from botflight_harness.telegram.files import FileStore
from botflight_harness.telegram.people import Person
from botflight_harness.web.acts import Hand
from botflight_harness.web.assets import asset_routes
from botflight_harness.web.control import Control, RoomFullError
from botflight_harness.web.feed import Feed
from botflight_harness.web.view import call_view, delivery_view, event_view, person_view, snapshot_view

#: How many people fit onto the page.
PEOPLE_MOST = 6

NO_LINKS: Mapping[str, str] = {}


class ChatPage:
    """A page where people talk with one bot."""

    def __init__(
        self, api: BotApi, bot: BotAccount, *, title: str, links: Mapping[str, str], people: Sequence[Person]
    ) -> None:
        self.feed = Feed(snapshot=self.state)
        self._api = api
        self._bot = bot
        self._title = title
        self._links = links
        self._hands: dict[int, Hand] = {}
        for person in people or self._usual_people():
            self._seat(person)
        api.roads.polls(bot)
        api.telegram.subscribe(self._hear)
        api.journal.listen(self._note)

    @property
    def files(self) -> FileStore:
        """The files of messages."""
        return self._api.telegram.files

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the page and of what it asks for."""
        return [*asset_routes(), *Control(self).routes()]

    def state(self) -> dict[str, Any]:
        """Return everything that the page shows."""
        people = [hand.person for hand in self._hands.values()]
        return snapshot_view(
            self._api.telegram, self._bot, people, self._api.journal, title=self._title, links=self._links
        )

    def hand(self, person_id: int) -> Hand | None:
        """Return the hand of a person, or None."""
        return self._hands.get(person_id)

    def add(self, name: str, language: str) -> dict[str, Any]:
        """Add a person. Raises RoomFullError when PEOPLE_MOST are there."""
        if len(self._hands) >= PEOPLE_MOST:
            raise RoomFullError(f"{PEOPLE_MOST} people are as many as fit here")
        hand = self._seat(self._api.telegram.user(name, language=language))
        self.feed.publish("person", self.person(hand))
        return self.person(hand)

    def person(self, hand: Hand) -> dict[str, Any]:
        """Return who a person is."""
        return person_view(self._api.telegram, self._bot, hand.person)

    def _seat(self, person: Person) -> Hand:
        person.chat_in(self._bot)
        hand = self._hands[person.user_id] = Hand(self._api.telegram, self._bot, person, self._api.roads)
        return hand

    def _usual_people(self) -> Sequence[Person]:
        telegram = self._api.telegram
        return telegram.user("Alice", language="en"), telegram.user("Борис", language="ru")

    def _hear(self, event: Event) -> None:
        if event.bot_id != self._bot.user_id or event.chat_id not in self._hands:
            return
        if event.kind in {"blocked", "unblocked"}:
            self.feed.publish("person", self.person(self._hands[event.chat_id]))
        elif (told := event_view(event)) is not None:
            self.feed.publish(*told)

    def _note(self, entry: Entry) -> None:
        if isinstance(entry, Call):
            self.feed.publish("call", call_view(entry))
        elif entry.bot is self._bot:
            self.feed.publish("update", delivery_view(entry))


def chat_page(
    api: BotApi, bot: BotAccount, *, title: str, links: Mapping[str, str] = NO_LINKS, people: Sequence[Person] = ()
) -> list[BaseRoute]:
    """Make the routes of a chat page: `/`, `/_page/` and `/_control/`.

    `links` are shown by their names; without `people` there are Alice, who reads English, and Борис, Russian.
    """
    return ChatPage(api, bot, title=title, links=links, people=people).routes()


def chat_app(
    api: BotApi, bot: BotAccount, *, title: str, links: Mapping[str, str] = NO_LINKS, people: Sequence[Person] = ()
) -> Starlette:
    """Make an application of the Bot API with a chat page beside it, as `chat_page` makes it."""
    return application(api, *chat_page(api, bot, title=title, links=links, people=people))
