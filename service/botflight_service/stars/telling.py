"""What is told of payments in the open: a line and a metric each."""

from __future__ import annotations

from botflight_diagnostics.telemetry import Telemetry
from botflight_service.billing.payments import Payment


class PaymentTeller:
    """Tells of payments. Charge ids are no secret: whoever knows one can do nothing with it."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._metrics = telemetry.metrics
        self._log = telemetry.logs.logger("stars")

    def credited(self, payment: Payment) -> None:
        """A payment came, and was credited; `unclear` where its invoice was none of ours."""
        self._metrics.payments.add("credited" if payment.credited else "unclear")
        self._log.info("PAYMENT_CREDITED", charge_id=payment.charge_id, stars=payment.stars)

    def found(self, payment: Payment) -> None:
        """Telegram had a payment that the ledger had not."""
        self._metrics.payments.add("found")
        self._log.error("PAYMENT_FOUND", charge_id=payment.charge_id, stars=payment.stars)

    def refunded(self, payment: Payment, *, elsewhere: bool) -> None:
        """The Stars went back; `elsewhere` where nobody asked us for it."""
        self._metrics.payments.add("refunded_elsewhere" if elsewhere else "refunded")
        tell = self._log.warning if elsewhere else self._log.info
        tell("PAYMENT_REFUNDED", charge_id=payment.charge_id, stars=payment.stars, elsewhere=elsewhere)

    def refund_refused(self, payment: Payment, reason: str) -> None:
        """Telegram will not give the Stars back."""
        self._metrics.payments.add("refund_refused")
        self._log.error("REFUND_REFUSED", charge_id=payment.charge_id, stars=payment.stars, reason=reason)
