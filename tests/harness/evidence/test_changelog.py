import pytest

from botflight_harness.evidence.changelog import Change, ChangelogInvalid, all_proofs, changes

ITEM = "- **Money**: Charges happen once. Risk: a tap charges twice. Proof: tests/test_a.py::test_b."


def changelog(*items: str, section: str = "## [Unreleased]", heading: str = "### Added") -> str:
    return "\n".join(["# Changelog", "", section, "", heading, "", *items, ""])


def test_an_item_names_area_change_risk_and_proof() -> None:
    """Each part without its mark."""
    name, found = changes(changelog(ITEM))

    expected = Change("Money", "a tap charges twice.", "Charges happen once.", ("tests/test_a.py::test_b",))
    assert (name, found) == ("Unreleased", [expected])


def test_an_item_goes_over_several_lines_and_has_several_proofs() -> None:
    """Backticks around a proof are left off; brackets name one of a test's parameters."""
    _, found = changes(
        changelog(
            "- Charges happen once.",
            "  Risk: a tap charges twice.",
            "  Proof: `tests/test_a.py::test_b`, tests/c/test_d.py::TestE::test_f[a-1, b].",
        )
    )

    assert found[0].area == "Added"
    assert found[0].proofs == ("tests/test_a.py::test_b", "tests/c/test_d.py::TestE::test_f[a-1, b]")


def test_without_anything_unreleased_the_newest_version_is_read() -> None:
    """A release is made by naming the section."""
    text = changelog(section="## [Unreleased]") + changelog(ITEM, section="## [0.2.0] - 2026-11-24")

    assert changes(text)[0] == "0.2.0"
    assert changes(text, release="Unreleased") == ("Unreleased", [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Changelog", "no section"),
        (changelog("- Change. Risk: a."), "line 7: the item has no `Proof:`"),
        (changelog("- Change. Proof: tests/test_a.py::test_b"), "line 7: the item has no `Risk:`"),
        (changelog("- Change. Proof: tests/test_a.py::test_b Risk: a."), "in this order"),
        (changelog("- Change. Risk: a. Proof: .github/workflows/pytest.yml"), "is no test id"),
        (changelog("- Change. Risk: a. Proof: tests/test_a.py"), "is no test id"),
        (changelog(ITEM, heading="### News"), "'News' is none of"),
        (changelog(ITEM, heading=""), "needs a heading"),
        (changelog(ITEM, section="## 24 November"), "is not `## [version]"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, words: str) -> None:
    """Nothing is skipped in silence."""
    with pytest.raises(ChangelogInvalid) as caught:
        changes(text)

    assert words in str(caught.value)


def test_a_release_that_is_not_there_is_refused() -> None:
    """With those that are."""
    with pytest.raises(ChangelogInvalid, match="no section 9; there are: Unreleased"):
        changes(changelog(ITEM), release="9")


def test_each_proof_is_asked_for_once() -> None:
    """Two changes may share one."""
    _, found = changes(changelog(ITEM, ITEM))

    assert all_proofs(found) == ["tests/test_a.py::test_b"]
