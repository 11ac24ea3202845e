from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, NotModelled, Person, Telegram

Call = Callable[..., Any]
PLAY = {"inline_keyboard": [[{"text": "Go", "callback_game": {}}], [{"text": "Rules", "callback_data": "rules"}]]}
RESULT = {"type": "game", "id": "1", "game_short_name": "chess"}


@pytest.fixture(autouse=True)
def _acquainted(telegram: Telegram, alice: Person, bot: BotAccount) -> None:
    alice.send_text("/start")
    bot.updates.clear()
    telegram.games.add("chess", bot=bot, title="Chess", description="An old game")


@pytest.fixture
def game(call: Call, alice: Person) -> dict[str, Any]:
    """Where a game was sent, as calls name it."""
    sent = call("sendGame", chat_id=alice.user_id, game_short_name="chess")
    return {"chat_id": alice.user_id, "message_id": sent["message_id"]}


def test_a_game_comes_with_a_button(call: Call, alice: Person) -> None:
    """Unless the bot brings buttons of its own, there is one that starts it."""
    sent = call("sendGame", chat_id=alice.user_id, game_short_name="chess")

    assert sent["reply_markup"]["inline_keyboard"] == [[{"text": "Play Chess", "callback_game": {}}]]
    assert (alice.last.kind, alice.last.text, alice.last.buttons) == ("game", "Chess\nAn old game", ("Play Chess",))
    own = call("sendGame", chat_id=alice.user_id, game_short_name="chess", reply_markup=PLAY)
    assert [button["text"] for row in own["reply_markup"]["inline_keyboard"] for button in row] == ["Go", "Rules"]


def test_the_first_button_starts_the_game(refusal: Callable[..., str], alice: Person) -> None:
    """Another one in its place is refused."""
    turned = {"inline_keyboard": PLAY["inline_keyboard"][::-1]}

    words = refusal("sendGame", chat_id=alice.user_id, game_short_name="chess", reply_markup=turned)

    assert words == "400 Bad Request: BUTTON_POS_INVALID"


def test_a_game_that_was_never_made_is_told_plainly(telegram: Telegram, call: Call, alice: Person) -> None:
    """The test has to make it, as BotFather does."""
    with pytest.raises(NotModelled, match="BotFather never made"):
        call("sendGame", chat_id=alice.user_id, game_short_name="go")
    telegram.take_complaints()


@pytest.mark.usefixtures("game")
async def test_who_plays_gets_the_page_that_the_bot_opens(call: Call, alice: Person, bot: BotAccount) -> None:
    """The bot hears which game it is; its answer carries the address."""

    def answer(update: Any) -> None:
        assert update.payload["game_short_name"] == "chess"
        assert "data" not in update.payload
        call("answerCallbackQuery", callback_query_id=update.payload["id"], url="https://example.com/chess")

    bot.updates.listen(answer)

    assert await alice.plays() == "https://example.com/chess"


def test_a_button_of_a_game_is_tapped_like_any_other(call: Call, alice: Person) -> None:
    """By its label; a button that is no game's opens nothing but the bot."""
    call("sendGame", chat_id=alice.user_id, game_short_name="chess", reply_markup=PLAY)

    assert alice.tap("Go").update.payload["game_short_name"] == "chess"
    assert alice.tap("Rules").update.payload["data"] == "rules"


def test_only_a_game_opens_any_page(call: Call, refusal: Callable[..., str], alice: Person, bot: BotAccount) -> None:
    """Another button opens the bot itself, with a word for /start."""
    call("sendGame", chat_id=alice.user_id, game_short_name="chess", reply_markup=PLAY)
    query = {"callback_query_id": alice.tap("Rules").update.payload["id"]}

    assert refusal("answerCallbackQuery", **query, url="https://example.com") == "400 Bad Request: URL_INVALID"
    assert call("answerCallbackQuery", **query, url=f"https://t.me/{bot.username}?start=rules")


def test_nobody_plays_what_is_not_there(alice: Person) -> None:
    """A chat without a game has nothing to press."""
    with pytest.raises(ImpossibleAct, match="sees no game"):
        alice.play()


def test_scores_are_kept_and_shown(call: Call, game: dict[str, Any], alice: Person, bob: Person) -> None:
    """The message shows the best, unless it is told not to."""
    edited = call("setGameScore", **game, user_id=alice.user_id, score=5)
    call("setGameScore", **game, user_id=bob.user_id, score=7, disable_edit_message=True)

    assert "5" in edited["game"]["text"]
    assert alice.last.text == f"Chess\n{edited['game']['text']}"
    assert alice.last.buttons == ("Play Chess",)
    table = call("getGameHighScores", **game, user_id=alice.user_id)
    assert [(row["position"], row["user"]["id"], row["score"]) for row in table] == [
        (1, bob.user_id, 7),
        (2, alice.user_id, 5),
    ]


