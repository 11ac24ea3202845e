"""Giving gifts and Premium from the bot's Stars, and dealing with those of users, channels and business accounts."""

from collections.abc import Callable
from functools import partial
from typing import Any

from botflight_harness.clock import HOUR_MS
from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.dealing import BusinessConnection
from botflight_harness.telegram.entities import Formatted
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.gifts import (
    CONVERTIBLE_S,
    PREMIUM_STARS,
    TEXT_CHARACTERS_MOST,
    TRANSFER_STARS,
    Gift,
    OwnedGift,
)
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.payments import user_partner

AT_ONCE_MOST = 100
MONTH_MS = 30 * 24 * HOUR_MS

_EXCLUDED = (
    "exclude_unlimited exclude_limited_upgradable exclude_limited_non_upgradable exclude_unique "
    "exclude_from_blockchain sort_by_price offset limit"
)


def get_available_gifts(request: Request) -> dict[str, Any]:
    """Return the gifts that the bot can give."""
    return {"gifts": [gift.as_json() for gift in request.world.gifts.on_offer().values()]}


def send_gift(request: Request) -> bool:
    """Give somebody, or a channel, a gift that is paid for with the bot's Stars."""
    words = request.formatted("text", "text_entities", parse_mode="text_parse_mode")
    if request.arguments.get("chat_id"):
        return _give_to_chat(request, request.readable_chat(), words)
    return _give_to_user(request, request.user().user_id, words)


def _give_to_chat(request: Request, chat: Chat, words: Formatted) -> bool:
    if chat.kind == "private":
        return _give_to_user(request, chat.chat_id, words)
    gift = _gift(request, words)
    if chat.kind != "channel" or gift.total:
        raise NotModelled("sendGift to a group, or of a limited gift to a channel")
    partner = {"type": "chat", "chat": chat.as_json(), "gift": gift.as_json()}
    _give(request, gift, chat.chat_id, words, partner)
    return True


def _give_to_user(request: Request, user_id: int, words: Formatted) -> bool:
    gift = _gift(request, words)
    person = request.world.people.get(user_id)
    if person is None:
        raise NotModelled("sendGift to a bot")
    if not person.accepted_gifts[gift.kind]:
        raise bad_request("USER_DISALLOWED_STARGIFTS")
    owned = _give(request, gift, user_id, words, user_partner(person.as_json(), "gift_purchase", gift=gift.as_json()))
    chat = request.world.find_chat(request.bot, user_id)
    if chat is not None:
        request.world.post(chat, request.bot, {"gift": owned.info(managed=False)})
    return True


def _gift(request: Request, words: Formatted) -> Gift:
    gift = request.world.gifts.on_offer().get(request.arguments.text("gift_id"))
    if gift is None:
        raise bad_request("STARGIFT_INVALID")
    if len(words.text) > TEXT_CHARACTERS_MOST:
        raise NotModelled("sendGift with a text of more than 128 characters")
    if request.arguments.flag("pay_for_upgrade") and not gift.upgrade_stars:
        raise NotModelled("sendGift with pay_for_upgrade of a gift that has no upgrade")
    return gift


def _give(request: Request, gift: Gift, owner_id: int, words: Formatted, partner: dict[str, Any]) -> OwnedGift:
    prepays = request.arguments.flag("pay_for_upgrade")
    if gift.total and not gift.remaining:
        raise bad_request("STARGIFT_USAGE_LIMITED")
    _spend(request, gift.stars + (gift.upgrade_stars if prepays else 0), partner)
    now_s = request.world.clock.now_ms() // 1000
    return request.world.gifts.give(gift, owner_id, request.bot, words, now_s=now_s, converts=False, prepays=prepays)


