"""The invariants of what is stored, recomputed: all at once for a check, or in steps beside the running service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, groupby, islice
from typing import Any

from botflight_service.billing.ledger import AccountKind, TransferKind
from botflight_service.generation.attempts import UNSETTLED
from botflight_service.storage.json_store.indexes import Total
from botflight_service.storage.json_store.rows import AuditPass, StoredTransfer
from botflight_service.storage.json_store.state import State, Table

_MAX_SENTENCES = 100
_SAMPLE = 5

#: Every row of every table.
Rows = Mapping[str, tuple[Any, ...]]


def violations(state: State) -> list[str]:
    """Recompute every invariant over all that is stored; a sentence for each that does not hold, at most 100."""
    rows = {name: tuple(table.rows.values()) for name, table in state.tables.items()}
    found = chain(
        _sums(rows), _balances(rows), _repeats(rows), _holds(rows), _free_days(rows), _limits(rows), _counters(state)
    )
    return list(islice(found, _MAX_SENTENCES))


def step(state: State, partner: str, *, users: int, at_ms: int) -> bool:
    """Compare the balances of the next users with the sums of their entries; True once a full pass has ended."""
    found = state.audits.get(partner)
    position = found if found is not None else AuditPass(partner=partner)
    accounts = state.accounts_of_user.after(partner, (position.next_user_id,))
    user_ids = [user_id for user_id, _ in islice(groupby(accounts, key=lambda item: item[0]), users)]
    wrong = [user_id for user_id in user_ids if _is_mismatched(state, partner, user_id)]
    position = replace(
        position,
        next_user_id=user_ids[-1] + 1 if user_ids else position.next_user_id,
        mismatched=position.mismatched + len(wrong),
        sample=tuple(dict.fromkeys((*position.sample, *wrong)))[:_SAMPLE],
    )
    ended = len(user_ids) < users
    state.audits.put(_ended(position, at_ms) if ended else position)
    return ended


def _ended(position: AuditPass, at_ms: int) -> AuditPass:
    """The result of a pass, and the beginning of the next."""
    return AuditPass(
        partner=position.partner,
        last_ended_at_ms=at_ms,
        last_mismatched=position.mismatched,
        last_sample=position.sample,
    )


def _is_mismatched(state: State, partner: str, user_id: int) -> bool:
    """Whether an account of a user differs from the sum of its entries."""
    keys = state.transfers_of_user.of((partner, user_id))
    entries = _entries(state.transfers.rows[transfer_id,] for _, transfer_id in keys)
    for kind in AccountKind:
        account = state.accounts.get(partner, user_id, kind.value)
        if account is not None:
            entries[partner, user_id, kind] -= account.balance_hundredths
    return any(amount for (_, owner, _), amount in entries.items() if owner == user_id)


def _entries(transfers: Iterable[StoredTransfer]) -> Counter[tuple[str, int, str]]:
    """What transfers add up to, by account."""
    sums: Counter[tuple[str, int, str]] = Counter()
    for row in transfers:
        one = row.transfer
        sums[row.partner, one.debit.user_id, one.debit.kind] -= one.amount_hundredths
        sums[row.partner, one.credit.user_id, one.credit.kind] += one.amount_hundredths
    return sums


def _sums(rows: Rows) -> Iterator[str]:
    sums: Counter[str] = Counter()
    for account in rows["accounts"]:
        sums[account.partner] += account.balance_hundredths
    for partner, amount in sums.items():
        if amount:
            yield f"the balances of {partner} sum to {amount} hundredths, not to zero"


def _balances(rows: Rows) -> Iterator[str]:
    entries = _entries(rows["transfers"])
    for account in rows["accounts"]:
        entries[account.partner, account.user_id, account.kind] -= account.balance_hundredths
        if account.user_id and account.balance_hundredths < 0:
            yield f"the {account.kind} of user {account.user_id} of {account.partner} is below zero"
    for (partner, user_id, kind), amount in entries.items():
        if amount:
            yield f"the {kind} of user {user_id} of {partner} is {-amount} hundredths off the sum of its entries"


def _repeats(rows: Rows) -> Iterator[str]:
    kinds = Counter(
        (row.partner, row.transfer.task_id, row.transfer.kind)
        for row in rows["transfers"]
        if row.transfer.task_id is not None
    )
    resolved = Counter(row.transfer.resolves for row in rows["transfers"] if row.transfer.resolves is not None)
    for (partner, task_id, kind), times in kinds.items():
        if times > 1:
            yield f"task {task_id} of {partner} has its {kind} {times} times"
    for transfer_id, times in resolved.items():
        if times > 1:
            yield f"hold {transfer_id} is resolved {times} times"


def _holds(rows: Rows) -> Iterator[str]:
    states = {(row.attempt.partner, row.attempt.task_id): row.attempt.state for row in rows["attempts"]}
    resolved = {row.transfer.resolves for row in rows["transfers"]}
    for row in rows["transfers"]:
        one = row.transfer
        is_open = one.kind is TransferKind.HOLD and one.transfer_id not in resolved
        if is_open and states.get((row.partner, one.task_id)) not in UNSETTLED:
            yield f"the hold of task {one.task_id} of {row.partner} outlives its attempt"


def _free_days(rows: Rows) -> Iterator[str]:
    used = Counter({(row.partner, row.user_id, row.day): row.used for row in rows["free_days"]})
    taken = _taken(rows)
    for partner, user_id, day in used.keys() | taken.keys():
        counts = used[partner, user_id, day], taken[partner, user_id, day]
        if counts[0] != counts[1]:
            yield (
                f"user {user_id} used on {day} at {partner} {counts[0]} free generations, "
                f"yet {counts[1]} are written down"
            )


def _limits(rows: Rows) -> Iterator[str]:
    limits: Counter[tuple[str, int, str]] = Counter()
    for row in rows["free_deductions"]:
        key = row.partner, row.deduction.user_id, row.deduction.day
        limits[key] = max(limits[key], row.deduction.daily_limit)
    for key, count in _taken(rows).items():
        if count > limits[key]:
            yield f"user {key[1]} has on {key[2]} at {key[0]} {count} free generations of {limits[key]}"


def _taken(rows: Rows) -> Counter[tuple[str, int, str]]:
    """Free generations taken and not given back, by user and day."""
    return Counter(
        (row.partner, row.deduction.user_id, row.deduction.day)
        for row in rows["free_deductions"]
        if row.restored_at_ms is None
    )


def _counters(state: State) -> Iterator[str]:
    counters: Mapping[str, tuple[Total[Any], Table[Any]]] = {
        "users": (state.user_count, state.users),
        "attempts": (state.attempt_count, state.attempts),
        "user_accounts": (state.account_count, state.accounts),
        "sum_hundredths": (state.balance_sum, state.accounts),
    }
    for name, (kept, table) in counters.items():
        counted: Total[Any] = Total(kept.entry)
        for row in table.rows.values():
            counted(None, row)
        for partner in kept.of.keys() | counted.of.keys():
            says, is_so = kept.of.get(partner, 0), counted.of.get(partner, 0)
            if says != is_so:
                yield f"the counter {name} of {partner} says {says}, counting says {is_so}"
