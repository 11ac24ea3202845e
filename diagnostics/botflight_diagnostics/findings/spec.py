"""What the catalogue says of a finding."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: a warning degrades the result, a critical one fails it."""

    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSpec:
    """A kind of finding, under a code that never changes its meaning."""

    code: str
    severity: Severity
    meaning: str
    #: What users feel.
    impact: str
    #: What to do, with the command to run.
    how_to_fix: str
    #: The alert that fires on it; "" where none does.
    alert: str = ""
    #: Why no alert fires on it; "" where one does.
    no_alert: str = ""

    @property
    def runbook(self) -> str:
        """The page that tells more, from the root of the repository."""
        return f"docs/runbooks/{self.code}.md"