@pytest.mark.parametrize("given", [{"score": 5}, {"score": 4}, {"score": 0}, {"score": 5, "force": True}])
def test_a_score_only_grows(
    call: Call, refusal: Callable[..., str], game: dict[str, Any], alice: Person, given: dict[str, Any]
) -> None:
    """What is not better is refused, and so is what is the same even by force."""
    call("setGameScore", **game, user_id=alice.user_id, score=5)

    words = refusal("setGameScore", **game, user_id=alice.user_id, **given)

    assert words == "400 Bad Request: BOT_SCORE_NOT_MODIFIED"


def test_force_takes_a_score_away(call: Call, game: dict[str, Any], alice: Person) -> None:
    """A lower one by force, and nothing at all with 0."""
    call("setGameScore", **game, user_id=alice.user_id, score=5)

    call("setGameScore", **game, user_id=alice.user_id, score=3, force=True)
    assert call("getGameHighScores", **game, user_id=alice.user_id)[0]["score"] == 3
    call("setGameScore", **game, user_id=alice.user_id, score=0, force=True)

    assert call("getGameHighScores", **game, user_id=alice.user_id) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"user_id": 0}, "invalid user_id specified"),
        ({"user_id": 77}, "user not found"),
        ({"score": -1}, "SCORE_INVALID"),
        ({"message_id": 99_999}, "message to set game score not found"),
        ({"message_id": None, "chat_id": None}, "message identifier is not specified"),
        ({"message_id": None, "chat_id": None, "inline_message_id": "x"}, "MESSAGE_ID_INVALID"),
    ],
)
def test_a_wrong_score_is_refused(
    refusal: Callable[..., str], game: dict[str, Any], alice: Person, change: dict[str, Any], words: str
) -> None:
    """In Telegram's words."""
    given = {**game, "user_id": alice.user_id, "score": 5, **change}

    assert refusal("setGameScore", **given) == f"400 Bad Request: {words}"


def test_what_is_no_game_has_no_scores(call: Call, refusal: Callable[..., str], alice: Person) -> None:
    """A text cannot be scored."""
    sent = call("sendMessage", chat_id=alice.user_id, text="x")
    place = {"chat_id": alice.user_id, "message_id": sent["message_id"], "user_id": alice.user_id}

    assert refusal("setGameScore", **place, score=1) == "400 Bad Request: game score can't be set"
    assert refusal("getGameHighScores", **place) == "400 Bad Request: MESSAGE_ID_INVALID"


def test_a_table_shows_the_best_and_the_neighbours(
    telegram: Telegram, call: Call, game: dict[str, Any], alice: Person
) -> None:
    """Two on each side of who is asked for, and the first three."""
    players = [telegram.user(f"Player {number}") for number in range(9)]
    for number, player in enumerate(players, start=1):
        call("setGameScore", **game, user_id=player.user_id, score=number * 10)

    lowest = call("getGameHighScores", **game, user_id=players[0].user_id)
    stranger = call("getGameHighScores", **game, user_id=alice.user_id)

    assert [row["position"] for row in lowest] == [1, 2, 3, 7, 8, 9]
    assert [row["position"] for row in stranger] == [1, 2, 3]


def test_a_game_is_sent_by_inline_mode(call: Call, alice: Person, bot: BotAccount) -> None:
    """Its scores are kept by the id that the tap tells."""
    bot.inline_mode = True
    query = alice.ask_inline("chess")
    call("answerInlineQuery", inline_query_id=query.query_id, results=[RESULT])
    alice.choose(query, "1")
    number = alice.play().update.payload["inline_message_id"]

    assert call("setGameScore", inline_message_id=number, user_id=alice.user_id, score=3) is True
    assert call("getGameHighScores", inline_message_id=number, user_id=alice.user_id)[0]["score"] == 3


def test_the_text_of_a_game_is_edited(call: Call, game: dict[str, Any], alice: Person) -> None:
    """It stands in the place of the description."""
    edited = call("editMessageText", **game, text="<b>Your</b> move", parse_mode="HTML", reply_markup=PLAY)

    assert edited["game"]["text_entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    assert alice.last.text == "Chess\nYour move"
