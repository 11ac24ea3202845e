"""Where finished spans pass by: one listener's post on each tracer provider, however many captures come and go."""

from collections.abc import Callable
from typing import Any

#: OpenTelemetry takes processors and never lets them go, so the one that was added is found again on the provider.
_NAME = "botflight_relay"


class Relay:
    """Tells those who listen of every span that ends. It has the methods of an OpenTelemetry span processor."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Any], None]] = []

    def listen(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        """Call `listener` with every span that ends, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ANN401 -- OpenTelemetry's signature
        """Do nothing."""

    def _on_ending(self, span: Any) -> None:  # noqa: ANN401 -- OpenTelemetry's signature
        """Do nothing."""

    def on_end(self, span: Any) -> None:  # noqa: ANN401 -- OpenTelemetry's signature
        """Tell those who listen."""
        for listener in tuple(self._listeners):
            listener(span)

    def shutdown(self) -> None:
        """Do nothing: there is nothing to close."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return at once: nothing waits here."""
        del timeout_millis
        return True


def relay_of(provider: Any) -> Relay | None:  # noqa: ANN401 -- OpenTelemetry's, which may not be installed
    """Return the relay of a tracer provider, or of the global one; None when OpenTelemetry's SDK is not there.

    A global provider is made when none was set: otherwise no span would be real.
    """
    try:
        from opentelemetry import trace  # noqa: PLC0415 -- late and optional, see the capture
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    except ImportError:
        return None
    if provider is None:
        if not isinstance(trace.get_tracer_provider(), TracerProvider):
            trace.set_tracer_provider(TracerProvider())
        provider = trace.get_tracer_provider()
    relay: Relay | None = getattr(provider, _NAME, None)
    if relay is None:
        relay = Relay()
        provider.add_span_processor(relay)
        setattr(provider, _NAME, relay)
    return relay
