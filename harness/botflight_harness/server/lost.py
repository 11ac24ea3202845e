"""An answer that never arrives, as a fault asked for."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from botflight_harness.server.listening import closing_of
from botflight_harness.server.waiting import any_set
from botflight_harness.telegram.errors import GARBAGE, Loss

#: Longer than any bot waits.
SILENCE_S = 300.0


class Lost(Response):
    """Silence until the server closes, a connection that breaks in the middle of an answer, or garbage."""

    def __init__(self, how: Loss) -> None:
        super().__init__()
        self._how = how

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Keep the bot waiting, or break off."""
        if self._how == "garbage":
            size = str(len(GARBAGE)).encode()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", size)]})
            await send({"type": "http.response.body", "body": GARBAGE})
            return
        if self._how == "timeout":
            await any_set(closing_of(scope), within_s=SILENCE_S)
        # A body that is shorter than was said makes the server close the connection.
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
