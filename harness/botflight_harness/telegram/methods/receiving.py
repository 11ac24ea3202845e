"""How a bot asks for its updates: getUpdates, and where to post them instead."""

import re
from typing import Any

from botflight_harness.telegram.accounts import BotAccount, Webhook
from botflight_harness.telegram.errors import Refusal, bad_request
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.schema import load

UPDATES_AT_ONCE_MOST = 100
CONNECTIONS_MOST = 100
SECRET_CHARACTERS_MOST = 256

_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_WEBHOOK_IS_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
#: What the older of two waiting getUpdates gets when the newer one comes.
OTHER_POLLER = Refusal(
    409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)


def get_updates(request: Request) -> list[dict[str, Any]]:
    """Return what waits, at once; waiting for more is the transport's part."""
    bot, arguments = request.bot, request.arguments
    if bot.webhook is not None:
        raise Refusal(409, _WEBHOOK_IS_ACTIVE)
    _allow(bot, arguments.get("allowed_updates"))
    bot.updates.drop_expired(request.world.clock.now_ms())
    offset = arguments.integer("offset")
    if offset > 0:
        bot.updates.confirm_below(offset)
    elif offset < 0:
        bot.updates.keep_last(-offset)
    limit = min(max(arguments.integer("limit", UPDATES_AT_ONCE_MOST), 1), UPDATES_AT_ONCE_MOST)
    return [update.as_json() for update in list(bot.updates)[:limit]]


def set_webhook(request: Request) -> bool:
    """Post updates to a URL from now on; an empty one ends it."""
    arguments = request.arguments
    if arguments.flag("drop_pending_updates"):
        request.bot.updates.clear()
    url = arguments.text("url")
    if not url:
        request.bot.webhook = None
        return True
    if not url.startswith(("https://", "http://")):
        raise bad_request("invalid webhook URL specified")
    _allow(request.bot, arguments.get("allowed_updates"))
    request.bot.webhook = Webhook(
        url,
        secret_token=_secret(arguments.text("secret_token")),
        max_connections=min(max(arguments.integer("max_connections", 40), 1), CONNECTIONS_MOST),
        allowed_updates=tuple(sorted(request.bot.updates.allowed)),
        ip_address=arguments.text("ip_address"),
        has_custom_certificate="certificate" in arguments,
    )
    return True


def delete_webhook(request: Request) -> bool:
    """Post no updates any more."""
    if request.arguments.flag("drop_pending_updates"):
        request.bot.updates.clear()
    request.bot.webhook = None
    return True


def get_webhook_info(request: Request) -> dict[str, Any]:
    """Return where updates are posted, how many wait, and what went wrong last."""
    webhook = request.bot.webhook or Webhook("")
    info: dict[str, Any] = {
        "url": webhook.url,
        "has_custom_certificate": webhook.has_custom_certificate,
        "pending_update_count": len(request.bot.updates),
    }
    if webhook.url:
        info["max_connections"] = webhook.max_connections
    if webhook.ip_address:
        info["ip_address"] = webhook.ip_address
    if webhook.last_error:
        info |= {"last_error_date": webhook.last_error_ms // 1000, "last_error_message": webhook.last_error}
    if webhook.allowed_updates:
        info["allowed_updates"] = list(webhook.allowed_updates)
    return info


def _secret(secret: str) -> str:
    if len(secret) > SECRET_CHARACTERS_MOST:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    return secret


def _allow(bot: BotAccount, kinds: object) -> None:
    """Remember which kinds the bot asks for; an empty list means the usual ones, none the former."""
    if kinds is None:
        return
    if not isinstance(kinds, list):
        raise bad_request("can't parse allowed_updates JSON object")
    known = load().fields("Update").keys() - {"update_id"}
    # The official server passes over kinds that it does not know.
    bot.updates.allowed = frozenset(kind for kind in kinds if kind in known)


METHODS = {
    "getUpdates": handler(get_updates, "offset limit timeout allowed_updates"),
    "setWebhook": handler(
        set_webhook, "url certificate ip_address max_connections allowed_updates drop_pending_updates secret_token"
    ),
    "deleteWebhook": handler(delete_webhook, "drop_pending_updates"),
    "getWebhookInfo": handler(get_webhook_info),
}
