from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

import botflight_service.bot
from botflight_service.billing.money import Credits, credits
from botflight_service.bot import texts
from botflight_service.bot.texts import ENGLISH, RUSSIAN, Html, Language, Plural
from botflight_service.bot.texts.catalog import Entry
from botflight_service.generation import catalog
from botflight_service.generation.attempts import AttemptState
from botflight_service.generation.catalog import ChoiceInput

LANGUAGES = texts.load().languages
KEYS = sorted(ENGLISH.entries.keys() | RUSSIAN.entries.keys())
#: Texts of buttons, toasts and names: Telegram shows them as they are.
PLAIN = ("button.", "toast.", "command.", "moment", "language.name", "state.", "input.", "value.")
#: What Telegram's HTML knows (Bot API 10.3), as far as the bot uses it.
TAGS = {"b", "i", "code"}


def forms(entry: Entry) -> list[str]:
    """All forms of a text."""
    if isinstance(entry, str):
        return [entry]
    return [form for form in (entry.one, entry.few, entry.many, entry.other) if form is not None]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


class Balanced(HTMLParser):
    """Reads HTML and notes what is wrong with its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag not in TAGS or attrs:
            self.wrong.append(f"<{tag}> with {attrs}")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def test_both_languages_say_the_same_things() -> None:
    """No text is there in one language alone."""
    assert ENGLISH.entries.keys() == RUSSIAN.entries.keys()


@pytest.mark.parametrize("key", KEYS)
def test_both_languages_take_the_same_values(key: str) -> None:
    """A text asks for the same values in every language; a plural may leave its count unsaid."""
    needed = [set().union(*map(placeholders, forms(language.entries[key]))) - {"count"} for language in LANGUAGES]

    assert needed[0] == needed[1]


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
@pytest.mark.parametrize("key", KEYS)
def test_every_text_is_well_formed(language: Language, key: str) -> None:
    """Tags are known to Telegram and closed in order, nothing is empty, and no stray space is left."""
    for form in forms(language.entries[key]):
        reader = Balanced()
        reader.feed(form)

        assert (reader.wrong, reader.open) == ([], [])
        assert form.strip(" ") == form
        assert form.strip()
        assert "  " not in form


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_what_buttons_say_knows_no_html(language: Language) -> None:
    """Telegram would show tags and entities on a button as they stand."""
    marked = [
        key
        for key, entry in language.entries.items()
        if key.startswith(PLAIN) or key.endswith(".name")
        for form in forms(entry)
        if "<" in form or "&" in form
    ]

    assert marked == []


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_everything_that_is_sold_has_its_words(language: Language) -> None:
    """Each model has a name, a description, a question for each input, and a label for each choice."""
    needed = set()
    for model in catalog.load().models:
        needed |= {f"model.{model.key}.name", f"model.{model.key}.about"}
        for asked in model.inputs:
            needed |= {f"model.{model.key}.{asked.name}", f"input.{asked.name}", f"hint.{asked.type}"}
            if isinstance(asked, ChoiceInput):
                needed |= {f"input.{asked.name}.{choice}" for choice in asked.choices}

    assert needed <= language.entries.keys()


def test_no_words_are_left_for_what_is_not_sold() -> None:
    """Texts of models that are gone go as well."""
    known = {model.key for model in catalog.load().models} | {"card"}

    assert {key.split(".")[1] for key in KEYS if key.startswith("model.")} == known


def test_every_state_of_an_attempt_has_its_words() -> None:
    """History can name whatever became of an attempt."""
    assert {f"state.{state}" for state in AttemptState} == {key for key in KEYS if key.startswith("state.")}


def named() -> Iterator[str]:
    """Every text of the bot's code; of those with something in the middle, the beginning and an asterisk."""
    for path in sorted(Path(botflight_service.bot.__path__[0]).rglob("*.py")):
        if path.parent.name == "texts" and path.stem != "catalog":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                yield f"{node.values[0].value}*"
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_everything_written_down_is_said() -> None:
    """No text is left that nothing shows."""
    names = set(named())
    composed = {f"{stem}.{funding}" for stem in ("progress.checking", "money") for funding in ("price", "free")}
    known = names | composed | {f"button.{name}" for name in names}
    beginnings = tuple({name.removesuffix("*") for name in names if name.endswith(".*")} - {"button."})

    unsaid = [key for key in KEYS if key not in known and not key.startswith(beginnings)]

    assert unsaid == []


