"""Everything that a person can do, under the names that it has in Python: a route for each public verb of Person.

The fields are those of the verb's own signature, so that a new verb is there in every language at once.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import UnionType
from typing import Any, Union, get_args, get_origin

from botflight_harness.control import views
from botflight_harness.control.fields import TIMES, Field, Kind
from botflight_harness.control.operation import NOTHING, Given, Operation, listed, shape
from botflight_harness.control.room import Room
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Place
from botflight_harness.telegram.asking import InlineQuery
from botflight_harness.telegram.chats import Account, Message
from botflight_harness.telegram.dealing import BusinessConnection
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.paying import Payment
from botflight_harness.telegram.payments import Charge
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.web_apps import WebApp

#: Public, and no act: what others are made of.
NO_ACTS = frozenset({"as_json", "chat_in", "names", "passport_errors"})

Find = Callable[[Room, Person, Any, Given], Any]


def _as_it_is(room: Room, person: Person, value: Any, given: Given) -> Any:  # noqa: ANN401, ARG001 -- JSON
    return value


def _place(room: Room, person: Person, value: Any, given: Given) -> Place:  # noqa: ANN401, ARG001
    return room.place(value)


def _group_or_link(room: Room, person: Person, value: Any, given: Given) -> Group | str:  # noqa: ANN401, ARG001
    return value if isinstance(value, str) else room.group(value)


def _message(room: Room, person: Person, value: Any, given: Given) -> Message:  # noqa: ANN401
    where = given.get("where")
    return room.message(person, value, None if where is None else room.place(where))


_PLACE = "the id of a group, a channel or a bot; without it, the chat with the only bot"

#: What a parameter of a verb is over HTTP, by the types that it takes in Python.
_KINDS: Mapping[frozenset[object], tuple[Kind, str, Find]] = {
    frozenset({str}): ("text", "", _as_it_is),
    frozenset({int}): ("integer", "", _as_it_is),
    frozenset({float}): ("number", "", _as_it_is),
    frozenset({bool}): ("flag", "", _as_it_is),
    frozenset({bytes}): ("bytes", "bytes in base64", _as_it_is),
    frozenset({str, int}): ("value", "", _as_it_is),
    frozenset({dict}): ("object", "", _as_it_is),
    frozenset({Mapping}): ("object", "", _as_it_is),
    frozenset({Charge, str}): ("text", "a telegram_payment_charge_id", _as_it_is),
    frozenset({Message, Seen, int}): ("integer", "a message_id", _as_it_is),
    frozenset({Message, Seen, int, str}): ("value", "a message_id, or a link", _as_it_is),
    frozenset({Message, Seen}): ("integer", "a message_id", _message),
    frozenset({Message}): ("integer", "a message_id", _message),
    frozenset({BotAccount, Group}): ("integer", _PLACE, _place),
    frozenset({Group}): ("integer", "the id of a group or channel", lambda room, _, value, __: room.group(value)),
    frozenset({Group, str}): ("value", "the id of a group or channel, or an invite link", _group_or_link),
    frozenset({BotAccount}): ("integer", "a bot's id", lambda room, _, value, __: room.bot(value)),
    frozenset({Account}): ("integer", "a person's or a bot's id", lambda room, _, value, __: room.account(value)),
    frozenset({InlineQuery}): ("text", "a query_id", lambda room, _, value, __: room.inline_query(value)),
    frozenset({Payment}): ("text", "a payment_id", lambda room, _, value, __: room.payment(value)),
    frozenset({WebApp}): ("text", "an app_id", lambda room, _, value, __: room.web_app(value)),
    frozenset({BusinessConnection}): ("text", "a connection's id", lambda room, _, value, __: room.connection(value)),
}
_MANY: Mapping[Kind, Kind] = {"text": "texts", "integer": "integers", "value": "values", "bytes": "files"}


def act_operations() -> list[Operation]:
    """Return an operation for each public verb of Person."""
    verbs = inspect.getmembers(Person, inspect.isfunction)
    return [_operation(name, verb) for name, verb in verbs if not name.startswith("_") and name not in NO_ACTS]


def _operation(name: str, verb: Callable[..., Any]) -> Operation:
    parameters = [found for found in inspect.signature(verb).parameters.values() if found.name != "self"]
    about = " ".join((inspect.getdoc(verb) or "").split("\n\n")[0].split())
    return Operation(
        f"person_{name}",
        "POST",
        f"/people/{{person}}/{name}",
        about,
        partial(_act, verb=name, parameters=parameters),
        tuple(_field(parameter) for parameter in parameters),
        _answer(verb),
        tag="acts",
    )


async def _act(room: Room, given: Given, *, verb: str, parameters: list[inspect.Parameter]) -> Any:  # noqa: ANN401
    person = room.person(given["person"])
    if not room.telegram.bots:
        raise ImpossibleAct("no bot is here yet: POST /bots makes one and answers its token")
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.name not in given:
            continue
        find = _kind(parameter)[2]
        value = given[parameter.name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += [find(room, person, item, given) for item in value]
        else:
            named[parameter.name] = find(room, person, value, given)
    bound = _bind(getattr(person, verb), parameters, positional, named)
    done = bound()
    if inspect.isawaitable(done):
        done = await done
    if isinstance(done, BotAccount):
        room.opens_to(done)
    return views.outcome(room, done)


def _bind(
    verb: Callable[..., Any], parameters: list[inspect.Parameter], many: list[Any], named: dict[str, Any]
) -> Callable[[], Any]:
    """Put what stands before `*many` in its place: Python takes it by position only."""
    star = next((at for at, found in enumerate(parameters) if found.kind is found.VAR_POSITIONAL), 0)
    before = [_value(found, named) for found in parameters[:star]]
    return partial(verb, *before, *many, **named)


def _value(parameter: inspect.Parameter, named: dict[str, Any]) -> Any:  # noqa: ANN401
    return named.pop(parameter.name, None if parameter.default is parameter.empty else parameter.default)


def _field(parameter: inspect.Parameter) -> Field:
    if parameter.name == TIMES.name:
        return TIMES
    kind, about, _ = _kind(parameter)
    if parameter.kind is parameter.VAR_POSITIONAL:
        return Field(parameter.name, _MANY[kind], about)
    is_required = parameter.default is parameter.empty
    plain = isinstance(parameter.default, str | int | float) and parameter.default != ""
    return Field(parameter.name, kind, about, is_required, parameter.default if plain else None)


def _kind(parameter: inspect.Parameter) -> tuple[Kind, str, Find]:
    return _KINDS[_types(parameter.annotation)]


def _types(annotation: Any) -> frozenset[object]:  # noqa: ANN401 -- whatever stands in a signature
    if get_origin(annotation) in {UnionType, Union}:
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return frozenset().union(*(_types(part) for part in parts))
    return frozenset({get_origin(annotation) or annotation})


def _answer(verb: Callable[..., Any]) -> Mapping[str, Any]:
    annotation = inspect.signature(verb).return_annotation
    if get_origin(annotation) is list:
        return shape(messages=listed(views.SEEN))
    return views.OF_ACTS.get(annotation, NOTHING)
