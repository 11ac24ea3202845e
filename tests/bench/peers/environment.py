"""What a contender is told: by the same environment variables as the service, so that all are started alike."""

import os
from dataclasses import dataclass
from typing import Self

#: Where every contender takes updates.
WEBHOOK_PATH = "/webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where to listen, where Telegram is, and the two secrets."""

    host: str
    port: int
    token: str
    webhook_secret: str
    #: Where Telegram reaches the contender, without the path.
    webhook_base_url: str
    #: The Bot API, without `/bot<token>`.
    api_base_url: str

    @classmethod
    def read(cls) -> Self:
        """Read this process's environment."""
        return cls(
            host=os.environ["HOST"],
            port=int(os.environ["PORT"]),
            token=os.environ["TELEGRAM_BOT_TOKEN"],
            webhook_secret=os.environ["WEBHOOK_SECRET"],
            webhook_base_url=os.environ["WEBHOOK_BASE_URL"],
            api_base_url=os.environ["TELEGRAM_API_BASE_URL"],
        )

    def variables(self) -> dict[str, str]:
        """The environment to start a contender with."""
        return {
            "HOST": self.host,
            "PORT": str(self.port),
            "TELEGRAM_BOT_TOKEN": self.token,
            "WEBHOOK_SECRET": self.webhook_secret,
            "WEBHOOK_BASE_URL": self.webhook_base_url,
            "TELEGRAM_API_BASE_URL": self.api_base_url,
        }
