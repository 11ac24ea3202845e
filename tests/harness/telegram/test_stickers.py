import gzip
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, NotModelled, Person, Telegram, Upload

Call = Callable[..., Any]
ANIMATION, VIDEO = gzip.compress(b'{"tgs":1}', mtime=0), b"\x1aE\xdf\xa3" + b"\0" * 20
ROCKET, CAT = "\N{ROCKET}", "\N{CAT FACE}"
PARSING = "400 Bad Request: can't parse InputSticker: "


def png(width: int = 512, height: int = 512) -> bytes:
    """A black PNG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def sticker(*emoji: str, **more: Any) -> dict[str, Any]:
    """An InputSticker whose file is attached as "a"."""
    return {"sticker": "attach://a", "format": "static", "emoji_list": list(emoji or (CAT,)), **more}


@pytest.fixture(autouse=True)
def _acquainted(alice: Person) -> None:
    alice.send_text("/start")


@pytest.fixture
def name(bot: BotAccount) -> str:
    """A name that the bot may give."""
    return f"cats_by_{bot.username}"


@pytest.fixture
def create(call: Call, alice: Person, name: str) -> Callable[..., Any]:
    """Make a set with one cat, or with what is given, and return what getStickerSet says of it."""

    def create(*stickers: dict[str, Any], data: bytes = b"", **more: Any) -> Any:
        files = {"a": Upload("a.png", data or png())}
        given = list(stickers) or [sticker()]
        assert call(
            "createNewStickerSet", files, user_id=alice.user_id, name=name, title="Cats", stickers=given, **more
        )
        return call("getStickerSet", name=name)

    return create


def test_a_set_is_made_and_found_in_any_case(call: Call, create: Callable[..., Any], name: str) -> None:
    """It shows its stickers, each with its size, its set and the first of its emoji."""
    made = create(sticker(CAT, ROCKET), sticker(ROCKET))

    assert call("getStickerSet", name=name.upper()) == made
    assert (made["name"], made["title"], made["sticker_type"]) == (name, "Cats", "regular")
    shown = [(one["emoji"], one["width"], one["height"], one["set_name"]) for one in made["stickers"]]
    assert shown == [(CAT, 512, 512, name), (ROCKET, 512, 512, name)]


@pytest.mark.parametrize(
    ("format_", "data", "flags"),
    [
        ("static", png(512, 100), (False, False)),
        ("animated", ANIMATION, (True, False)),
        ("video", VIDEO, (False, True)),
    ],
)
def test_a_sticker_may_have_three_formats(
    create: Callable[..., Any], format_: str, data: bytes, flags: tuple[bool, bool]
) -> None:
    """A set may hold each of them."""
    (made,) = create(sticker(format=format_), data=data)["stickers"]

    assert (made["is_animated"], made["is_video"]) == flags


def test_an_uploaded_file_serves_a_set(call: Call, create: Callable[..., Any], alice: Person) -> None:
    """What uploadStickerFile has kept is named by its file_id."""
    picture = {"sticker": Upload("a.png", png())}
    kept = call("uploadStickerFile", picture, user_id=alice.user_id, sticker_format="static")

    made = create(sticker() | {"sticker": kept["file_id"]})

    assert kept["file_size"] == len(png())
    assert made["stickers"][0]["file_id"] != kept["file_id"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"user_id": 0}, "invalid user_id specified"),
        ({"user_id": 77}, "user not found"),
        ({"title": " "}, "sticker set title must be non-empty"),
        ({"name": ""}, "sticker set name must be non-empty"),
        ({"name": "cats"}, "invalid sticker set name is specified"),
        ({"name": "ca__ts_by_{bot}"}, "invalid sticker set name is specified"),
        ({"name": "1cats_by_{bot}"}, "invalid sticker set name is specified"),
        ({"sticker_type": "gif"}, "unsupported sticker type specified"),
        ({"needs_repainting": True}, "only custom emoji stickers support repainting"),
        ({"stickers": []}, "at least 1 sticker must be specified"),
        ({"stickers": {}}, "expected an Array of InputSticker"),
        ({"stickers": "["}, "can't parse stickers JSON object"),
        ({"stickers": [sticker()] * 51}, "too many stickers specified"),
    ],
)
def test_a_set_is_refused(
    refusal: Callable[..., str], alice: Person, bot: BotAccount, name: str, change: dict[str, Any], words: str
) -> None:
    """Each for a reason of its own, in Telegram's words."""
    good = {"user_id": alice.user_id, "name": name, "title": "Cats", "stickers": [sticker()]}
    asked = {key: value.format(bot=bot.username) if key == "name" else value for key, value in change.items()}

    said = refusal("createNewStickerSet", {"a": Upload("a.png", png())}, **{**good, **asked})

    assert said == f"400 Bad Request: {words}"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("x", "InputSticker must be an Object"),
        ({"format": "static", "emoji_list": [CAT]}, "sticker not found"),
        (sticker() | {"sticker": "attach://b"}, None),
        ({"sticker": "attach://a", "emoji_list": [CAT]}, 'Can\'t find field "format"'),
        (sticker(format="gif"), "Invalid sticker format specified"),
        ({"sticker": "attach://a", "format": "static"}, 'Can\'t find field "emoji_list"'),
        (sticker() | {"emoji_list": CAT}, 'Field "emoji_list" must be of type Array'),
        (sticker() | {"emoji_list": []}, "emoji list must be non-empty"),
        (sticker(*[CAT] * 21), "too many emoji specified"),
        (sticker("cat"), "expected a Unicode emoji"),
        (sticker(keywords=[1]), "keyword must be a string"),
        (sticker(mask_position=1), "MaskPosition must be an Object"),
        (sticker(mask_position={"point": "nose"}), "Wrong point specified in MaskPosition"),
        (sticker(mask_position={"point": "eyes"}), 'Can\'t find field "x_shift"'),
    ],
)
def test_a_sticker_is_read_with_care(
    refusal: Callable[..., str], alice: Person, name: str, given: object, words: str | None
) -> None:
    """What is wrong with it is told; a file that is not there is looked for last."""
    said = refusal(
        "createNewStickerSet",
        {"a": Upload("a.png", png())},
        user_id=alice.user_id,
        name=name,
        title="x",
        stickers=[given],
    )

    assert said == ("400 Bad Request: sticker not found" if words is None else f"{PARSING}{words}")