#: Texts that come instead of what somebody wanted, and so say what became of their money.
_TROUBLE = """
apology check_out.changed check_out.closed check_out.not_yours check_out.unknown closed failed given_up
notice.attempt_missing notice.cancelled notice.expired_button notice.file_missing notice.model_gone
notice.offer_changed notice.pack_gone notice.too_many notice.unknown_callback payment.unclear progress.checking
refund.failed refund.refused toast.closed toast.expired toast.settled toast.too_fast toast.under_way too_fast
top_up.short
"""
TROUBLE = _TROUBLE.split()
#: Others of the same kinds: words about what was just written, where no money is at stake, or good news.
_NO_TROUBLE = """
failure.chat_gone failure.content_refused failure.file_refused failure.input_gone failure.not_a_photo
failure.not_delivered failure.other failure.photo_too_large failure.refused failure.took_too_long failure.unavailable
no_refund.done no_refund.spent no_refund.too_old no_refund.under_way notice.photo_in_menu notice.text_in_menu
notice.unknown_command progress.checking.free progress.checking.price progress.done progress.generating
progress.queued progress.slow refund.ask refund.begun refund.done toast.language toast.sent_again payment.credited
payment.found payment.state.paid payment.state.refunded payment.state.refunding
"""
NO_TROUBLE = _NO_TROUBLE.split()
KINDS_OF_TROUBLE = ("apology", "check_out", "closed", "fail", "given_up", "no_refund", "notice", "payment", "progress")
KINDS_OF_TROUBLE += ("refund", "toast", "too_fast", "top_up.short")
#: How each language says what became of the money; `{money}` and amounts are filled in.
MONEY = {
    "en": (
        r"(nothing was|has|tap|and) (charged|taken|credited)( nothing|( once)?)|"
        r"nothing has changed|balance stays as it is|back on your balance: \{|\{money\}"
    ),
    "ru": (r"не (списано|начислено|изменилось|списало|изменится)|не больше одного раза|на балансе: \{|\{money\}"),
}


def test_each_text_of_trouble_is_known() -> None:
    """A new text of these kinds is put on one of the lists: it says what became of the money, or why it need not."""
    kinds = {key for key in KEYS if key.startswith(KINDS_OF_TROUBLE)}

    assert kinds == {*TROUBLE, *NO_TROUBLE}
    assert not {*TROUBLE} & {*NO_TROUBLE}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
@pytest.mark.parametrize("key", TROUBLE)
def test_whoever_does_not_get_what_they_wanted_is_told_of_their_money(language: Language, key: str) -> None:
    """Every text that comes in the place of what was wanted says what happened to the money, in both languages."""
    for form in forms(language.entries[key]):
        assert re.search(MONEY[language.code], form, re.IGNORECASE), form


def test_what_is_told_of_money_has_an_amount_or_says_that_there_was_none() -> None:
    """The two ends of a failed generation: the price is back, or the free generation is."""
    for language in LANGUAGES:
        assert "{price}" in str(language.entries["money.price"])
        assert re.search(MONEY[language.code], str(language.entries["money.free"]), re.IGNORECASE)


