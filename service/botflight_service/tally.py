"""How transfers are counted in the open: what happened to the money, in the metric's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from botflight_diagnostics.telemetry import Metrics
from botflight_service.billing.ledger import Transfer, TransferKind

_WORDS: Final[Mapping[TransferKind, str]] = {
    TransferKind.HOLD: "held",
    TransferKind.CHARGE: "charged",
    TransferKind.RELEASE: "released",
    TransferKind.CREDIT: "topped_up",
    TransferKind.REFUND: "refunded",
    TransferKind.TAKE_BACK: "taken_back",
    TransferKind.HAND_BACK: "handed_back",
}


def count(metrics: Metrics, transfers: Iterable[Transfer]) -> None:
    """Add committed transfers to the metric of the money that moved, in hundredths."""
    for transfer in transfers:
        metrics.money.add(_WORDS[transfer.kind], by=transfer.amount_hundredths)
