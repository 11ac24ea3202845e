"""The circle of a finding: its code, its page, its alert and its metric name each other, and none names another."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry

from botflight_diagnostics.findings.spec import FindingSpec

_ALERT = re.compile(r"^\s*(?:-\s+)?alert:\s*['\"]?(\w+)", re.MULTILINE)


def loose_ends(
    findings: Iterable[FindingSpec],
    *,
    runbooks: Path,
    alerts: Path | None = None,
    registry: CollectorRegistry | None = None,
) -> list[str]:
    """Follow each finding to its page, its alert and its metric, and each of these back: a sentence for each gap.

    `runbooks` is the folder of the pages, named by their codes. `alerts` is a folder of Prometheus rules (*.yaml or
    *.yml): left out, or without any, nothing is said of alerts. `registry` holds the metric, which is there before the
    first report. Codes begin with a word of their own, as `BPF_`: whatever begins like one must be one.
    """
    specs = {spec.code: spec for spec in findings}
    pages = {path.stem: path.read_text() for path in sorted(runbooks.glob("*.md"))}
    rules = {path.name: path.read_text() for path in sorted(alerts.glob("*.y*ml"))} if alerts is not None else {}
    return [
        *_pages(specs, pages),
        *(_alerts(specs, rules) if rules else ()),
        *_strangers(specs, pages | rules),
        *(_series(specs, registry) if registry is not None else ()),
    ]


def _pages(specs: Mapping[str, FindingSpec], pages: Mapping[str, str]) -> Iterator[str]:
    for code, spec in specs.items():
        if bool(spec.alert) == bool(spec.no_alert):
            yield f"{code} has neither an alert nor a reason for none, or both"
        if code not in pages:
            yield f"{code} has no page"
        elif not pages[code].startswith(f"# {code}"):
            yield f"the page of {code} does not begin with its code"
        elif (spec.alert or spec.no_alert) not in pages[code]:
            yield f"the page of {code} names neither its alert nor the reason for none"


def _alerts(specs: Mapping[str, FindingSpec], rules: Mapping[str, str]) -> Iterator[str]:
    defined = {name for text in rules.values() for name in _ALERT.findall(text)}
    for code, spec in specs.items():
        if spec.alert and spec.alert not in defined:
            yield f"{code} names the alert {spec.alert}, which no rule defines"


def _strangers(specs: Mapping[str, FindingSpec], texts: Mapping[str, str]) -> Iterator[str]:
    """Codes that are named, or have a page, and that there are not."""
    words = "|".join(sorted({re.escape(code.partition("_")[0]) for code in specs}))
    like_a_code = re.compile(rf"\b(?:{words})_[A-Z0-9_]*[A-Z0-9]\b")
    for name, text in texts.items():
        named = {*like_a_code.findall(text), *like_a_code.findall(name)}
        yield from (f"{name} names {code}, which is no finding" for code in sorted(named - specs.keys()))


def _series(specs: Mapping[str, FindingSpec], registry: CollectorRegistry) -> Iterator[str]:
    labels = {
        sample.labels["code"]
        for family in registry.collect()
        for sample in family.samples
        if sample.name.endswith("preflight_findings")
    }
    yield from (f"{code} has no series of its own in the metric" for code in specs if code not in labels)
    yield from (f"the metric has a series {label}, which is no finding" for label in sorted(labels - specs.keys()))
