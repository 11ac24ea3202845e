"""What people and bots show of themselves: photos, music, an emoji beside the name."""

from itertools import islice
from typing import Any

from botflight_harness.telegram import objects
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.people import Person

AT_ONCE_MOST = 100
MESSAGES_MOST = 20
#: Where the frame of an animated photo may lie that stands for it, in seconds.
FRAME_AT_S_MOST = 10


def get_user_profile_photos(request: Request) -> dict[str, Any]:
    """Return the pictures that somebody shows of themselves, the newest first."""
    photos = request.world.profile_photos.get(request.user().user_id, [])
    return {"total_count": len(photos), "photos": [photo.content for photo in photos[_window(request)]]}


def get_user_profile_audios(request: Request) -> dict[str, Any]:
    """Return the music that somebody shows, the newest first."""
    audios = request.world.profile_audios.get(request.user().user_id, [])
    return {"total_count": len(audios), "audios": [audio.content for audio in audios[_window(request)]]}


def _window(request: Request) -> slice:
    first = max(request.arguments.integer("offset"), 0)
    return slice(first, first + min(max(request.arguments.integer("limit", AT_ONCE_MOST), 1), AT_ONCE_MOST))


def set_my_profile_photo(request: Request) -> bool:
    """Show another photo of the bot."""
    value = request.arguments.get("photo")
    if not isinstance(value, dict):
        raise bad_request("object expected as profile photo")
    with objects.refusing():
        kind = objects.text(value, "type", required=True)
        field = {"static": "photo", "animated": "animation"}.get(kind)
        if field is None:
            raise objects.Unreadable("Invalid profile photo type specified")
        reference = objects.text(value, field, required=True)
        frame_at_s = objects.number(value, "main_frame_timestamp") if "main_frame_timestamp" in value else 0
    upload = request.arguments.upload(reference)
    if upload is None:
        raise bad_request("photo must be uploaded as a file")
    if not 0 <= frame_at_s <= FRAME_AT_S_MOST:
        raise bad_request("wrong main frame timestamp specified")
    if kind == "animated":
        raise NotModelled("setMyProfilePhoto with an animation: nothing here takes a frame out of a video")
    stored = request.world.files.add("photo", upload)
    request.world.profile_photos.setdefault(request.bot.user_id, []).insert(0, stored)
    return True


def remove_my_profile_photo(request: Request) -> bool:
    """Show the photo before the present one, or none."""
    photos = request.world.profile_photos.get(request.bot.user_id)
    if photos:
        del photos[0]
    return True


def set_user_emoji_status(request: Request) -> bool:
    """Show a custom emoji beside the name of somebody who has let the bot do so; none takes it away."""
    person, world = request.user(), request.world
    if not isinstance(person, Person):
        raise bad_request("USER_ID_INVALID")
    if request.bot.user_id not in person.emoji_status_bots:
        raise bad_request("USER_PERMISSION_DENIED")
    number = request.arguments.text("emoji_status_custom_emoji_id")
    if number in {"", "0"}:
        person.emoji_status = ("", 0)
        return True
    if world.sticker_sets.custom_emoji(number) is None:
        raise NotModelled("setUserEmojiStatus with a custom emoji that is in no set of this Telegram")
    person.emoji_status = (number, request.arguments.integer("emoji_status_expiration_date"))
    return True


def get_user_personal_chat_messages(request: Request) -> list[dict[str, Any]]:
    """Return the last messages of the channel that somebody's profile shows, the newest first."""
    person = request.user()
    limit = min(request.arguments.integer("limit"), MESSAGES_MOST)
    if limit <= 0:
        raise bad_request("limit must be positive")
    if not isinstance(person, Person) or person.personal_chat is None:
        raise NotModelled("getUserPersonalChatMessages of somebody whose profile shows no channel")
    return [message.as_json() for message in islice(person.personal_chat.newest_first(), limit)]


METHODS = {
    "getUserProfilePhotos": handler(get_user_profile_photos, "user_id offset limit"),
    "getUserProfileAudios": handler(get_user_profile_audios, "user_id offset limit"),
    "setMyProfilePhoto": handler(set_my_profile_photo, "photo"),
    "removeMyProfilePhoto": handler(remove_my_profile_photo),
    "getUserPersonalChatMessages": handler(get_user_personal_chat_messages, "user_id limit"),
    "setUserEmojiStatus": handler(
        set_user_emoji_status, "user_id emoji_status_custom_emoji_id emoji_status_expiration_date"
    ),
}
