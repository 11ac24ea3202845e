"""A preflight's payload as a table for people."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

_RESULTS: Final = {"OK": "READY", "SKIPPED": "DEGRADED", "DEGRADED": "DEGRADED", "FAIL": "FAIL"}
_ORDER: Final = ("READY", "DEGRADED", "FAIL")
_COLOURS: Final = {"OK": "32", "READY": "32", "DEGRADED": "33", "SKIPPED": "2", "FAIL": "31"}


def only(payload: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Keep these sections of a payload, and judge them alone; all of them where none is named."""
    if not names:
        return dict(payload)
    sections = {name: section for name, section in payload["sections"].items() if name in names}
    codes = {finding["code"] for section in sections.values() for finding in section.get("findings", ())}
    told = [line for line in payload.get("how_to_fix", ()) if line.partition(":")[0] in codes]
    return {**payload, "sections": sections, "result": _worst(sections), "how_to_fix": told}


def without(payload: Mapping[str, Any], codes: Collection[str]) -> dict[str, Any]:
    """Judge a payload anew as if the findings under `codes` did not count; they are shown as muted."""
    sections = {name: _muted(section, codes) for name, section in payload["sections"].items()}
    told = [line for line in payload.get("how_to_fix", ()) if line.partition(":")[0] not in codes]
    return {
        **payload,
        "sections": sections,
        "result": _worst(sections) if sections else payload["result"],
        "how_to_fix": told,
    }


def _worst(sections: Mapping[str, Mapping[str, Any]]) -> str:
    return max((_RESULTS[section["status"]] for section in sections.values()), key=_ORDER.index, default="READY")


def _muted(section: Mapping[str, Any], codes: Collection[str]) -> dict[str, Any]:
    findings = [
        {**finding, "muted": finding["muted"] or finding["code"] in codes} for finding in section.get("findings", ())
    ]
    if not findings:
        return dict(section)
    severities = {finding["severity"] for finding in findings if not finding["muted"]}
    status = "FAIL" if "critical" in severities else "DEGRADED" if severities else "OK"
    return {**section, "status": status, "findings": findings}


def table(payload: Mapping[str, Any], *, title: str, coloured: bool = False) -> str:
    """Write the result, a line a section, and what to do about each finding."""
    head = f"{title}: {_painted(payload['result'], coloured=coloured)}"
    lines = [
        head,
        "",
        *(_section_line(name, section, coloured=coloured) for name, section in payload["sections"].items()),
    ]
    for section in payload["sections"].values():
        for finding in section.get("findings", ()):
            lines += ["", *_finding_lines(finding)]
    return "\n".join(lines) + "\n"


def _section_line(name: str, section: Mapping[str, Any], *, coloured: bool) -> str:
    latency_ms = section.get("meta", {}).get("latency_ms")
    took = "" if latency_ms is None else f"{latency_ms:.1f} ms"
    # Padded before it is painted: colours have no width.
    status = _painted(f"{section['status']:<9}", coloured=coloured)
    return f"  {name:<12} {status} {took:>11}  {section.get('details', '')}".rstrip()


def _finding_lines(finding: Mapping[str, Any]) -> Iterator[str]:
    severity = "muted" if finding["muted"] else finding["severity"]
    yield f"  {finding['code']} ({severity}): {finding['observed']}, expected {finding['expected']}"
    if finding["sample"]:
        yield f"    affects  {finding['affected_count']}, among them {', '.join(finding['sample'])}"
    yield f"    impact   {finding['impact']}"
    yield f"    to fix   {finding['how_to_fix']}"
    yield f"    more     {finding['runbook']}"


def _painted(word: str, *, coloured: bool) -> str:
    return f"\x1b[{_COLOURS[word.strip()]}m{word}\x1b[0m" if coloured else word
