"""The service, of which each replica finds what waits by being called and not by looking."""

from __future__ import annotations

import sys

from botflight_service.__main__ import main
from botflight_service.updates import ownership

ownership.LOOK_EVERY_S = 3600.0

if __name__ == "__main__":
    sys.exit(main())
