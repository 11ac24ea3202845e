import pytest

from botflight_harness import Person, Telegram
from botflight_harness.telegram.entities import find_entities, format_text


@pytest.mark.parametrize(
    ("text", "kind", "covered"),
    [
        ("/start now", "bot_command", "/start"),
        ("do /help@my_bot please", "bot_command", "/help@my_bot"),
        ("see https://example.com/a?b=c.", "url", "https://example.com/a?b=c"),
        ("ask @support", "mention", "@support"),
        ("a #tag", "hashtag", "#tag"),
        ("write to a.b@example.com", "email", "a.b@example.com"),
    ],
)
def test_telegram_finds_entities_by_itself(text: str, kind: str, covered: str) -> None:
    """Commands, links, mentions, tags and addresses need no markup."""
    (entity,) = find_entities(text)

    assert entity["type"] == kind
    assert text[entity["offset"] : entity["offset"] + entity["length"]] == covered


@pytest.mark.parametrize("text", ["1/2", "a/b", "50 / 2", "5#1", "#123"])
def test_what_only_looks_like_one_is_none(text: str) -> None:
    """A fraction is no command and a number is no tag."""
    assert find_entities(text) == []


def test_white_space_around_a_text_is_cut() -> None:
    """The entities follow the text."""
    formatted = format_text("  \n<b>x</b>  ", parse_mode="HTML")

    assert formatted.text == "x"
    assert formatted.entities == ({"type": "bold", "offset": 0, "length": 1},)


def test_nothing_is_found_inside_code() -> None:
    """A command within code is code."""
    formatted = format_text("<code>/start</code>", parse_mode="html")

    assert [entity["type"] for entity in formatted.entities] == ["code"]


def test_given_entities_are_taken() -> None:
    """A bot may give entities in the place of a parse mode."""
    entity = {"type": "bold", "offset": 0, "length": 2}

    assert format_text("hi", entities=[entity]).entities == (entity,)


def test_a_mention_by_id_names_the_user(telegram: Telegram, alice: Person) -> None:
    """As the whole User; one of nobody is no mention."""
    bot = telegram.sole_bot()
    alice.send_text("/start")
    text = f'<a href="tg://user?id={alice.user_id}">you</a> <a href="tg://user?id=5">nobody</a>'

    sent = telegram.call(bot.token, "sendMessage", {"chat_id": alice.user_id, "text": text, "parse_mode": "HTML"})

    assert [entity["user"] for entity in sent["entities"]] == [alice.as_json()]
