"""The marks that organizations put on users and chats by their bots (https://telegram.org/verify#third-party-verification)."""

from dataclasses import dataclass

from botflight_harness.telegram.accounts import BotAccount

DESCRIPTION_CHARACTERS_MOST = 70


@dataclass(frozen=True, slots=True)
class Verification:
    """A mark on a user or a chat."""

    by: BotAccount
    #: what the organization says of them; empty for its usual words
    description: str = ""
