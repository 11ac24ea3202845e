"""The simulated Telegram: bots call it, people act in it, and nothing in it waits or reads a real clock."""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any

from botflight_harness.clock import Clock, VirtualClock
from botflight_harness.faults import Faults
from botflight_harness.telegram import parameters, schema
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.asking import InlineQuery
from botflight_harness.telegram.calls import Call
from botflight_harness.telegram.cashier import Cashier
from botflight_harness.telegram.chats import Account, Chat, Message
from botflight_harness.telegram.dealing import BusinessConnection
from botflight_harness.telegram.errors import AnswerLost, NotModelled, Refusal
from botflight_harness.telegram.events import Event, EventKind, Listener
from botflight_harness.telegram.files import UPLOAD_BYTES_MOST, FileStore, StoredFile
from botflight_harness.telegram.flood import FloodLimits
from botflight_harness.telegram.gatherings import Gatherings
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.guarding import JoinQuery
from botflight_harness.telegram.keyboards import NO_MARKUP, Markup
from botflight_harness.telegram.membership import InviteLink
from botflight_harness.telegram.methods import METHODS
from botflight_harness.telegram.methods.request import Request
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.payments import Till
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.updates import Lane, Update, UpdateQueue
from botflight_harness.telegram.verifying import Verification
from botflight_harness.telegram.web_apps import WebApps

if TYPE_CHECKING:
    from botflight_harness.telegram.games import Games
    from botflight_harness.telegram.gifts import GiftShop
    from botflight_harness.telegram.stickers import StickerSets
    from botflight_harness.telegram.stories import Stories

#: The record of calls and the open callback queries keep the newest of this many.
CALLS_MOST = 100_000
QUERIES_MOST = 100_000

_TOKEN_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"  # noqa: S105 -- letters
#: How the methods begin that send messages, and which of them send none.
_SENDING = ("send", "copy", "forward")
_SENDS_NOTHING = frozenset({"sendChatAction", "sendMessageDraft", "sendRichMessageDraft"})
_NO_FILES: Mapping[str, Upload] = {}


@dataclass(slots=True, eq=False)
class CallbackQuery:
    """A tap that waits for its answer."""

    query_id: str
    bot: BotAccount
    user_id: int
    chat: Chat
    #: where the button was; None where the bot does not see it
    message: Message | None
    at_ms: int
    #: whether the button starts a game
    of_game: bool = False
    is_answered: bool = False
    #: what the answer opens
    url: str = ""


