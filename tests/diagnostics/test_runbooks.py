import re
from pathlib import Path

import pytest

from botflight_diagnostics.findings import FINDINGS

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs/runbooks"


def test_each_finding_has_a_page_and_each_page_a_finding():
    """No finding leads to nowhere, no page tells of what is never found."""
    pages = {path.stem for path in RUNBOOKS.glob("*_*.md")}

    assert pages == {spec.code for spec in FINDINGS}


@pytest.mark.parametrize("spec", FINDINGS, ids=lambda spec: spec.code)
def test_a_page_answers_four_questions(spec):
    """A page tells what users feel, how to see it, how to fix it, and how to know that it is fixed."""
    text = (ROOT / spec.runbook).read_text()

    assert text.startswith(f"# {spec.code}: ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "What users feel",
        "How to see it",
        "How to fix it",
        "How to know that it is fixed",
    ]
    assert (spec.alert or spec.no_alert) in text


def test_pages_name_known_codes_only():
    """No page tells of a code that the catalogue lacks."""
    known = {spec.code for spec in FINDINGS}

    named = {code for page in RUNBOOKS.glob("*.md") for code in re.findall(r"(?:BPF|SVC)_[A-Z_]+", page.read_text())}

    assert named == known
