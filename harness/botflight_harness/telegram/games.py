"""Games that BotFather has made for bots, with the scores that people have in them."""

from dataclasses import dataclass, field
from typing import Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.chats import Account, Chat
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.files import FileStore
from botflight_harness.telegram.keyboards import Markup
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.pictures import blank_picture

#: How large the picture of a game is.
PICTURE_SIDES = 640, 360
#: Whom getGameHighScores tells of: these many before and after the one who is asked for, and at the top.
NEIGHBOURS, TOP = 2, 3


@dataclass(slots=True, eq=False)
class Game:
    """A game of a bot."""

    bot: BotAccount
    short_name: str
    title: str
    description: str
    #: an array of PhotoSize
    photo: list[dict[str, Any]]
    #: the best scores in a chat, by user id
    scores: dict[Chat, dict[int, tuple[Account, int]]] = field(default_factory=dict)

    def as_json(self, text: str = "") -> dict[str, Any]:
        """Return the Game object, with a text in its message."""
        shown = {"title": self.title, "description": self.description, "photo": self.photo}
        return shown | {"text": text} if text else shown

    def keyboard(self) -> dict[str, Any]:
        """Return the buttons of a message that was given none."""
        return {"inline_keyboard": [[{"text": f"Play {self.title}", "callback_game": {}}]]}

    def markup(self, given: Markup) -> Markup:
        """Return the buttons of a message: the first of them starts the game. Raises Refusal when it does not."""
        if given.inline is None:
            return Markup(inline=self.keyboard())
        if "callback_game" not in given.inline["inline_keyboard"][0][0]:
            raise bad_request("BUTTON_POS_INVALID")
        return given

    def table(self, chat: Chat) -> list[dict[str, Any]]:
        """Return everybody who has scored in a chat as GameHighScore objects, the best first."""
        ranked = sorted(self.scores.get(chat, {}).values(), key=lambda scored: -scored[1])
        return [
            {"position": place, "user": account.as_json(), "score": score}
            for place, (account, score) in enumerate(ranked, start=1)
        ]

    def board(self, chat: Chat) -> str:
        """Return what the message says once there are scores. How Telegram words it is published nowhere."""
        return "\n".join(
            f"{scored['position']}. {scored['user']['first_name']} – {scored['score']}"
            for scored in self.table(chat)[:TOP]
        )

    def around(self, chat: Chat, user_id: int) -> list[dict[str, Any]]:
        """Return the scores of somebody, of their neighbours in the table, and of the best."""
        table = self.table(chat)
        own = next((place for place, scored in enumerate(table) if scored["user"]["id"] == user_id), None)
        shown = set(range(TOP))
        if own is not None:
            shown |= set(range(own - NEIGHBOURS, own + NEIGHBOURS + 1))
        return [scored for place, scored in enumerate(table) if place in shown]

    def score(self, chat: Chat, account: Account, score: int, *, force: bool) -> None:
        """Give somebody a better score, or with `force` any; 0 takes them off the table. Raises Refusal."""
        if score < 0:
            raise bad_request("SCORE_INVALID")
        scores = self.scores.setdefault(chat, {})
        former = scores[account.user_id][1] if account.user_id in scores else 0
        if score == former or (score < former and not force):
            raise bad_request("BOT_SCORE_NOT_MODIFIED")
        if score:
            scores[account.user_id] = (account, score)
        else:
            del scores[account.user_id]


@dataclass(slots=True)
class Games:
    """The games of a world."""

    _files: FileStore
    #: by the bot's id and the short name
    _by_name: dict[tuple[int, str], Game] = field(default_factory=dict)

    def add(self, short_name: str, *, bot: BotAccount, title: str = "", description: str = "") -> Game:
        """Make a game, as BotFather's /newgame does."""
        picture = Upload("game.webp", blank_picture(*PICTURE_SIDES), "image/webp")
        photo = self._files.add("photo", picture).content
        game = Game(bot, short_name, title or short_name, description or title or short_name, photo)
        self._by_name[bot.user_id, short_name] = game
        return game

    def get(self, bot: BotAccount, short_name: str) -> Game:
        """Return a game of the bot. Raises NotModelled when it has none of that name."""
        game = self._by_name.get((bot.user_id, short_name))
        if game is None:
            raise NotModelled(f"a game {short_name!r} that BotFather never made: telegram.games.add(...) makes it")
        return game
