"""Every finding of the billing preflight: what it means, whom it hurts and how to fix it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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


_CRITICAL_ALERT: Final = "BotflightPreflightCritical"
_WARNING_ALERT: Final = "BotflightPreflightWarning"
_LEDGER_ALERT: Final = "BotflightLedgerBroken"

BILLING_FINDINGS: Final = (
    FindingSpec(
        code="BPF_DB_UNREACHABLE",
        severity=Severity.CRITICAL,
        meaning="The store refused or broke the connection.",
        impact="No update can be kept: Telegram is asked to deliver again, users wait.",
        how_to_fix="Start the database or mend DATABASE_URL, then run `botflight preflight`.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="BPF_DB_TIMEOUT",
        severity=Severity.CRITICAL,
        meaning="The store took the connection and did not answer in time.",
        impact="Updates wait for the store; taps seem dead.",
        how_to_fix="Look for a frozen server, a full disk or a long lock (`select * from pg_stat_activity`), then run "
        "`botflight preflight`.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="BPF_DB_SCHEMA_MISMATCH",
        severity=Severity.CRITICAL,
        meaning="The schema in the store is not the one that this version was written for.",
        impact="Statements may fail or write what another version misreads.",
        how_to_fix="Older schema: run `botflight storage migrate`. Newer schema: start the version that made it.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="BPF_DB_SLOW",
        severity=Severity.WARNING,
        meaning="The store answers its simplest question slowly.",
        impact="Every tap takes longer by this and more.",
        how_to_fix="Look at the load of the database's machine and the network to it, then run `botflight preflight`.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="BPF_DB_POOL_EXHAUSTED",
        severity=Severity.WARNING,
        meaning="All connections of the pool are in use.",
        impact="Updates wait for a connection.",
        how_to_fix="Find what holds them (`select * from pg_stat_activity`), or give the pool more.",
        no_alert="shows in the store's latency, which has an alert of its own",
    ),
    FindingSpec(
        code="BPF_DB_REPLICATION_LAG",
        severity=Severity.WARNING,
        meaning="A replica is behind.",
        impact="None now; after a failover the last charges would be missing.",
        how_to_fix="Look at `select * from pg_stat_replication` and at the replica's disk and network.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="BPF_TENANT_UNSET",
        severity=Severity.CRITICAL,
        meaning="The store was opened for no partner.",
        impact="Data of users would be kept under no name, out of reach later.",
        how_to_fix="Set BOT_INSTANCE_ID and start again.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="BPF_BALANCE_NEGATIVE",
        severity=Severity.CRITICAL,
        meaning="Users are below zero, which no verb of the ledger allows.",
        impact="These users cannot generate; money was given away or the store was edited by hand.",
        how_to_fix="Run `botflight storage check`, follow the entries of the users it lists, correct by `/credit`.",
        alert=_LEDGER_ALERT,
    ),
    FindingSpec(
        code="BPF_LEDGER_SUM",
        severity=Severity.CRITICAL,
        meaning="The sum of all accounts is not zero.",
        impact="Money appeared or vanished: some balance is wrong.",
        how_to_fix="Stop top-ups, run `botflight storage check`, compare with the last export.",
        alert=_LEDGER_ALERT,
    ),
    FindingSpec(
        code="BPF_LEDGER_MISMATCH",
        severity=Severity.CRITICAL,
        meaning="Balances differ from the sum of their entries.",
        impact="These users see and spend a wrong balance.",
        how_to_fix="Run `botflight storage check`; the entries are right, the balance is to be made anew from them.",
        alert=_LEDGER_ALERT,
    ),
    FindingSpec(
        code="BPF_LEDGER_AUDIT_OLD",
        severity=Severity.WARNING,
        meaning="The last full recount of the ledger is over a day old.",
        impact="None yet; an error in the ledger would be seen late.",
        how_to_fix="See in the logs why the audit does not end, or run `botflight storage check`.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="BPF_FREE_LIMIT_EXCEEDED",
        severity=Severity.WARNING,
        meaning="Users had more free generations today than the limit.",
        impact="None for users; generations were given away.",
        how_to_fix="If DAILY_FREE_LIMIT was lowered today this passes by tomorrow. If not, look at their history.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="BPF_ATTEMPT_DUPLICATE",
        severity=Severity.CRITICAL,
        meaning="Attempts share one request id.",
        impact="A user may have been charged twice for one tap.",
        how_to_fix="Run `botflight storage check`, give back what was charged twice by `/credit`.",
        alert=_LEDGER_ALERT,
    ),
    FindingSpec(
        code="BPF_ATTEMPT_STALE",
        severity=Severity.WARNING,
        meaning="Attempts have been under way for too long and nothing touches them.",
        impact="Users wait for a result, their money is held.",
        how_to_fix="See whether the runner works (`ATTEMPT_MOVED` in the logs); a restart takes the attempts up again.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="BPF_ATTEMPT_UNKNOWN",
        severity=Severity.WARNING,
        meaning="The provider's answer to a submission never came.",
        impact="Users wait up to 15 minutes, then get their money back.",
        how_to_fix="Look at the provider's state and at `PROVIDER_CALLED` in the logs; each ends by itself.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="BPF_HOLD_ORPHANED",
        severity=Severity.CRITICAL,
        meaning="Money is held for attempts that are at an end or do not exist.",
        impact="Users miss money that nobody will charge or release.",
        how_to_fix="Run `botflight storage check`, release what it lists.",
        alert=_LEDGER_ALERT,
    ),
    FindingSpec(
        code="BPF_STORAGE_WRITE_FAILED",
        severity=Severity.CRITICAL,
        meaning="A row could not be written.",
        impact="No update can be kept, nothing can be bought.",
        how_to_fix="Look for a full disk, a read-only server or missing rights, then run `botflight preflight`.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="BPF_STORAGE_READ_BACK_FAILED",
        severity=Severity.CRITICAL,
        meaning="A row that was committed cannot be read.",
        impact="What users do may be forgotten.",
        how_to_fix="See whether reads go to a replica that is behind, or the file was replaced under the service.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="BPF_STORAGE_DELETE_FAILED",
        severity=Severity.WARNING,
        meaning="The scratch row of the check could not be deleted.",
        impact="None; rows of the check pile up.",
        how_to_fix="Look for missing rights of the database's user.",
        alert=_WARNING_ALERT,
    ),
    FindingSpec(
        code="BPF_QUERY_FAILED",
        severity=Severity.CRITICAL,
        meaning="A question to the store ended in an error.",
        impact="Unknown: what the section looks at may be in any state.",
        how_to_fix="Look at `PREFLIGHT_SECTION_FAILED` in the logs for the error, then run `botflight preflight`.",
        alert=_CRITICAL_ALERT,
    ),
    FindingSpec(
        code="BPF_QUERY_TIMEOUT",
        severity=Severity.WARNING,
        meaning="A question to the store was not answered in time.",
        impact="Unknown; where one question is slow others may be.",
        how_to_fix="Look for locks and load (`select * from pg_stat_activity`), then run `botflight preflight`.",
        alert=_WARNING_ALERT,
    ),
)
