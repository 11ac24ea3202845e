"""Reacting to messages as a bot."""

from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.reactions import react, read_reaction


def set_message_reaction(request: Request) -> bool:
    """Put at most one reaction below a message; none takes it away."""
    given = request.arguments.get("reaction") or []
    if not isinstance(given, list):
        raise bad_request("can't parse reaction types JSON object")
    reactions = [read_reaction(value) for value in given]
    message = request.message(purpose="react")
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    react(request.world, message, request.bot, reactions)
    return True


METHODS = {"setMessageReaction": handler(set_message_reaction, "chat_id message_id reaction is_big")}
