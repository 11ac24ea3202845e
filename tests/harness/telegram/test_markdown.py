import pytest

from botflight_harness import Refusal
from botflight_harness.telegram.markdown import parse_markdown_v2


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("*w*", "bold"),
        ("_w_", "italic"),
        ("__w__", "underline"),
        ("~w~", "strikethrough"),
        ("||w||", "spoiler"),
        ("`w`", "code"),
        ("```w```", "pre"),
        ("```\nw```", "pre"),
        (">w", "blockquote"),
        (">w||", "expandable_blockquote"),
    ],
)
def test_each_mark_stands_for_its_entity(source: str, kind: str) -> None:
    """Marks of every kind become entities."""
    assert parse_markdown_v2(source) == ("w", [{"type": kind, "offset": 0, "length": 1}])


@pytest.mark.parametrize(
    ("source", "entity"),
    [
        ("[w](https://example.com/a\\)b)", {"type": "text_link", "url": "https://example.com/a)b"}),
        ("[w](tg://user?id=42)", {"type": "text_mention", "user": {"id": 42}}),
        ("![w](tg://emoji?id=5368324170671202286)", {"type": "custom_emoji", "custom_emoji_id": "5368324170671202286"}),
        ("```python\nw```", {"type": "pre", "language": "python"}),
    ],
)
def test_links_and_languages(source: str, entity: dict[str, object]) -> None:
    """Links, mentions, emoji and the language of code are kept."""
    assert parse_markdown_v2(source) == ("w", [{**entity, "offset": 0, "length": 1}])


def test_a_backslash_takes_the_meaning_away() -> None:
    """Every escaped sign is written as it is."""
    assert parse_markdown_v2(r"\*1\.5\! \\ \_") == (r"*1.5! \ _", [])


def test_marks_may_be_nested() -> None:
    """Bold around italic, counted in UTF-16."""
    text, entities = parse_markdown_v2("😀*one _two_*")

    assert text == "😀one two"
    assert [(entity["type"], entity["offset"], entity["length"]) for entity in entities] == [
        ("bold", 2, 7),
        ("italic", 6, 3),
    ]


def test_inside_code_only_the_backtick_means_something() -> None:
    """Signs that are reserved elsewhere need no backslash in code."""
    assert parse_markdown_v2("`a.b*c`")[0] == "a.b*c"


def test_a_quotation_goes_over_several_lines() -> None:
    """It ends with the first line that does not begin with the mark, and takes the line's end along."""
    text, entities = parse_markdown_v2(">one\n>two\nthree")

    assert text == "one\ntwo\nthree"
    assert entities == [{"type": "blockquote", "offset": 0, "length": 8}]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a | b", "Character '|' is reserved and must be escaped with the preceding '\\'"),
        ("wow!", "Character '!' is reserved and must be escaped with the preceding '\\'"),
        ("a > b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("ы *bold", "Can't find end of Bold entity at byte offset 3"),
        ("`code", "Can't find end of Code entity at byte offset 0"),
        ("[w](http://x", "Can't find end of a URL at byte offset 4"),
        ("![w]", "The entity must contain a tg://emoji or tg://time URL"),
        ("![w](x)", "Invalid tg://emoji or tg://time URL specified"),
    ],
)
def test_wrong_markup_is_refused_in_telegrams_words(source: str, complaint: str) -> None:
    """What the official server complains about is refused alike, with the offset in bytes."""
    with pytest.raises(Refusal) as caught:
        parse_markdown_v2(source)

    assert caught.value.description == f"Bad Request: can't parse entities: {complaint}"
