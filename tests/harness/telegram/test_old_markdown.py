import pytest

from botflight_harness import Refusal
from botflight_harness.telegram.entities import format_text


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("*bold* _italic_", "bold italic", [("bold", 0, 4), ("italic", 5, 6)]),
        ("`a_b`", "a_b", [("code", 0, 3)]),
        ("```py\nx = 1```", "x = 1", [("pre", 0, 5)]),
        ("```word```", "word", [("pre", 0, 4)]),
        ("[tea](https://a.bc/d)", "tea", [("text_link", 0, 3)]),
        (r"2 \* 3 \_ 4", "2 * 3 _ 4", []),
        ("😀 *x*", "😀 x", [("bold", 3, 1)]),
        ("a.b-c!", "a.b-c!", []),
        ("*a _b_*", "a _b_", [("bold", 0, 5)]),
    ],
)
def test_marks_become_entities(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    """Without nesting, and what MarkdownV2 would have escaped may stand as it is."""
    formatted = format_text(source, parse_mode="Markdown")

    found = [(entity["type"], entity["offset"], entity["length"]) for entity in formatted.entities]
    assert (formatted.text, found) == (text, entities)


@pytest.mark.parametrize(("source", "offset"), [("a *b", 2), ("й_", 2), ("```x", 0), ("[a", 0)])
def test_what_has_no_end_is_refused(source: str, offset: int) -> None:
    """With the place in bytes."""
    with pytest.raises(Refusal, match=f"end of the entity starting at byte offset {offset}"):
        format_text(source, parse_mode="markdown")
