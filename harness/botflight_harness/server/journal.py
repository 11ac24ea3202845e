"""What a bot called and what it was sent, lately: for a developer to look at."""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.updates import Update

#: How many calls and how many updates are remembered.
REMEMBERED = 500

Outcome = Literal["ok", "refused", "not modelled", "lost"]
Status = Literal["waiting", "retrying", "delivered", "expired"]

_SETTLED = frozenset({"delivered", "expired"})

#: Longer texts are cut where a call is shown.
_SHOWN_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method and how it ended. The token is not part of it."""

    method: str
    parameters: Mapping[str, Any]
    outcome: Outcome
    duration_ms: float
    error_code: int | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One update and how far it has come."""

    bot: BotAccount
    update: Update
    tries: int = 0
    status: Status = "waiting"


Entry = Call | Delivery


@dataclass(slots=True)
class Journal:
    """The latest calls and deliveries, told to those who listen as they change."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    #: by the bot's id and the update_id
    _deliveries: OrderedDict[tuple[int, int], Delivery] = field(default_factory=OrderedDict)
    #: those of them that are still on their way: who settles need not look at all
    _open: dict[tuple[int, int], Delivery] = field(default_factory=dict)
    _listeners: list[Callable[[Entry], None]] = field(default_factory=list)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The updates that are remembered, the oldest first."""
        return tuple(self._deliveries.values())

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Call `listener` with every new or changed entry, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def called(self, call: Call) -> None:
        """Write down a call."""
        self.calls.append(call)
        self._tell(call)

    def queued(self, bot: BotAccount, update: Update) -> None:
        """Write down an update that waits, for the first time or once more."""
        self._note(replace(self._known(bot, update), update=update, status="waiting"))

    def tried(self, bot: BotAccount, update: Update, status: Status) -> None:
        """Write down one more delivery of an update, and how it went."""
        known = self._known(bot, update)
        self._note(replace(known, tries=known.tries + 1, status=status))

    def settle(self, bot: BotAccount, *, now_ms: int) -> None:
        """Close the entries of updates that have left the bot's queue: a poll confirmed them, or they were too old."""
        for delivery in tuple(self._open.values()):
            if delivery.bot is not bot or delivery.update in bot.updates:
                continue
            if delivery.status == "waiting" and delivery.tries:
                self._note(replace(delivery, status="delivered"))
            elif delivery.update.expires_ms <= now_ms:
                self._note(replace(delivery, status="expired"))

    def _known(self, bot: BotAccount, update: Update) -> Delivery:
        return self._deliveries.get((bot.user_id, update.update_id)) or Delivery(bot, update)

    def _note(self, delivery: Delivery) -> None:
        key = delivery.bot.user_id, delivery.update.update_id
        self._deliveries[key] = delivery
        if len(self._deliveries) > REMEMBERED:
            forgotten, _ = self._deliveries.popitem(last=False)
            self._open.pop(forgotten, None)
        if delivery.status in _SETTLED:
            self._open.pop(key, None)
        else:
            self._open[key] = delivery
        self._tell(delivery)

    def _tell(self, entry: Entry) -> None:
        for listener in tuple(self._listeners):
            listener(entry)


def shown(parameters: Mapping[str, Any], files: Mapping[str, Upload]) -> dict[str, Any]:
    """Return parameters short enough to look at; of a file, its name and size."""
    texts = {name: _cut(value) for name, value in parameters.items() if name != "secret_token"}
    return texts | {name: f"{upload.file_name} ({len(upload.data)} bytes)" for name, upload in files.items()}


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
        return value[:_SHOWN_CHARACTERS] + "…"
    return value
