"""Sending games, and the scores that people have in them."""

from typing import Any

from botflight_harness.telegram.chats import Account, Message
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.games import Game
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.messages import SENDING, deliver
from botflight_harness.telegram.methods.request import Request, handler

_WHERE = "user_id chat_id message_id inline_message_id"


def send_game(request: Request) -> dict[str, Any]:
    """Send a game, with a button that starts it."""
    name = request.arguments.text("game_short_name")
    if not name:
        raise bad_request('parameter "game_short_name" is required')
    given = read_markup(request.arguments.get("reply_markup"))
    game = request.world.games.get(request.bot, name)
    markup = game.markup(given)
    if request.chat().kind == "channel":
        raise NotModelled("sendGame to a channel")
    message = deliver(request, {"game": game.as_json()}, markup)
    message.behind = game
    return message.as_json()


def set_game_score(request: Request) -> dict[str, Any] | bool:
    """Give somebody a score; the game's message shows it unless it is told not to."""
    message, account = _found(request, purpose="set game score")
    game = message.behind
    if not isinstance(game, Game) or game.bot is not request.bot or message.inline_keyboard is None:
        raise bad_request("MESSAGE_ID_INVALID" if message.inline_message_id else "game score can't be set")
    arguments = request.arguments
    game.score(message.chat, account, arguments.integer("score"), force=arguments.flag("force"))
    if not arguments.flag("disable_edit_message"):
        content = {"game": game.as_json(game.board(message.chat))}
        request.world.change(message, content, inline_keyboard=message.inline_keyboard)
    return True if message.inline_message_id else message.as_json()


def get_game_high_scores(request: Request) -> list[dict[str, Any]]:
    """Return the score of somebody, of those next to them, and of the best."""
    message, account = _found(request, purpose="get game high scores")
    game = message.behind
    if not isinstance(game, Game) or game.bot is not request.bot:
        raise bad_request("MESSAGE_ID_INVALID")
    return game.around(message.chat, account.user_id)


def _found(request: Request, *, purpose: str) -> tuple[Message, Account]:
    arguments = request.arguments
    if arguments.integer("user_id") <= 0:
        raise bad_request("invalid user_id specified")
    if "chat_id" in arguments or arguments.integer("message_id"):
        return request.message(purpose=purpose), request.user()
    number = arguments.text("inline_message_id")
    if not number:
        raise bad_request("message identifier is not specified")
    account = request.user()
    found = request.world.inline_messages.get(number)
    if found is None or found.via_bot is not request.bot or found.is_deleted:
        raise bad_request("MESSAGE_ID_INVALID")
    return found, account


METHODS = {
    "sendGame": handler(send_game, f"{SENDING} game_short_name"),
    "setGameScore": handler(set_game_score, f"{_WHERE} score force disable_edit_message"),
    "getGameHighScores": handler(get_game_high_scores, _WHERE),
}
