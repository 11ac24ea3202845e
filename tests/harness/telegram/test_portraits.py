from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, NotModelled, Person, Telegram, Upload

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def _acquainted(alice: Person) -> None:
    alice.send_text("/start")


def test_a_bot_changes_its_photo(call: Call, bot: BotAccount, png: bytes) -> None:
    """The newest comes first; taken away, the former is shown again, and none is left at last."""
    for _ in range(2):
        call("setMyProfilePhoto", {"a": Upload("a.png", png)}, photo={"type": "static", "photo": "attach://a"})
    photos = call("getUserProfilePhotos", user_id=bot.user_id)
    assert photos["total_count"] == 2

    call("removeMyProfilePhoto")

    assert call("getUserProfilePhotos", user_id=bot.user_id)["photos"] == photos["photos"][1:]
    call("removeMyProfilePhoto")
    assert call("removeMyProfilePhoto") is True
    assert call("getUserProfilePhotos", user_id=bot.user_id)["total_count"] == 0


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        ("[", "can't parse photo JSON object"),
        ([1], "object expected as profile photo"),
        ("", "photo isn't specified"),
        ({"photo": "attach://a"}, 'can\'t find field "type"'),
        ({"type": "round"}, "invalid profile photo type specified"),
        ({"type": "static"}, 'can\'t find field "photo"'),
        ({"type": "static", "photo": "AgAC"}, "photo must be uploaded as a file"),
        (
            {"type": "animated", "animation": "attach://a", "main_frame_timestamp": 11},
            "wrong main frame timestamp specified",
        ),
    ],
)
def test_a_wrong_photo_is_refused(refusal: Callable[..., str], png: bytes, photo: object, words: str) -> None:
    """In Telegram's words."""
    assert refusal("setMyProfilePhoto", {"a": Upload("a.png", png)}, photo=photo) == f"400 Bad Request: {words}"


def test_an_animated_photo_is_told_plainly(telegram: Telegram, call: Call) -> None:
    """Nothing here could say what its frame looks like."""
    with pytest.raises(NotModelled, match="animation"):
        call("setMyProfilePhoto", {"a": Upload("a.mp4", b"x")}, photo={"type": "animated", "animation": "attach://a"})
    telegram.take_complaints()


def test_people_show_photos_and_music(call: Call, alice: Person, png: bytes) -> None:
    """The newest first, by pages; getChat shows the newest of each."""
    alice.add_profile_photo(png)
    for title in ("Old", "New"):
        alice.add_profile_audio(b"music", title=title, performer="Band")

    audios = call("getUserProfileAudios", user_id=alice.user_id, limit=1)

    assert (audios["total_count"], [audio["title"] for audio in audios["audios"]]) == (2, ["New"])
    assert call("getUserProfileAudios", user_id=alice.user_id, offset=1)["audios"][0]["title"] == "Old"
    chat = call("getChat", chat_id=alice.user_id)
    assert chat["first_profile_audio"] == audios["audios"][0]
    assert "photo" in chat


def test_nobody_knows_what_a_stranger_shows(refusal: Callable[..., str]) -> None:
    """A user whom Telegram does not know."""
    assert refusal("getUserProfileAudios", user_id=77) == "400 Bad Request: user not found"
    assert refusal("getUserProfileAudios", user_id=0) == "400 Bad Request: invalid user_id specified"


def test_an_emoji_is_shown_beside_the_name(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person
) -> None:
    """When its owner has let the bot do so; until it expires."""
    emoji = telegram.sticker_sets.add("Faces", "\N{CAT FACE}", kind="custom_emoji").stickers[0].custom_emoji_id
    until_s = telegram.clock.now_ms() // 1000 + 60
    asked = {"user_id": alice.user_id, "emoji_status_custom_emoji_id": emoji, "emoji_status_expiration_date": until_s}

    assert refusal("setUserEmojiStatus", **asked) == "400 Bad Request: USER_PERMISSION_DENIED"
    alice.allow_emoji_status()
    call("setUserEmojiStatus", **asked)

    chat = call("getChat", chat_id=alice.user_id)
    assert (chat["emoji_status_custom_emoji_id"], chat["emoji_status_expiration_date"]) == (emoji, until_s)
    telegram.clock.move(minutes=1)
    assert "emoji_status_custom_emoji_id" not in call("getChat", chat_id=alice.user_id)


def test_an_emoji_is_taken_away(telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person) -> None:
    """By no id; and the right to it by its owner."""
    emoji = telegram.sticker_sets.add("Faces", "\N{CAT FACE}", kind="custom_emoji").stickers[0].custom_emoji_id
    alice.allow_emoji_status()
    call("setUserEmojiStatus", user_id=alice.user_id, emoji_status_custom_emoji_id=emoji)

    call("setUserEmojiStatus", user_id=alice.user_id)

    assert "emoji_status_custom_emoji_id" not in call("getChat", chat_id=alice.user_id)
    alice.forbid_emoji_status()
    assert "USER_PERMISSION_DENIED" in refusal("setUserEmojiStatus", user_id=alice.user_id)


def test_the_channel_of_a_profile_is_read(
    telegram: Telegram, call: Call, refusal: Callable[..., str], alice: Person
) -> None:
    """Its last messages, the newest first; getChat shows which it is."""
    channel = telegram.channel("News", alice)
    for number in range(3):
        alice.send_text(f"News {number}", where=channel)
    alice.show_personal_chat(channel)

    messages = call("getUserPersonalChatMessages", user_id=alice.user_id, limit=2)

    assert [message["text"] for message in messages] == ["News 2", "News 1"]
    assert call("getChat", chat_id=alice.user_id)["personal_chat"]["title"] == "News"
    assert "limit must be positive" in refusal("getUserPersonalChatMessages", user_id=alice.user_id, limit=0)
    alice.show_personal_chat(None)
    with pytest.raises(NotModelled, match="shows no channel"):
        call("getUserPersonalChatMessages", user_id=alice.user_id, limit=2)
    telegram.take_complaints()


def test_a_bot_asks_for_rights(telegram: Telegram, call: Call, alice: Person, bot: BotAccount) -> None:
    """Whoever makes it an administrator gives it these, unless they choose others; channels have their own."""
    call("setMyDefaultAdministratorRights", rights={"can_pin_messages": True, "is_anonymous": True})
    group = telegram.group("Tea", bot)
    group.owned_by(alice)

    alice.promote(bot, group)

    asked = call("getMyDefaultAdministratorRights")
    assert [name for name, given in asked.items() if given] == ["can_pin_messages", "is_anonymous"]
    assert not any(call("getMyDefaultAdministratorRights", for_channels=True).values())
    own = call("getChatMember", chat_id=group.chat_id, user_id=bot.user_id)
    assert (own["can_pin_messages"], own["can_delete_messages"], own["is_anonymous"]) == (True, False, True)
    call("setMyDefaultAdministratorRights")
    assert not any(call("getMyDefaultAdministratorRights").values())


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ("[", "can't parse ChatAdministratorRights JSON object"),
        ([], "can't parse ChatAdministratorRights: ChatAdministratorRights must be an Object"),
        (
            {"can_pin_messages": "yes"},
            'can\'t parse ChatAdministratorRights: Field "can_pin_messages" must be of type Boolean',
        ),
    ],
)
def test_wrong_rights_are_refused(refusal: Callable[..., str], rights: object, words: str) -> None:
    """In Telegram's words."""
    assert refusal("setMyDefaultAdministratorRights", rights=rights) == f"400 Bad Request: {words}"