@pytest.mark.parametrize(
    ("format_", "data", "kind", "words"),
    [
        ("static", b"no picture", "regular", "STICKER_PNG_NOPNG"),
        ("static", png(500, 500), "regular", "STICKER_PNG_DIMENSIONS"),
        ("static", png(600, 512), "regular", "STICKER_PNG_DIMENSIONS"),
        ("static", png(100, 99), "custom_emoji", "STICKER_PNG_DIMENSIONS"),
        ("animated", b"no animation", "regular", "STICKER_TGS_NOTGS"),
        ("video", b"no video", "regular", "STICKER_VIDEO_NOWEBM"),
        ("static", b"x" * (2**19 + 1), "regular", "file is too big"),
        ("animated", b"x" * (2**16 + 1), "regular", "file is too big"),
        ("auto", png(), "regular", "sticker format must be non-empty"),
    ],
)
def test_a_file_must_be_a_sticker(
    refusal: Callable[..., str], alice: Person, name: str, format_: str, data: bytes, kind: str, words: str
) -> None:
    """Of the format that is said, with the right sides, and not too large."""
    said = refusal(
        "createNewStickerSet",
        {"a": Upload("a.png", data)},
        user_id=alice.user_id,
        name=name,
        title="x",
        stickers=[sticker(format=format_)],
        sticker_type=kind,
    )

    assert said == f"400 Bad Request: {words}"


def test_a_name_is_taken_once(create: Callable[..., Any]) -> None:
    """The second set of the name is refused, and the first one stays."""
    create()

    with pytest.raises(Exception, match="sticker set name is already occupied"):
        create(sticker(), sticker())


def test_a_set_for_somebody_who_never_wrote_is_refused(refusal: Callable[..., str], bob: Person, name: str) -> None:
    """The bot has no chat with them to send its files through."""
    said = refusal("createNewStickerSet", user_id=bob.user_id, name=name, title="x", stickers=[sticker()])

    assert said == "400 Bad Request: PEER_ID_INVALID"


def test_a_set_grows_to_its_limit(
    telegram: Telegram, call: Call, refusal: Callable[..., str], create: Callable[..., Any], alice: Person, name: str
) -> None:
    """The format of a sticker that says none is that of the set."""
    create()
    files, one = {"a": Upload("a.png", png())}, {"sticker": "attach://a", "emoji_list": [ROCKET]}
    for _ in range(119):
        call("addStickerToSet", files, user_id=alice.user_id, name=name, sticker=one)

    assert len(call("getStickerSet", name=name)["stickers"]) == 120
    assert "STICKERS_TOO_MUCH" in refusal("addStickerToSet", files, user_id=alice.user_id, name=name, sticker=one)
    assert "STICKERSET_INVALID" in refusal("addStickerToSet", files, user_id=alice.user_id, name="no", sticker=one)
    telegram.sticker_sets.add("Animals", CAT)
    assert "STICKERSET_INVALID" in refusal("addStickerToSet", files, user_id=alice.user_id, name="Animals", sticker=one)


