"""The methods that the world models, by family. What is not here is not modelled, and says so."""

from collections.abc import Mapping

from botflight_harness.telegram.methods import (
    albums,
    attachments,
    callbacks,
    chats,
    closing,
    dealing,
    editing,
    forwarding,
    games,
    inline,
    invites,
    media,
    members,
    messages,
    passport,
    payments,
    polls,
    portraits,
    profile,
    reactions,
    receiving,
    senders,
    sticker_sets,
    stickers,
    topics,
    web_apps,
)
from botflight_harness.telegram.methods.request import Handler

_FAMILIES = (
    albums,
    attachments,
    callbacks,
    chats,
    closing,
    dealing,
    editing,
    forwarding,
    games,
    inline,
    invites,
    media,
    members,
    messages,
    passport,
    payments,
    polls,
    portraits,
    profile,
    reactions,
    receiving,
    senders,
    sticker_sets,
    stickers,
    topics,
    web_apps,
)

METHODS: Mapping[str, Handler] = {name: handler for family in _FAMILIES for name, handler in family.METHODS.items()}
