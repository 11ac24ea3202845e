"""The billing preflight: seven sections over what a store answers."""

from botflight_diagnostics.billing_probe import (
    AttemptFacts,
    BalanceFacts,
    BillingProbe,
    DatabaseFacts,
    FreeLimitFacts,
    TenantFacts,
    UserFacts,
)

__all__ = [
    "AttemptFacts",
    "BalanceFacts",
    "BillingProbe",
    "DatabaseFacts",
    "FreeLimitFacts",
    "TenantFacts",
    "UserFacts",
]
