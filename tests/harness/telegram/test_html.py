import pytest

from botflight_harness import Refusal
from botflight_harness.telegram.html import parse_html


def test_a_text_without_markup_is_left_alone() -> None:
    """What has no tags and no references has no entities."""
    assert parse_html("2 + 2 = 4") == ("2 + 2 = 4", [])


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("b", "bold"),
        ("strong", "bold"),
        ("i", "italic"),
        ("em", "italic"),
        ("u", "underline"),
        ("ins", "underline"),
        ("s", "strikethrough"),
        ("strike", "strikethrough"),
        ("del", "strikethrough"),
        ("code", "code"),
        ("pre", "pre"),
        ("tg-spoiler", "spoiler"),
        ("blockquote", "blockquote"),
        ("B", "bold"),
    ],
)
def test_each_tag_stands_for_its_entity(tag: str, kind: str) -> None:
    """Tags of every kind become entities, in any case of letters."""
    text, entities = parse_html(f"a <{tag}>word</{tag}>")

    assert text == "a word"
    assert entities == [{"type": kind, "offset": 2, "length": 4}]


@pytest.mark.parametrize(
    ("source", "entity"),
    [
        ('<a href="https://example.com/x?a=1&amp;b=2">w</a>', {"type": "text_link", "url": "https://example.com/x?a=1&b=2"}),
        ("<a href='example.com'>w</a>", {"type": "text_link", "url": "http://example.com/"}),
        ('<a href="tg://user?id=42">w</a>', {"type": "text_mention", "user": {"id": 42}}),
        ('<pre><code class="language-python">w</code></pre>', {"type": "pre", "language": "python"}),
        ('<code class="language-python">w</code>', {"type": "code"}),
        ('<span class="tg-spoiler">w</span>', {"type": "spoiler"}),
        ("<blockquote expandable>w</blockquote>", {"type": "expandable_blockquote"}),
        ('<tg-emoji emoji-id="53683241">w</tg-emoji>', {"type": "custom_emoji", "custom_emoji_id": "53683241"}),
        ('<tg-time unix="1647531900">w</tg-time>', {"type": "date_time", "unix_time": 1647531900}),
    ],
)  # fmt: skip
def test_attributes_say_the_rest(source: str, entity: dict[str, object]) -> None:
    """Links, languages, spoilers, quotations, emoji and times take what their attributes say."""
    text, entities = parse_html(source)

    assert text == "w"
    assert entities == [{**entity, "offset": 0, "length": 1}]


def test_offsets_are_counted_in_utf_16() -> None:
    """A sign outside the basic plane counts as two."""
    _, entities = parse_html("😀й <b>😀</b>")

    assert entities == [{"type": "bold", "offset": 4, "length": 2}]


def test_tags_may_be_nested() -> None:
    """The outer entity comes first."""
    text, entities = parse_html("<b>one <i>two</i></b>")

    assert text == "one two"
    assert [(entity["type"], entity["offset"], entity["length"]) for entity in entities] == [
        ("bold", 0, 7),
        ("italic", 4, 3),
    ]


def test_references_become_signs() -> None:
    """The four names and numbers are known; the rest stays as it is written."""
    assert parse_html("&lt;&gt;&amp;&quot;&#33;&#x21;&nbsp;&copy")[0] == '<>&"!!&nbsp;&copy'


def test_an_empty_tag_leaves_no_entity() -> None:
    """An entity covers at least one sign."""
    assert parse_html("a<b></b>b") == ("ab", [])


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("<b>bold", 'Can\'t find end tag corresponding to start tag "b"'),
        ("1 < 2 and 3", 'Unsupported start tag "" at byte offset 2'),
        ("1 <2", "Unclosed start tag at byte offset 2"),
        ("<div>x</div>", 'Unsupported start tag "div" at byte offset 0'),
        ("ы<br>", 'Unsupported start tag "br" at byte offset 2'),
        ("</b>", "Unexpected end tag at byte offset 0"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a =x>y</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<a href", 'Unclosed start tag "a" at byte offset 0'),
        ("<a href=x_y>z</a>", "Unexpected end of name token at byte offset 8"),
        ('<tg-emoji emoji-id="x">y</tg-emoji>', "Invalid custom emoji identifier specified"),
    ],
)
def test_wrong_markup_is_refused_in_telegrams_words(source: str, complaint: str) -> None:
    """What the official server complains about is refused alike, with the offset in bytes."""
    with pytest.raises(Refusal) as caught:
        parse_html(source)

    assert caught.value.description == f"Bad Request: can't parse entities: {complaint}"