def test_stickers_are_moved_replaced_and_deleted(
    call: Call, create: Callable[..., Any], alice: Person, name: str
) -> None:
    """What leaves a set can be sent on, and names no set any more."""
    first, second = (one["file_id"] for one in create(sticker(CAT), sticker(ROCKET))["stickers"])

    call("setStickerPositionInSet", sticker=second, position=0)
    files = {"a": Upload("a.png", png())}
    call(
        "replaceStickerInSet", files, user_id=alice.user_id, name=name, old_sticker=second, sticker=sticker("\N{FIRE}")
    )
    call("deleteStickerFromSet", sticker=first)

    assert [one["emoji"] for one in call("getStickerSet", name=name)["stickers"]] == ["\N{FIRE}"]
    sent = call("sendSticker", chat_id=alice.user_id, sticker=first)
    assert "set_name" not in sent["sticker"]


def test_what_belongs_to_a_sticker_is_changed(call: Call, create: Callable[..., Any], name: str) -> None:
    """Its emoji, its keywords, and where a mask lies."""
    (made,) = create(
        sticker(mask_position={"point": "eyes", "x_shift": 0, "y_shift": 0, "scale": 1}), sticker_type="mask"
    )["stickers"]
    place = {"point": "chin", "x_shift": 0.5, "y_shift": -1.0, "scale": 2.0}

    call("setStickerEmojiList", sticker=made["file_id"], emoji_list=[ROCKET, CAT])
    call("setStickerKeywords", sticker=made["file_id"], keywords=["space", "fast"])
    call("setStickerMaskPosition", sticker=made["file_id"], mask_position=place)

    (changed,) = call("getStickerSet", name=name)["stickers"]
    assert (made["mask_position"]["point"], changed["mask_position"], changed["emoji"]) == ("eyes", place, ROCKET)
    call("setStickerMaskPosition", sticker=made["file_id"])
    assert "mask_position" not in call("getStickerSet", name=name)["stickers"][0]


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [
        ("setStickerEmojiList", {"emoji_list": []}, "can't parse emoji list: emoji list must be non-empty"),
        ("setStickerEmojiList", {}, "can't parse emoji list JSON array"),
        ("setStickerKeywords", {"keywords": {}}, 'field "keywords" must be an Array'),
        ("setStickerPositionInSet", {"position": -1}, "wrong sticker position specified"),
        ("deleteStickerFromSet", {"sticker": " "}, "sticker is not specified"),
        (
            "deleteStickerFromSet",
            {"sticker": "no"},
            "wrong remote file identifier specified: can't unserialize it. Wrong last symbol",
        ),
        ("setStickerMaskPosition", {"mask_position": "1"}, "can't parse mask position: MaskPosition must be an Object"),
    ],
)
def test_a_wrong_change_is_refused(
    refusal: Callable[..., str], create: Callable[..., Any], method: str, parameters: dict[str, Any], words: str
) -> None:
    """In Telegram's words."""
    (made,) = create()["stickers"]

    assert refusal(method, **{"sticker": made["file_id"], **parameters}) == f"400 Bad Request: {words}"


def test_nobody_changes_anothers_stickers(telegram: Telegram, refusal: Callable[..., str]) -> None:
    """A set of somebody else's can be looked at and sent only."""
    made = telegram.sticker_sets.add("Animals", CAT)

    for method in ("deleteStickerFromSet", "setStickerKeywords"):
        assert "STICKER_INVALID" in refusal(method, sticker=made.stickers[0].file.file_id)
    assert "STICKERSET_INVALID" in refusal("setStickerSetTitle", name="Animals", title="Mine")
    assert "STICKERSET_INVALID" in refusal("deleteStickerSet", name="Animals")


def test_a_set_has_a_title_and_a_picture(call: Call, create: Callable[..., Any], alice: Person, name: str) -> None:
    """Without a picture of its own the first sticker stands for it, and nothing is shown."""
    create()
    owner = {"name": name, "user_id": alice.user_id, "format": "static"}

    call("setStickerSetTitle", name=name, title="Cats!")
    call("setStickerSetThumbnail", {"thumbnail": Upload("a.png", png(100, 100))}, **owner)

    made = call("getStickerSet", name=name)
    assert (made["title"], made["thumbnail"]["width"]) == ("Cats!", 100)
    call("setStickerSetThumbnail", **owner)
    assert "thumbnail" not in call("getStickerSet", name=name)


