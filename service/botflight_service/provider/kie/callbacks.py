"""The address that KIE calls at the end of a task: it carries the attempt's token and a proof that we wrote it.

KIE's own signature covers the task's id and a time, not the body, so a callback proves nothing by itself. The proof in
its address is known to us, to KIE and to nobody else; `recordInfo` repeats the address, which ties a task to its
attempt even when the answer to createTask was lost.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import quote, unquote, urlsplit

#: Below the service's public address; the attempt's token and the proof follow.
CALLBACK_PATH: Final = "/provider/kie"
_PURPOSE: Final = b"botflight: callbacks of kie"


class Callbacks:
    """Writes callback addresses, and tells its own from others.

    base_url: where KIE reaches this service, with whatever path stands before; None where it cannot.
    secret: shared by every replica, so that a callback may reach any of them.
    """

    def __init__(self, *, base_url: str | None, secret: str) -> None:
        self._base_url = base_url
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)

    @property
    def reachable(self) -> bool:
        """Whether KIE can call at all."""
        return self._base_url is not None

    def url(self, token: str) -> str | None:
        """The address for a request's token; None where nobody could call it."""
        if self._base_url is None:
            return None
        return f"{self._base_url}{CALLBACK_PATH}/{quote(token, safe='')}/{self.proof(token)}"

    def proof(self, token: str) -> str:
        """What only this service and those whom it told the address can know."""
        digest = hmac.digest(self._key, token.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def is_ours(self, token: str, proof: str) -> bool:
        """Whether we wrote this address; compared in constant time."""
        return hmac.compare_digest(proof.encode(), self.proof(token).encode())

    def token_of(self, url: str) -> str | None:
        """The token in an address that we wrote; None for any other. The host may have changed since."""
        try:
            path = urlsplit(url).path
        except ValueError:
            return None
        _, found, rest = path.rpartition(f"{CALLBACK_PATH}/")
        token, _, proof = rest.partition("/")
        token = unquote(token)
        return token if found and self.is_ours(token, proof) else None