def said() -> Iterator[tuple[str, set[str], str]]:
    """Every `language.html("key", value=...)` of the bot: its key, the names of its values, and its place."""
    for path in sorted(Path(botflight_service.bot.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"html", "plain"}
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                values = {keyword.arg for keyword in node.keywords if keyword.arg}
                yield str(node.args[0].value), values, f"{path.name}:{node.lineno}"


SAID = list(said())


@pytest.mark.parametrize(("key", "values", "place"), SAID, ids=[f"{key}@{place}" for key, _, place in SAID])
def test_the_bot_says_only_what_is_written_down(key: str, values: set[str], place: str) -> None:
    """Each text that the code names exists, and is given exactly the values that it asks for."""
    asked = set().union(*map(placeholders, forms(ENGLISH.entries[key]))) if key in ENGLISH.entries else None

    assert asked is not None, f"{place} says {key}, which is not written down"
    assert asked | {"count"} >= values
    assert values >= asked


@pytest.mark.parametrize(
    ("amount", "english", "russian"),
    [
        ("0", "0 credits", "0 кредитов"),
        ("1", "1 credit", "1 кредит"),
        ("2", "2 credits", "2 кредита"),
        ("5", "5 credits", "5 кредитов"),
        ("11", "11 credits", "11 кредитов"),
        ("12", "12 credits", "12 кредитов"),
        ("14", "14 credits", "14 кредитов"),
        ("21", "21 credits", "21 кредит"),
        ("22", "22 credits", "22 кредита"),
        ("111", "111 credits", "111 кредитов"),
        ("1.5", "1.5 credits", "1,5 кредита"),
        ("0.05", "0.05 credits", "0,05 кредита"),
        ("2.10", "2.1 credits", "2,1 кредита"),
        ("9999", "9999 credits", "9999 кредитов"),
        ("1234567.5", "1,234,567.5 credits", "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567,5 кредита"),
        ("-5", "-5 credits", "-5 кредитов"),
    ],
)
def test_amounts_are_written_as_people_write_them(amount: str, english: str, russian: str) -> None:
    """Units agree with their numbers, and each language has its own decimal mark."""
    value = credits(amount)

    assert (ENGLISH.amount(value), RUSSIAN.amount(value)) == (english, russian)


@pytest.mark.parametrize(
    ("count", "russian"),
    [(1, "1 бесплатная генерация"), (3, "3 бесплатные генерации"), (5, "5 бесплатных генераций")],
)
def test_counted_things_agree_with_their_number(count: int, russian: str) -> None:
    """Russian counts in three forms."""
    assert f"— {russian}." in RUSSIAN.html("help.free", count=count)


def test_what_users_wrote_is_escaped() -> None:
    """A prompt full of HTML is shown as it was written, and opens no tag."""
    line = ENGLISH.html("confirm.answer", label="Description", value="<b>&</b>")

    assert line == "Description: &lt;b&gt;&amp;&lt;/b&gt;"


def test_html_is_not_escaped_twice() -> None:
    """A text that is HTML already goes into another as it is."""
    inner = ENGLISH.html("confirm.answer", label="Description", value="a < b")

    outer = ENGLISH.html("attempt.caption", name="x", moment=inner)

    assert outer.endswith("Description: a &lt; b")


def test_buttons_escape_nothing() -> None:
    """A button shows its label as it stands."""
    assert ENGLISH.plain("button.chosen", name="R&B") == "✓ R&B"


def test_braces_of_users_are_not_read_as_placeholders() -> None:
    """A prompt such as {price} stays what it is."""
    line = ENGLISH.html("confirm.answer", label="Description", value="{price} {0} {{}}")

    assert line.endswith("{price} {0} {{}}")


def test_a_moment_is_told_by_the_clock_of_its_zone() -> None:
    """Moscow is three hours ahead of UTC."""
    at_ms = 1_795_514_400_000

    assert RUSSIAN.moment(at_ms, ZoneInfo("Europe/Moscow")) == "24.11.2026 13:00"
    assert ENGLISH.moment(at_ms, ZoneInfo("UTC")) == "2026-11-24 10:00"


def test_an_unknown_language_falls_back() -> None:
    """Whoever speaks neither is spoken to in English."""
    assert texts.load().speak("xx") is ENGLISH


def test_a_plural_without_a_form_of_its_own_uses_the_other() -> None:
    """English has no few and no many."""
    plural = Plural(one="a", other="b")

    assert [plural.form(category) for category in ("one", "few", "many", "other", "")] == ["a", "b", "b", "b", "b"]


def test_a_text_that_is_not_there_is_a_defect() -> None:
    """A wrong key fails loudly instead of reaching a user."""
    with pytest.raises(KeyError):
        ENGLISH.html("no.such.text")


def test_a_value_that_is_missing_is_a_defect() -> None:
    """A text never goes out with a hole in it."""
    with pytest.raises(KeyError):
        ENGLISH.html("confirm.answer", label="Description")


def test_zero_credits_are_an_amount() -> None:
    """An empty wallet is shown as such."""
    assert "Available: 0 credits" in ENGLISH.html("balance", available=Credits(0), held=Html(""), free=Html(""))
