"""Posting, editing and deleting stories in somebody's place."""

from collections.abc import Callable, Mapping
from typing import Any

from botflight_harness.telegram.entities import Formatted
from botflight_harness.telegram.errors import NotModelled, bad_request
from botflight_harness.telegram.files import StoredFile, image_size
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.objects import Fields, Unreadable, an_object, number, parsing, refusing, text
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.reactions import read_reaction
from botflight_harness.telegram.stories import (
    CAPTION_CHARACTERS_MOST,
    PERIODS_S,
    PHOTO_SIZE,
    VIDEO_S_MOST,
    Story,
    expiry_ms,
)

_CONTENT = "business_connection_id content caption parse_mode caption_entities areas"
_POSITION = (
    "x_percentage",
    "y_percentage",
    "width_percentage",
    "height_percentage",
    "rotation_angle",
    "corner_radius_percentage",
)


def post_story(request: Request) -> dict[str, Any]:
    """Post a story."""
    kind, upload = _content(request)
    areas, caption = _areas(request), request.formatted("caption", "caption_entities")
    owner = request.business("can_manage_stories").owner
    file = _kept(request, kind, upload)
    _check_caption(caption)
    story = Story(
        request.world.stories.next_id(owner.user_id),
        owner.user_id,
        request.bot,
        file,
        caption,
        areas,
        _expiry_ms(request),
        stays=request.arguments.flag("post_to_chat_page"),
        is_protected=request.arguments.flag("protect_content"),
    )
    return _added(request, story)


def repost_story(request: Request) -> dict[str, Any]:
    """Post a story that the bot has posted for another business account."""
    owner = request.business("can_manage_stories").owner
    from_id = request.arguments.integer("from_chat_id")
    if request.world.find_chat(request.bot, from_id) is None:
        raise bad_request("chat not found")
    former = request.world.stories.get(from_id, request.arguments.integer("from_story_id"))
    if former is None or former.bot is not request.bot or former.is_protected:
        raise NotModelled("repostStory of what is not there, is protected, or was not posted by the bot")
    connections = request.world.business.values()
    theirs = [one for one in connections if one.owner.user_id == from_id and one.bot is request.bot and one.is_enabled]
    if not any(one.rights.get("can_manage_stories") for one in theirs):
        raise bad_request("BOT_ACCESS_FORBIDDEN")
    story = Story(
        request.world.stories.next_id(owner.user_id),
        owner.user_id,
        request.bot,
        former.file,
        former.caption,
        former.areas,
        _expiry_ms(request),
        stays=request.arguments.flag("post_to_chat_page"),
        is_protected=request.arguments.flag("protect_content"),
    )
    return _added(request, story)


def edit_story(request: Request) -> dict[str, Any]:
    """Put something else in the place of a story that the bot has posted."""
    kind, upload = _content(request)
    areas, caption = _areas(request), request.formatted("caption", "caption_entities")
    owner_id = request.business("can_manage_stories").owner.user_id
    story = _story(request, owner_id)
    _check_caption(caption)
    story.file, story.caption, story.areas = _kept(request, kind, upload), caption, areas
    return _told(request, story)


def delete_story(request: Request) -> bool:
    """Delete a story that the bot has posted."""
    owner_id = request.business("can_manage_stories").owner.user_id
    if request.arguments.integer("story_id") <= 0:
        raise bad_request("invalid story identifier specified")
    request.world.stories.remove(_story(request, owner_id))
    return True


def _story(request: Request, owner_id: int) -> Story:
    found = request.world.stories.get(owner_id, request.arguments.integer("story_id"))
    if found is None or found.bot is not request.bot:
        raise NotModelled(f"{request.arguments.method.name} of what is not there, or was not posted by the bot")
    return found


def _added(request: Request, story: Story) -> dict[str, Any]:
    request.world.stories.add(story)
    return _told(request, story)


def _told(request: Request, story: Story) -> dict[str, Any]:
    owner = request.world.people[story.owner_id]
    return {"chat": {"id": owner.user_id, "type": "private", **owner.names()}, "id": story.story_id}


def _expiry_ms(request: Request) -> int:
    period_s = request.arguments.integer("active_period")
    if period_s not in PERIODS_S:
        raise bad_request("STORY_PERIOD_INVALID")
    return expiry_ms(request.world.clock.now_ms(), period_s)


def _check_caption(caption: Formatted) -> None:
    if len(caption.text) > CAPTION_CHARACTERS_MOST:
        raise bad_request("MEDIA_CAPTION_TOO_LONG")


def _content(request: Request) -> tuple[str, Upload]:
    """Return the kind and the file of a story. Raises Refusal in the words of the official server."""
    content = request.arguments.get("content")
    if not isinstance(content, Mapping):
        raise bad_request("object expected as story content")
    with refusing():
        kind = text(content, "type", required=True)
        if kind not in {"photo", "video"}:
            raise bad_request("invalid story content type specified")
        upload = request.arguments.upload(text(content, kind, required=True))
        duration_s = number(content, "duration") if content.get("duration") is not None else 0
    if upload is None:
        raise bad_request(f"story {kind} must be uploaded as a file")
    if not 0 <= duration_s <= VIDEO_S_MOST:
        raise bad_request("invalid video duration specified")
    return kind, upload


def _kept(request: Request, kind: str, upload: Upload) -> StoredFile:
    stored = request.world.files.add(kind, upload)
    if kind == "photo" and image_size(upload.data) != PHOTO_SIZE:
        raise NotModelled("a story with a picture that is not 1080 by 1920")
    return stored


def _areas(request: Request) -> list[dict[str, Any]]:
    areas = request.arguments.get("areas")
    if areas is None:
        return []
    if not isinstance(areas, list):
        raise bad_request("expected an Array of InputStoryArea")
    for area in areas:
        with parsing("InputStoryArea"):
            _check_area(area)
    return areas


def _check_area(area: object) -> None:
    if not isinstance(area, Mapping):
        raise Unreadable("expected an Object")
    position = an_object(_field(area, "position"), 'Field "position"')
    for name in _POSITION:
        number(position, name)
    kind = an_object(_field(area, "type"), 'Field "type"')
    check = _CHECKS.get(text(kind, "type", required=True))
    if check is None:
        raise Unreadable("invalid story area type specified")
    check(kind)


def _field(fields: Fields, name: str) -> object:
    if fields.get(name) is None:
        raise Unreadable(f'Can\'t find field "{name}"')
    return fields[name]


def _check_reaction(kind: Fields) -> None:
    reaction = _field(kind, "reaction_type")
    read_reaction(reaction)


def _check_weather(kind: Fields) -> None:
    number(kind, "temperature")
    text(kind, "emoji", required=True)
    number(kind, "background_color")


def _check_location(kind: Fields) -> None:
    number(kind, "latitude")
    number(kind, "longitude")
    if kind.get("address") is not None:
        text(an_object(kind["address"], 'Field "address"'), "country_code", required=True)


_CHECKS: Mapping[str, Callable[[Fields], object]] = {
    "location": _check_location,
    "suggested_reaction": _check_reaction,
    "link": lambda kind: text(kind, "url", required=True),
    "weather": _check_weather,
    "unique_gift": lambda kind: text(kind, "name", required=True),
}

METHODS = {
    "postStory": handler(post_story, f"{_CONTENT} active_period post_to_chat_page protect_content"),
    "repostStory": handler(
        repost_story,
        "business_connection_id from_chat_id from_story_id active_period post_to_chat_page protect_content",
    ),
    "editStory": handler(edit_story, f"{_CONTENT} story_id"),
    "deleteStory": handler(delete_story, "business_connection_id story_id"),
}