def gift_premium(request: Request) -> bool:
    """Give somebody Telegram Premium for some months."""
    words = request.formatted("text", "text_entities", parse_mode="text_parse_mode")
    user_id = request.user().user_id
    months, stars = request.arguments.integer("month_count"), request.arguments.integer("star_count")
    person = request.world.people.get(user_id)
    if person is None or months not in PREMIUM_STARS or len(words.text) > TEXT_CHARACTERS_MOST:
        raise NotModelled("giftPremiumSubscription to a bot, for other than 3, 6 or 12 months, or with a long text")
    if not person.accepted_gifts["premium_subscription"]:
        raise NotModelled("giftPremiumSubscription to somebody who takes none")
    if stars != PREMIUM_STARS[months]:
        raise bad_request("GIFT_STARS_INVALID")
    partner = user_partner(person.as_json(), "premium_purchase", premium_subscription_duration=months)
    _spend(request, stars, partner)
    person.premium_until_ms = max(person.premium_until_ms, request.world.clock.now_ms()) + months * MONTH_MS
    return True


def _spend(request: Request, stars: int, partner: dict[str, Any]) -> None:
    till = request.world.cashier.till
    if till.stars(request.bot) < stars:
        raise bad_request("BALANCE_TOO_LOW")
    till.spend(request.bot, partner, stars, now_ms=request.world.clock.now_ms())


# What is owned


def get_user_gifts(request: Request) -> dict[str, Any]:
    """Return the gifts that somebody shows on their profile."""
    return _listed(request, request.user().user_id, lambda gift: gift.is_saved, managed=False)


def get_chat_gifts(request: Request) -> dict[str, Any]:
    """Return the gifts of a channel: those that it shows, unless the bot posts there."""
    chat = request.readable_chat()
    if not chat.may(request.bot.user_id, "can_post_messages"):
        return _listed(request, chat.chat_id, lambda gift: gift.is_saved, managed=False)
    return _listed(request, chat.chat_id, partial(_saved, request), managed=False)


def get_business_gifts(request: Request) -> dict[str, Any]:
    """Return the gifts of somebody in whose place the bot acts."""
    owner_id = request.business("can_view_gifts_and_stars").owner.user_id
    return _listed(request, owner_id, partial(_saved, request), managed=True)


def _saved(request: Request, gift: OwnedGift) -> bool:
    return not request.arguments.flag("exclude_saved" if gift.is_saved else "exclude_unsaved")


def _listed(request: Request, owner_id: int, wanted: Callable[[OwnedGift], bool], *, managed: bool) -> dict[str, Any]:
    arguments = request.arguments
    gifts = request.world.gifts.of(owner_id, lambda gift: wanted(gift) and not arguments.flag(_excluding(gift)))
    if arguments.flag("sort_by_price"):
        if any(gift.unique for gift in gifts):
            raise NotModelled(f"{arguments.method.name} by price with unique gifts among them")
        gifts.sort(key=lambda gift: -gift.gift.stars)
    first = arguments.text("offset")
    if first and not first.isdecimal():
        raise NotModelled(f"{arguments.method.name} with an offset that no answer gave")
    limit = min(max(arguments.integer("limit", AT_ONCE_MOST), 1), AT_ONCE_MOST)
    last = int(first or 0) + limit
    answer = {
        "total_count": len(gifts),
        "gifts": [gift.as_json(managed=managed) for gift in gifts[last - limit : last]],
    }
    return answer | {"next_offset": str(last)} if last < len(gifts) else answer


def _excluding(gift: OwnedGift) -> str:
    """Return which parameter leaves such a gift out."""
    if gift.unique is not None:
        return "exclude_unique"
    if not gift.gift.total:
        return "exclude_unlimited"
    return "exclude_limited_upgradable" if gift.can_be_upgraded else "exclude_limited_non_upgradable"


# In somebody's place


def convert_gift(request: Request) -> bool:
    """Turn a gift into Stars of its owner, for good."""
    connection = request.business("can_convert_gifts_to_stars")
    owned, shop = _owned(request, connection), request.world.gifts
    if owned.number in shop.converted:
        raise bad_request("STARGIFT_ALREADY_CONVERTED")
    if not owned.converted_stars:
        raise NotModelled("convertGiftToStars of a gift that cannot be converted")
    if request.world.clock.now_ms() // 1000 - owned.date_s > CONVERTIBLE_S:
        raise bad_request("STARGIFT_CONVERT_TOO_OLD")
    shop.converted.add(owned.number)
    connection.owner.stars += owned.converted_stars
    return True


