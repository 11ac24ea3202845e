"""The service with the local provider at no delay, for measuring purchases: `python -m tests.bench.instant serve`.

What is drawn is small, and painted once a prompt: a benchmark of purchases is none of Pillow.
"""

import sys
from functools import partial
from typing import Any

from tests.shop import GALLERY

from botflight_service import app
from botflight_service.__main__ import main
from botflight_service.provider.local import LocalProvider


def _instantly(*_settings: Any, **_how: Any) -> tuple[LocalProvider, None]:
    """The provider, whatever the settings ask for; it does not call back."""
    return LocalProvider(clock_ms=app.system_clock_ms, pace=0, make=GALLERY), None


if __name__ == "__main__":
    # The one adapter that is not picked by settings.
    app.pick_provider = partial(_instantly)  # type: ignore[assignment]
    sys.exit(main())
