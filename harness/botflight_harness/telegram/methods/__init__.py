"""The methods that the world models, by family. What is not here is not modelled, and says so."""

from collections.abc import Mapping

from botflight_harness.telegram.methods import callbacks, editing, media, messages, payments, profile, receiving
from botflight_harness.telegram.methods.request import Handler

METHODS: Mapping[str, Handler] = {
    **callbacks.METHODS,
    **editing.METHODS,
    **media.METHODS,
    **messages.METHODS,
    **payments.METHODS,
    **profile.METHODS,
    **receiving.METHODS,
}