def upgrade_gift(request: Request) -> bool:
    """Make a gift unique."""
    connection = request.business("can_transfer_and_upgrade_gifts")
    owned = _owned(request, connection)
    stars = request.arguments.integer("star_count")
    if owned.number in request.world.gifts.converted:
        raise bad_request("STARGIFT_ALREADY_CONVERTED")
    if owned.unique is not None:
        raise bad_request("STARGIFT_ALREADY_UPGRADED")
    if not owned.can_be_upgraded:
        raise bad_request("STARGIFT_UPGRADE_UNAVAILABLE")
    if stars and owned.prepaid_upgrade_stars:
        raise bad_request("NO_PAYMENT_NEEDED")
    if not stars and not owned.prepaid_upgrade_stars:
        raise bad_request("PAYMENT_REQUIRED")
    if stars:
        _pay(connection, stars, owned.gift.upgrade_stars, what="upgrade")
    request.world.gifts.upgrade(owned, keep_details=request.arguments.flag("keep_original_details"))
    return True


def transfer_gift(request: Request) -> bool:
    """Hand a unique gift on to somebody else."""
    connection = request.business("can_transfer_and_upgrade_gifts")
    new_owner_id = request.arguments.integer("new_owner_chat_id")
    if new_owner_id not in request.world.people:
        raise bad_request("have no access to the new gift owner")
    owned = _owned(request, connection)
    if owned.unique is None:
        raise bad_request("STARGIFT_NOT_UNIQUE")
    wait_s = owned.transferable_s - request.world.clock.now_ms() // 1000
    if wait_s > 0:
        raise bad_request(f"STARGIFT_TRANSFER_TOO_EARLY_{wait_s}")
    if new_owner_id not in connection.chats:
        raise NotModelled("transferGift to somebody who has not written to the business account")
    stars = request.arguments.integer("star_count")
    if not stars:
        raise bad_request("PAYMENT_REQUIRED")
    _pay(connection, stars, TRANSFER_STARS, what="transfer")
    owned.owner_id, owned.sender = new_owner_id, connection.owner
    return True


def _owned(request: Request, connection: BusinessConnection) -> OwnedGift:
    number = request.arguments.text("owned_gift_id")
    if not number.isdecimal():
        raise bad_request("invalid gift identifier specified")
    owned = request.world.gifts.owned.get(int(number))
    if owned is None or owned.owner_id != connection.owner.user_id:
        raise bad_request("MESSAGE_ID_INVALID")
    return owned


def _pay(connection: BusinessConnection, stars: int, price: int, *, what: str) -> None:
    if not connection.rights.get("can_transfer_stars"):
        raise bad_request("BOT_ACCESS_FORBIDDEN")
    if stars != price:
        raise bad_request(f"wrong {what} price specified")
    if connection.owner.stars < price:
        raise bad_request("BALANCE_TOO_LOW")
    connection.owner.stars -= price


METHODS = {
    "getAvailableGifts": handler(get_available_gifts),
    "sendGift": handler(send_gift, "user_id chat_id gift_id pay_for_upgrade text text_parse_mode text_entities"),
    "giftPremiumSubscription": handler(
        gift_premium, "user_id month_count star_count text text_parse_mode text_entities"
    ),
    "getUserGifts": handler(get_user_gifts, f"user_id {_EXCLUDED}"),
    "getChatGifts": handler(get_chat_gifts, f"chat_id exclude_saved exclude_unsaved {_EXCLUDED}"),
    "getBusinessAccountGifts": handler(
        get_business_gifts, f"business_connection_id exclude_saved exclude_unsaved {_EXCLUDED}"
    ),
    "convertGiftToStars": handler(convert_gift, "business_connection_id owned_gift_id"),
    "upgradeGift": handler(upgrade_gift, "business_connection_id owned_gift_id keep_original_details star_count"),
    "transferGift": handler(transfer_gift, "business_connection_id owned_gift_id new_owner_chat_id star_count"),
}
