"""The one catalogue of findings: those of the billing preflight, and those of the service's own."""

from typing import Final

from botflight_diagnostics.findings.billing import BILLING_FINDINGS
from botflight_diagnostics.findings.service import SERVICE_FINDINGS
from botflight_diagnostics.findings.spec import FindingSpec, Severity

__all__ = ["BILLING_FINDINGS", "FINDINGS", "SERVICE_FINDINGS", "FindingSpec", "Severity"]

FINDINGS: Final = (*BILLING_FINDINGS, *SERVICE_FINDINGS)
