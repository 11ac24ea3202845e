"""Telegram, simulated so well that a bot cannot tell."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botflight_harness.capture import Capture
    from botflight_harness.clock import SystemClock, VirtualClock
    from botflight_harness.program import Endpoint
    from botflight_harness.ptb import PTBHarness, TelegramRequest, application_of
    from botflight_harness.road import Road
    from botflight_harness.served import ServedHarness
    from botflight_harness.telegram import (
        AnswerLost,
        BotAccount,
        Channel,
        Event,
        Group,
        ImpossibleAct,
        NotModelled,
        Person,
        Refusal,
        Seen,
        Telegram,
        Update,
        Upload,
    )
    from botflight_harness.webhook import WebhookHarness

__version__ = "0.1.0"

#: Where each name lives; it is imported when first asked for, because a plugin of pytest has to start fast.
_HOMES = {
    "AnswerLost": "telegram",
    "BotAccount": "telegram",
    "Capture": "capture",
    "Channel": "telegram",
    "Endpoint": "program",
    "Event": "telegram",
    "Group": "telegram",
    "ImpossibleAct": "telegram",
    "NotModelled": "telegram",
    "PTBHarness": "ptb",
    "Person": "telegram",
    "Refusal": "telegram",
    "Road": "road",
    "Seen": "telegram",
    "ServedHarness": "served",
    "SystemClock": "clock",
    "Telegram": "telegram",
    "TelegramRequest": "ptb",
    "Update": "telegram",
    "Upload": "telegram",
    "VirtualClock": "clock",
    "WebhookHarness": "webhook",
    "application_of": "ptb",
}

__all__ = [
    "AnswerLost",
    "BotAccount",
    "Capture",
    "Channel",
    "Endpoint",
    "Event",
    "Group",
    "ImpossibleAct",
    "NotModelled",
    "PTBHarness",
    "Person",
    "Refusal",
    "Road",
    "Seen",
    "ServedHarness",
    "SystemClock",
    "Telegram",
    "TelegramRequest",
    "Update",
    "Upload",
    "VirtualClock",
    "WebhookHarness",
    "application_of",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- whatever the name stands for
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