class Telegram(Gatherings):
    """A world of bots, people and chats, the same from the same seed."""

    def __init__(self, *, seed: int = 0, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or VirtualClock()
        self._seed = seed
        self.random = Random(f"botflight:{seed}")  # noqa: S311 -- repeatable on purpose
        self.files = FileStore(Random(f"botflight-files:{seed}"))  # noqa: S311
        self.faults = Faults()
        #: Off until a test says `telegram.flood_limits.turn_on()`.
        self.flood_limits = FloodLimits()
        #: What bots asked, the oldest first.
        self.calls: deque[Call] = deque(maxlen=CALLS_MOST)
        #: What fails the test at its end: calls that are not modelled, errors inside transports and handlers.
        self.problems: list[str] = []
        #: the errors behind those, as far as there are any: their tracebacks lead to the bot's own lines
        self.causes: list[BaseException] = []
        self.bots: dict[str, BotAccount] = {}
        self.people: dict[int, Person] = {}
        self.groups: dict[int, Group] = {}
        self.callback_queries: dict[str, CallbackQuery] = {}
        #: by (chat id, bot id); the bot id is 0 in a group
        self.chats: dict[tuple[int, int], Chat] = {}
        self._blocked: set[tuple[int, int]] = set()
        self._listeners: list[Listener] = []
        self.invite_links: dict[str, tuple[Group, InviteLink]] = {}
        #: questions to bots that guard groups
        self.join_queries: dict[str, JoinQuery] = {}
        #: who was verified by an organization's bot, by the id of the user or the chat
        self.verifications: dict[int, Verification] = {}
        self.inline_queries: dict[str, InlineQuery] = {}
        #: messages that were sent by inline mode, which a bot knows by this id alone
        self.inline_messages: dict[str, Message] = {}
        #: the messages that show a poll, by the poll's id
        self.poll_messages: dict[str, list[Message]] = {}
        #: by user id, the newest first
        self.profile_photos: dict[int, list[StoredFile]] = {}
        self.profile_audios: dict[int, list[StoredFile]] = {}
        #: PassportElementError objects by user id and bot id
        self.passport_errors: dict[tuple[int, int], list[dict[str, Any]]] = {}
        #: Mini Apps that are open, and what bots have prepared for them
        self.web_apps = WebApps(self.random)
        self.business: dict[str, BusinessConnection] = {}
        #: who was asked in as a guest, and by which message
        self.guest_queries: dict[str, tuple[BotAccount, Message]] = {}
        #: who manages a bot, by the bot's id
        self.managed_bots: dict[int, BotAccount] = {}
        self._rolls: deque[int] = deque()
        self.cashier = Cashier(self, Till(Random(f"botflight-till:{seed}")))  # noqa: S311
        #: what is to happen later, on a clock that goes by itself
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._agenda_numbers = itertools.count()

    # What few tests need, and so is imported late

    @cached_property
    def sticker_sets(self) -> "StickerSets":
        """Sets of stickers, those of bots and those that `telegram.sticker_sets.add(...)` makes."""
        from botflight_harness.telegram.stickers import StickerSets  # noqa: PLC0415 -- late

        return StickerSets(self.files)

    @cached_property
    def games(self) -> "Games":
        """Games of bots: `telegram.games.add("chess", bot=bot)` makes one, as BotFather does."""
        from botflight_harness.telegram.games import Games  # noqa: PLC0415 -- late

        return Games(self.files)

    @cached_property
    def gifts(self) -> "GiftShop":
        """Gifts that can be bought, and those that are owned."""
        from botflight_harness.telegram.gifts import GiftShop  # noqa: PLC0415 -- late

        return GiftShop(Random(f"botflight-gifts:{self._seed}"), self.files)  # noqa: S311

    @cached_property
    def stories(self) -> "Stories":
        """What bots have posted for business accounts."""
        from botflight_harness.telegram.stories import Stories  # noqa: PLC0415 -- late

        return Stories()

    # Who is there

    def bot(self, token: str | None = None, *, username: str | None = None) -> BotAccount:
        """Make a bot, or return the one with this token.

        Without a token one is drawn from the seed. Raises ValueError when the token is none.
        """
        if token is not None and token in self.bots:
            return self.bots[token]
        token = token or self._draw_token()
        number, separator, _ = token.partition(":")
        if not separator or not number.isdecimal():
            raise ValueError("a bot's token looks like 123456:letters")
        name = username or f"bot{number}_bot"
        # A real bot's ids start anywhere, so nothing may be made of their size.
        queue = UpdateQueue(next_id=self.random.randrange(10**8, 9 * 10**8))
        account = BotAccount(token, int(number), name.removesuffix("_bot"), name, queue)
        account.last_private_message_id = self.random.randrange(100)
        self.bots[token] = account
        return account

    def placeholder(self, token: str) -> BotAccount:
        """Return the bot with this token, made when there is none, even if it is a mere word such as "TOKEN"."""
        if token in self.bots or token.partition(":")[0].isdecimal():
            return self.bot(token)
        account = self.bot()
        del self.bots[account.token]
        account.token = token
        self.bots[token] = account
        return account

    def sole_bot(self) -> BotAccount:
        """Return the bot of the world, made when there is none. Raises LookupError when there are several."""
        if len(self.bots) > 1:
            raise LookupError(f"{len(self.bots)} bots are here: say which one")
        return next(iter(self.bots.values())) if self.bots else self.bot()

    def user(
        self, first_name: str, *, language: str = "en", user_id: int | None = None, username: str | None = None
    ) -> Person:
        """Make a person. Raises ValueError when the id is taken."""
        if user_id is None:
            user_id = self.random.randrange(10**8, 7 * 10**9)
        if user_id in self.people:
            raise ValueError(f"user {user_id} is there already")
        person = Person(self, user_id, first_name, language=language, username=username)
        self.people[user_id] = person
        return person

    def has_blocked(self, user_id: int, bot: BotAccount) -> bool:
        """Tell whether the person has blocked the bot."""
        return (user_id, bot.user_id) in self._blocked

    def set_blocked(self, user_id: int, bot: BotAccount, *, blocked: bool) -> None:
        """Let a person block a bot, or take the block away."""
        (self._blocked.add if blocked else self._blocked.discard)((user_id, bot.user_id))

    def rolls(self, *values: int) -> None:
        """Say what the next dice show, whoever throws them."""
        self._rolls.extend(values)

    def roll(self, most: int) -> int:
        """Throw a die that shows 1 to `most`."""
        return self._rolls.popleft() if self._rolls else self.random.randint(1, most)

    # What bots ask

    def call(self, token: str, method: str, raw: Mapping[str, Any], files: Mapping[str, Upload] | None = None) -> Any:  # noqa: ANN401 -- JSON
        """Do what a bot asks, and return the JSON result.

        `raw` holds values or JSON within text, as forms and multipart carry it; `files` are named as the
        parameters, or as what `attach://` refers to.

        Raises Refusal in Telegram's words, AnswerLost when a fault cut the connection, and NotModelled when the
        simulation ends here: that one fails the test, even if the bot swallows it.
        """
        bot = self.bots.get(token)
        if bot is None:
            raise Refusal(401, "Unauthorized")
        self.catch_up()
        record = Call(bot.user_id, method, raw, self.clock.now_ms())
        self.calls.append(record)
        try:
            if not bot.launched_ms:
                _launch(bot, method, record.at_ms)
            record.result = self._do(bot, method, raw, files or _NO_FILES)
        except (Refusal, AnswerLost) as ending:
            record.error = str(ending)
            raise
        except NotModelled as ending:
            record.error = f"not modelled: {ending}"
            self.problems.append(f"not modelled: {ending}")
            raise
        return record.result

    def _do(self, bot: BotAccount, name: str, raw: Mapping[str, Any], files: Mapping[str, Upload]) -> Any:  # noqa: ANN401
        method = schema.load().method(name)
        if method is None:
            raise Refusal(404, "Not Found: method not found")
        fault = self.faults.take(method.name, raw)
        if fault is not None and fault.when == "before":
            raise fault.error
        if any(len(upload.data) > UPLOAD_BYTES_MOST for upload in files.values()):
            raise Refusal(413, "Request Entity Too Large")
        handler = METHODS.get(method.name)
        if handler is None:
            raise NotModelled(method.name)
        request = Request(self, bot, parameters.read(method, raw, files))
        if self.flood_limits.is_on:
            self._count(request)
        result = handler(request)
        if fault is not None:
            raise fault.error
        return result

    def _count(self, request: Request) -> None:
        name = request.arguments.method.name
        if not name.startswith(_SENDING) or name in _SENDS_NOTHING:
            return
        chat = self.find_chat(request.bot, request.arguments.get("chat_id"))
        if chat is not None:
            self.flood_limits.check(request.bot.user_id, chat, now_ms=self.clock.now_ms())

    # What happens later

    def at(self, when_ms: int, happening: Callable[[], None]) -> None:
        """Let something happen when the clock reaches `when_ms`.

        A clock that goes by itself is looked at whenever somebody calls or acts.
        """
        if isinstance(self.clock, VirtualClock):
            self.clock.call_at(when_ms, happening)
        else:
            heapq.heappush(self._agenda, (when_ms, next(self._agenda_numbers), happening))

    def catch_up(self) -> None:
        """Let happen what has fallen due on a clock that goes by itself."""
        while self._agenda and self._agenda[0][0] <= self.clock.now_ms():
            heapq.heappop(self._agenda)[2]()

    # What happens in chats

    def post(
        self,
        chat: Chat,
        sender: Account,
        content: dict[str, Any],
        *,
        markup: Markup = NO_MARKUP,
        reply_to: Message | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Message:
        """Put a message into a chat, and tell those who watch."""
        self._name_mentions(content)
        message = Message(
            chat,
            chat.next_message_id(),
            sender,
            self.clock.now_ms() // 1000,
            content,
            inline_keyboard=markup.inline,
            reply_to=reply_to,
            had_reply_keyboard=markup.reply is not None or markup.removes,
            extra=dict(extra or {}),
        )
        chat.add(message)
        if sender is chat.bot:
            chat.drafts.clear()
        self.tell("message_sent", chat, message=message)
        if markup.reply is not None or markup.removes:
            chat.reply_keyboard = markup.reply
            self.tell("reply_keyboard", chat, details={"keyboard": markup.reply})
        return message

    def _name_mentions(self, content: dict[str, Any]) -> None:
        """Put whole users into mentions by id; those of nobody are no mentions, as Telegram has it."""
        for name in ("entities", "caption_entities"):
            given = content.get(name)
            if given and any(entity["type"] == "text_mention" for entity in given):
                content[name] = [named for entity in given if (named := self._named(entity)) is not None]

    def _named(self, entity: dict[str, Any]) -> dict[str, Any] | None:
        if entity["type"] != "text_mention" or "first_name" in entity["user"]:
            return entity
        account = self.account(int(entity["user"]["id"]))
        return None if account is None else {**entity, "user": account.as_json()}

    def change(self, message: Message, content: dict[str, Any], *, inline_keyboard: dict[str, Any] | None) -> None:
        """Put other content into a message, and tell those who watch."""
        self._name_mentions(content)
        message.content = content
        message.inline_keyboard = inline_keyboard
        message.edit_date_s = self.clock.now_ms() // 1000
        self.tell("message_edited", message.chat, message=message)

    def remove(self, message: Message) -> None:
        """Delete a message, and tell those who watch."""
        message.is_deleted = True
        del message.chat.messages[message.message_id]
        self.tell("message_deleted", message.chat, message=message)

    def update(
        self, bot: BotAccount, kind: str, payload: dict[str, Any], *, lane: Lane, update_id: int | None = None
    ) -> Update | None:
        """Put an update into a bot's queue; None when the bot did not ask for this kind."""
        return bot.updates.put(kind, payload, lane=lane, now_ms=self.clock.now_ms(), update_id=update_id)

    def open_query(
        self, bot: BotAccount, user_id: int, chat: Chat, message: Message | None = None, *, of_game: bool = False
    ) -> CallbackQuery:
        """Remember a tap that waits for its answer."""
        query_id = str(self.random.randrange(10**17, 10**19))
        now_ms = self.clock.now_ms()
        query = CallbackQuery(query_id, bot, user_id, chat, message, now_ms, of_game=of_game)
        self.callback_queries[query_id] = query
        if len(self.callback_queries) > QUERIES_MOST:
            del self.callback_queries[next(iter(self.callback_queries))]
        return query

    def open_inline_query(self, bot: BotAccount, user_id: int, text: str) -> InlineQuery:
        """Remember what somebody has typed after a bot's name."""
        query_id = str(self.random.randrange(10**17, 10**19))
        query = self.inline_queries[query_id] = InlineQuery(query_id, bot, user_id, text, self.clock.now_ms())
        if len(self.inline_queries) > QUERIES_MOST:
            del self.inline_queries[next(iter(self.inline_queries))]
        return query

    def sent_inline(self, message: Message, bot: BotAccount, keyboard: dict[str, Any] | None) -> None:
        """Make of a message one that was sent through a bot; with buttons the bot may edit it."""
        message.via_bot = bot
        if keyboard is not None:
            message.inline_keyboard = keyboard
            message.inline_message_id = "".join(self.random.choices(_TOKEN_ALPHABET, k=27))
            self.inline_messages[message.inline_message_id] = message

    # Who watches

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(
        self, kind: EventKind, chat: Chat, *, message: Message | None = None, details: dict[str, Any] | None = None
    ) -> None:
        """Tell those who watch what happened."""
        if not self._listeners:
            return
        shown = None if message is None else message.as_json()
        bot_id = 0 if chat.bot is None else chat.bot.user_id
        event = Event(kind, chat.chat_id, bot_id, self.clock.now_ms(), shown, details)
        for listener in tuple(self._listeners):
            listener(event)

    def check(self) -> None:
        """Raise AssertionError when something was not modelled, went wrong out of sight, or was never used.

        What it has told once it does not tell again.
        """
        cause = next(iter(self.causes), None)
        if complaints := self.take_complaints():
            raise AssertionError("\n".join(["the simulated Telegram is not content:", *complaints])) from cause

    def take_complaints(self) -> list[str]:
        """Return what `check` would raise, and forget it."""
        complaints = [*self.problems, *(f"fault never used: {fault}" for fault in self.faults.unused())]
        self.problems.clear()
        self.causes.clear()
        self.faults.clear()
        return complaints

    def _draw_token(self) -> str:
        number = self.random.randrange(10**9, 8 * 10**9)
        return f"{number}:AA{''.join(self.random.choices(_TOKEN_ALPHABET, k=33))}"


def _launch(bot: BotAccount, method: str, now_ms: int) -> None:
    """Let a bot run on this server from its first call on, unless it has logged out or means to close."""
    if now_ms < bot.logged_out_until_ms:
        raise Refusal(400, "Logged out")
    if method.lower() != "close":
        bot.launched_ms = now_ms
