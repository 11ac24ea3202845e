"""What a bot may do with the account of somebody in whose place it acts: its messages, its profile and its Stars."""

from collections.abc import Mapping
from typing import Any

from botflight_harness.telegram import usernames
from botflight_harness.telegram.dealing import BusinessConnection
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.gifts import KINDS
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.objects import refusing, text
from botflight_harness.telegram.payments import user_partner

NAME_CHARACTERS_MOST = 64
BIO_CHARACTERS_MOST = 140
STARS_AT_ONCE_MOST = 10_000


def delete_messages(request: Request) -> bool:
    """Delete messages of a chat: the bot's own, or any with the right to delete all."""
    numbers = request.message_ids()
    connection = request.business("can_delete_sent_messages", "can_delete_all_messages")
    found = [
        (chat, chat.messages[number])
        for chat in connection.chats.values()
        for number in numbers
        if number in chat.messages
    ]
    if len({chat.chat_id for chat, _ in found}) > 1:
        raise NotModelled("deleteBusinessMessages in several chats at once")
    deletes_all = connection.rights.get("can_delete_all_messages")
    if not deletes_all and any("sender_business_bot" not in message.extra for _, message in found):
        raise bad_request("BOT_ACCESS_FORBIDDEN")
    for _, message in found:
        request.world.remove(message)
    return True


def set_name(request: Request) -> bool:
    """Give the account another first and last name."""
    first, last = (_clean(request.arguments.text(name)) for name in ("first_name", "last_name"))
    owner = request.business("can_edit_name").owner
    if not first:
        raise bad_request("FIRSTNAME_INVALID")
    owner.first_name, owner.last_name = first, last
    _rename(request, owner.user_id, owner.names())
    return True


def _clean(name: str) -> str:
    """Return a name with its spaces run together, and cut where it is too long, as Telegram does."""
    return " ".join(name.split())[:NAME_CHARACTERS_MOST].strip()


def set_username(request: Request) -> bool:
    """Give the account another username, or none."""
    username = request.arguments.text("username")
    owner = request.business("can_edit_username").owner
    if username and not usernames.is_allowed(username):
        raise bad_request("username is invalid")
    if username == (owner.username or ""):
        raise bad_request("USERNAME_NOT_MODIFIED")
    if username and username.lower() != (owner.username or "").lower() and usernames.is_taken(request.world, username):
        raise bad_request("USERNAME_OCCUPIED")
    owner.username = username or None
    _rename(request, owner.user_id, owner.names())
    return True


def _rename(request: Request, user_id: int, names: dict[str, Any]) -> None:
    for (chat_id, _), chat in request.world.chats.items():
        if chat_id == user_id:
            chat.facts = dict(names)


def set_bio(request: Request) -> bool:
    """Give the account another bio."""
    bio = request.arguments.text("bio")
    owner = request.business("can_edit_bio").owner
    if len(bio) > BIO_CHARACTERS_MOST:
        raise bad_request("ABOUT_TOO_LONG")
    owner.bio = bio
    return True


def set_gift_settings(request: Request) -> bool:
    """Say which gifts the account takes, and whether its button for gifts is always shown."""
    given = request.arguments.get("accepted_gift_types")
    if not isinstance(given, Mapping):
        raise bad_request("object expected as accepted gift types")
    accepted = {}
    for name in KINDS:
        value = given.get(name, True if name == "gifts_from_channels" else None)
        if value is None:
            raise bad_request(f'can\'t find field "{name}"')
        if not isinstance(value, bool):
            raise bad_request(f'field "{name}" must be of type Boolean')
        accepted[name] = value
    owner = request.business("can_change_gift_settings").owner
    owner.accepted_gifts = accepted
    owner.shows_gift_button = request.arguments.flag("show_gift_button")
    return True


def set_profile_photo(request: Request) -> bool:
    """Give the account another picture, or another public one."""
    photo = request.arguments.get("photo")
    if not isinstance(photo, Mapping):
        raise bad_request("object expected as profile photo")
    with refusing():
        kind = text(photo, "type", required=True)
        if kind not in {"static", "animated"}:
            raise bad_request("invalid profile photo type specified")
        upload = request.arguments.upload(
            text(photo, {"static": "photo", "animated": "animation"}[kind], required=True)
        )
    if upload is None:
        raise bad_request("photo must be uploaded as a file")
    owner = request.business("can_edit_profile_photo").owner
    if kind == "animated":
        raise NotModelled("setBusinessAccountProfilePhoto with an animated picture")
    stored = request.world.files.add("photo", upload)
    if request.arguments.flag("is_public"):
        owner.public_photo = stored
    else:
        request.world.profile_photos.setdefault(owner.user_id, []).insert(0, stored)
    return True


def remove_profile_photo(request: Request) -> bool:
    """Take the picture of the account away, so that the one before is shown, or its public one."""
    owner = request.business("can_edit_profile_photo").owner
    photos = request.world.profile_photos.get(owner.user_id, [])
    is_public = request.arguments.flag("is_public")
    if not (owner.public_photo if is_public else photos):
        raise NotModelled("removeBusinessAccountProfilePhoto where there is none")
    if is_public:
        owner.public_photo = None
    else:
        del photos[0]
    return True


def get_star_balance(request: Request) -> dict[str, int]:
    """Return how many Stars the account has."""
    return {"amount": request.business("can_view_gifts_and_stars").owner.stars}


def transfer_stars(request: Request) -> bool:
    """Take Stars of the account for the bot."""
    stars = request.arguments.integer("star_count")
    connection: BusinessConnection = request.business("can_transfer_stars")
    if stars <= 0:
        raise bad_request("invalid amount of Telegram Stars to transfer specified")
    if stars > STARS_AT_ONCE_MOST:
        raise NotModelled("transferBusinessAccountStars of more than 10,000 Stars")
    owner = connection.owner
    if owner.stars < stars:
        raise bad_request("BALANCE_TOO_LOW")
    owner.stars -= stars
    partner = user_partner(owner.as_json(), "business_account_transfer")
    request.world.cashier.till.receive(request.bot, partner, stars, now_ms=request.world.clock.now_ms())
    return True


METHODS = {
    "deleteBusinessMessages": handler(delete_messages, "business_connection_id message_ids"),
    "setBusinessAccountName": handler(set_name, "business_connection_id first_name last_name"),
    "setBusinessAccountUsername": handler(set_username, "business_connection_id username"),
    "setBusinessAccountBio": handler(set_bio, "business_connection_id bio"),
    "setBusinessAccountGiftSettings": handler(
        set_gift_settings, "business_connection_id show_gift_button accepted_gift_types"
    ),
    "setBusinessAccountProfilePhoto": handler(set_profile_photo, "business_connection_id photo is_public"),
    "removeBusinessAccountProfilePhoto": handler(remove_profile_photo, "business_connection_id is_public"),
    "getBusinessAccountStarBalance": handler(get_star_balance, "business_connection_id"),
    "transferBusinessAccountStars": handler(transfer_stars, "business_connection_id star_count"),
}