def test_a_deleted_set_is_gone(call: Call, refusal: Callable[..., str], create: Callable[..., Any], name: str) -> None:
    """Its name is free again."""
    create()

    call("deleteStickerSet", name=name)

    assert refusal("getStickerSet", name=name) == "400 Bad Request: STICKERSET_INVALID"
    create()


def test_custom_emoji_are_found_by_their_ids(
    call: Call, refusal: Callable[..., str], create: Callable[..., Any], alice: Person, name: str
) -> None:
    """Also those that somebody has written; one of them may stand for the set."""
    (made,) = create(sticker(), data=png(100, 100), sticker_type="custom_emoji", needs_repainting=True)["stickers"]
    wrote = alice.send_custom_emoji(name, CAT).update.payload
    number = wrote["entities"][0]["custom_emoji_id"]

    (found,) = call("getCustomEmojiStickers", custom_emoji_ids=[number, number, "5"])
    call("setCustomEmojiStickerSetThumbnail", name=name, custom_emoji_id=number)

    assert (found, found["needs_repainting"]) == (made, True)
    assert call("getStickerSet", name=name)["thumbnail"]["file_id"] == made["file_id"]
    assert "must be of type String" in refusal("getCustomEmojiStickers", custom_emoji_ids=[1])
    assert "invalid custom emoji identifier" in refusal("getCustomEmojiStickers", custom_emoji_ids=["x"])
    assert "too many custom emoji" in refusal("getCustomEmojiStickers", custom_emoji_ids=["1"] * 201)


async def test_people_send_stickers_of_sets(telegram: Telegram, alice: Person, bot: BotAccount) -> None:
    """The bot gets the sticker with its set's name, and can look the set up."""
    telegram.sticker_sets.add("Animals", CAT, ROCKET)
    bot.updates.clear()

    seen = await alice.sends_sticker(of="Animals", emoji=ROCKET)

    (update,) = bot.updates
    assert (seen.kind, seen.text) == ("sticker", ROCKET)
    assert (update.payload["sticker"]["set_name"], update.payload["sticker"]["width"]) == ("Animals", 512)
    with pytest.raises(ImpossibleAct, match="no set of stickers"):
        alice.send_sticker("Nothing")
    with pytest.raises(ImpossibleAct, match="has no sticker"):
        alice.send_sticker("Animals", "\N{FIRE}")


def test_topics_have_the_icons_that_the_test_says(telegram: Telegram, call: Call) -> None:
    """Telegram's own list is nothing that could be made up."""
    with pytest.raises(NotModelled, match="add_topic_icons"):
        call("getForumTopicIconStickers")
    telegram.take_complaints()
    telegram.sticker_sets.add_topic_icons(CAT, ROCKET)

    assert [icon["emoji"] for icon in call("getForumTopicIconStickers")] == [CAT, ROCKET]


def test_a_large_group_has_a_set_of_its_own(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person, bot: BotAccount
) -> None:
    """Administrators may choose it where Telegram lets them; getChat tells both."""
    telegram.sticker_sets.add("Animals", CAT)
    group = telegram.group("Tea", alice, bot)
    asked = {"chat_id": group.chat_id, "sticker_set_name": "animals"}

    assert "sticker set not found" in refusal("setChatStickerSet", chat_id=group.chat_id, sticker_set_name="no")
    assert "not enough rights to change supergroup sticker set" in refusal("setChatStickerSet", **asked)
    group.promote(bot)
    assert "can't set supergroup sticker set" in refusal("setChatStickerSet", **asked)
    group.grow_large()
    call("setChatStickerSet", **asked)

    chat = call("getChat", chat_id=group.chat_id)
    assert (chat["sticker_set_name"], chat["can_set_sticker_set"]) == ("Animals", True)
    call("deleteChatStickerSet", chat_id=group.chat_id)
    assert "sticker_set_name" not in call("getChat", chat_id=group.chat_id)
    private = refusal("deleteChatStickerSet", chat_id=alice.user_id)
    assert private == "400 Bad Request: method is available only for supergroups"


def test_a_sticker_that_is_just_uploaded_has_its_emoji(call: Call, alice: Person) -> None:
    """Whoever sees it sees with which emoji it goes."""
    sent = call("sendSticker", {"sticker": Upload("a.png", png())}, chat_id=alice.user_id, emoji=CAT)

    assert (sent["sticker"]["emoji"], alice.last.text) == (CAT, CAT)
