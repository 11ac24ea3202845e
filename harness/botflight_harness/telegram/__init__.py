"""Telegram as a pure, synchronous state machine."""

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Act
from botflight_harness.telegram.calls import Call
from botflight_harness.telegram.errors import AnswerLost, ImpossibleAct, NotModelled, Refusal
from botflight_harness.telegram.events import Event
from botflight_harness.telegram.groups import Channel, Group
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.people import Person
from botflight_harness.telegram.screen import Seen
from botflight_harness.telegram.updates import Lane, Update, UpdateQueue
from botflight_harness.telegram.world import Telegram

__all__ = [
    "Act",
    "AnswerLost",
    "BotAccount",
    "Call",
    "Channel",
    "Event",
    "Group",
    "ImpossibleAct",
    "Lane",
    "NotModelled",
    "Person",
    "Refusal",
    "Seen",
    "Telegram",
    "Update",
    "UpdateQueue",
    "Upload",
]
