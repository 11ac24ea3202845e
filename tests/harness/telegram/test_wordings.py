"""The words and the order of refusals, as the official server has them (its Client.cpp, and tdlib's below it)."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Channel, Group, Person, Telegram
from botflight_harness.telegram.parameters import Upload

Call = Callable[..., Any]
Words = Callable[..., str]
BUTTON = {"text": "Go", "callback_data": "go"}


@pytest.fixture
def group(telegram: Telegram, alice: Person, bot: BotAccount) -> Group:
    """A group in which the bot is a plain member."""
    group = telegram.group("Friends", bot)
    group.owned_by(alice)
    return group


@pytest.fixture
def channel(telegram: Telegram, alice: Person, bot: BotAccount) -> Channel:
    """A channel that the bot runs."""
    channel = telegram.channel("News", bot)
    channel.owned_by(alice)
    return channel


@pytest.fixture
def said(call: Call, alice: Person, bot: BotAccount) -> dict[str, int]:
    """Where a text of the bot's stands."""
    alice.send_text("/start", where=bot)
    return {"chat_id": alice.user_id, "message_id": call("sendMessage", chat_id=alice.user_id, text="x")["message_id"]}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "<b> </b>", "parse_mode": "HTML"}, "text must be non-empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "x" * 32_769}, "text is too long"),
        ({"text": " ", "chat_id": 1}, "chat not found"),
        ({"text": "x", "reply_parameters": "{"}, "can't parse reply parameters JSON object"),
        ({"text": "x", "reply_parameters": [], "chat_id": 1}, "object expected as reply parameters"),
        ({"text": "x", "reply_parameters": {"quote": "x"}}, 'can\'t find field "message_id"'),
        ({"text": "x", "reply_parameters": {"message_id": 999}}, "message to be replied not found"),
        ({"text": "x", "reply_parameters": {"message_id": 1, "chat_id": -5}}, "chat not found"),
        ({"text": " ", "reply_parameters": {"message_id": 999}}, "message to be replied not found"),
    ],
)
def test_a_message_that_is_not_sent(
    refusal: Words, said: dict[str, int], parameters: dict[str, Any], words: str
) -> None:
    """The chat is looked at before the text, and what is replied to before both."""
    assert refusal("sendMessage", **{"chat_id": said["chat_id"], **parameters}) == f"400 Bad Request: {words}"


def test_a_reply_to_nothing_is_none(call: Call, said: dict[str, int]) -> None:
    """Empty parameters, or no number that a message could have."""
    for parameters in ({}, {"message_id": 0}):
        assert "reply_to_message" not in call(
            "sendMessage", chat_id=said["chat_id"], text="x", reply_parameters=parameters
        )


def test_who_blocks_is_found_out_last(telegram: Telegram, call: Call, refusal: Words, said: dict[str, int]) -> None:
    """A text that is wrong is refused before, and what the bot sees or takes back of the chat it still does."""
    alice = telegram.people[said["chat_id"]]
    alice.block()

    assert refusal("sendMessage", chat_id=said["chat_id"], text=" ") == "400 Bad Request: text must be non-empty"
    assert refusal("sendMessage", chat_id=said["chat_id"], text="x") == "403 Forbidden: bot was blocked by the user"
    assert call("getChat", chat_id=said["chat_id"])["id"] == alice.user_id
    assert call("getChatMember", chat_id=said["chat_id"], user_id=alice.user_id)["status"] == "member"
    assert call("deleteMessage", **said) is True


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (
            {"inline_keyboard": [BUTTON]},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        ({"inline_keyboard": BUTTON}, 'field "inline_keyboard" must be of type Array'),
        ({"keyboard": ["Go"]}, 'field "keyboard" must be an Array of Arrays'),
        ({"inline_keyboard": [[{**BUTTON, "text": " "}]]}, "inline keyboard button text must be non-empty"),
        ({"keyboard": [[" "]]}, "keyboard button text must be non-empty"),
        (
            {"inline_keyboard": [[{"text": "x", "url": "localhost"}]]},
            "inline keyboard button URL 'localhost' is invalid: Wrong HTTP URL",
        ),
        (
            {"inline_keyboard": [[{"text": "x", "url": "ftp://example.com"}]]},
            "inline keyboard button URL 'ftp://example.com' is invalid: Unsupported URL protocol",
        ),
        (
            {"inline_keyboard": [[{"text": "x", "url": "https://a b.com"}]]},
            "inline keyboard button URL 'https://a b.com' is invalid: Disallowed character in URL host",
        ),
        (
            {"inline_keyboard": [[{"text": "x", "url": "example.com:0"}]]},
            "inline keyboard button URL 'example.com:0' is invalid: Wrong port number specified in the URL",
        ),
        (
            {"inline_keyboard": [[{"text": "x", "url": "https:///x"}]]},
            "inline keyboard button URL 'https:///x' is invalid: URL host is empty",
        ),
        (
            {"inline_keyboard": [[{"text": "x", "web_app": {"url": "http://example.com"}}]]},
            "inline keyboard button Web App URL 'http://example.com' is invalid: Only HTTPS links are allowed",
        ),
        (
            {"keyboard": [[{"text": "x", "web_app": {"url": "http://example.com"}}]]},
            "keyboard button Web App URL 'http://example.com' is invalid: Only HTTPS links are allowed",
        ),
    ],
)
def test_buttons_that_are_not_shown(refusal: Words, said: dict[str, int], markup: dict[str, Any], words: str) -> None:
    """Neither below a message nor below the chat."""
    refused = refusal("sendMessage", chat_id=said["chat_id"], text="x", reply_markup=markup)

    assert refused == f"400 Bad Request: {words}"


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "https://EXAMPLE.com/x?y=1",
        "tg://resolve?domain=x",
        "tg://user?id=5",
        "https://пример.рф",
        "http://[::1]/",
    ],
)
def test_what_an_inline_button_opens(call: Call, said: dict[str, int], url: str) -> None:
    """Addresses of the net, of the app itself, and people."""
    keyboard = {"inline_keyboard": [[{"text": "x", "url": url}]]}

    assert call("sendMessage", chat_id=said["chat_id"], text="x", reply_markup=keyboard)["reply_markup"] == keyboard


def test_buttons_that_are_passed_over(call: Call, said: dict[str, int], alice: Person) -> None:
    """Those without a label, and those after the twelfth of a row; a keyboard below the chat goes before the other."""
    row = [{"text": "", "callback_data": "x"}, *[BUTTON] * 13]
    sent = call(
        "sendMessage", chat_id=said["chat_id"], text="x", reply_markup={"inline_keyboard": [row], "keyboard": []}
    )

    assert len(sent["reply_markup"]["inline_keyboard"][0]) == 12
    both = {"inline_keyboard": [[BUTTON]], "keyboard": [["Yes"]]}
    assert "reply_markup" not in call("sendMessage", chat_id=said["chat_id"], text="x", reply_markup=both)
    assert alice.tap("Yes").message.text == "Yes"


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"request_contact": True}, "phone number can be requested in private chats only"),
        ({"request_location": True}, "location can be requested in private chats only"),
        ({"request_poll": {}, "request_contact": False}, ""),
        ({"request_poll": {"type": "quiz"}}, "poll can be requested in private chats only"),
        ({"web_app": {"url": "https://example.com"}}, "web App buttons can be used in private chats only"),
        ({"request_users": {"request_id": 1}}, "users can be requested in private chats only"),
        ({"request_chat": {"request_id": 1, "chat_is_channel": False}}, "chats can be requested in private chats only"),
    ],
)
def test_what_is_asked_for_in_private_alone(
    call: Call, refusal: Words, group: Group, button: dict[str, Any], words: str
) -> None:
    """Groups have no buttons that ask for something."""
    parameters = {"chat_id": group.chat_id, "text": "x", "reply_markup": {"keyboard": [[{"text": "x", **button}]]}}

    if words:
        assert refusal("sendMessage", **parameters) == f"400 Bad Request: {words}"


def test_what_stands_below_a_post(refusal: Words, channel: Channel) -> None:
    """Inline buttons, and none that need the bot's name."""
    post = {"chat_id": channel.chat_id, "text": "x"}

    assert refusal("sendMessage", **post, reply_markup={"keyboard": [["x"]]}) == (
        "400 Bad Request: inline keyboard expected"
    )
    switching = {"inline_keyboard": [[{"text": "x", "switch_inline_query": ""}]]}
    assert refusal("sendMessage", **post, reply_markup=switching) == (
        "400 Bad Request: can't use switch_inline_query button in a channel chat, because users will not be able to "
        "use the button without knowing bot's username"
    )


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [
        ("editMessageText", {"text": "x", "message_id": None}, "message to edit not found"),
        ("editMessageText", {"text": "x", "chat_id": None}, "chat_id is empty"),
        ("editMessageText", {"text": "x", "chat_id": None, "message_id": None}, "message identifier is not specified"),
        ("editMessageText", {"text": "y" * 4097}, "MESSAGE_TOO_LONG"),
        ("editMessageText", {"text": " "}, "text must be non-empty"),
        ("editMessageText", {"text": "<b>", "parse_mode": "HTML", "message_id": 999}, None),
        ("editMessageText", {"text": "y", "reply_markup": {"force_reply": True}}, "inline keyboard expected"),
        ("editMessageText", {"text": "y", "reply_markup": [], "message_id": 999}, "object expected as reply markup"),
        ("editMessageMedia", {}, 'parameter "media" is required'),
        ("editMessageMedia", {"media": "["}, "can't parse input media JSON object"),
        ("editMessageMedia", {"media": []}, "can't parse InputMedia: expected an Object"),
        ("editMessageMedia", {"media": {"type": "photo"}}, "can't parse InputMedia: media not found"),
        ("editMessageMedia", {"media": {"media": "x"}}, "can't parse InputMedia: Can't find field \"type\""),
        (
            "editMessageMedia",
            {"media": {"type": "sticker", "media": "x"}},
            'can\'t parse InputMedia: type "sticker" is unsupported',
        ),
        (
            "editMessageLiveLocation",
            {"latitude": 1, "longitude": 1},
            "there is no live location in the message to edit",
        ),
        ("deleteMessage", {"chat_id": None}, "chat identifier is not specified"),
        ("deleteMessage", {"message_id": None}, "message identifier is not specified"),
        ("deleteMessage", {"message_id": 0}, "message to delete not found"),
        ("copyMessage", {"message_id": None}, "message to copy not found"),
        ("copyMessage", {"from_chat_id": None}, 'parameter "from_chat_id" is required'),
        ("forwardMessage", {"message_id": 0}, "message to forward not found"),
        ("pinChatMessage", {"message_id": None}, "message to pin not found"),
        ("setMessageReaction", {"message_id": None}, "message to react not found"),
        ("stopPoll", {"message_id": None}, "message with poll to stop not found"),
    ],
)
def test_a_message_that_is_not_there(
    refusal: Words, said: dict[str, int], method: str, parameters: dict[str, Any], words: str | None
) -> None:
    """Or is not named, or cannot become what it should."""
    where = {**said, "from_chat_id": said["chat_id"]} if method in {"copyMessage", "forwardMessage"} else said
    given = {name: value for name, value in {**where, **parameters}.items() if value is not None}

    refused = refusal(method, **given)

    assert refused == f"400 Bad Request: {words}" if words else "can't parse entities" in refused


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ("1", "expected an Array of message identifiers"),
        ([], "message identifiers are not specified"),
        (list(range(1, 102)), "too many message identifiers specified"),
        ([True], "message identifier must be a Number"),
        (["x"], "can't parse message identifier as a Number"),
        ([0], "invalid message identifier specified"),
    ],
)
@pytest.mark.parametrize("method", ["deleteMessages", "forwardMessages", "copyMessages"])
def test_several_that_are_none(refusal: Words, said: dict[str, int], method: str, numbers: Any, words: str) -> None:
    """The same words wherever several messages are named."""
    chat = {"chat_id": said["chat_id"], "from_chat_id": said["chat_id"]}

    assert refusal(method, **chat, message_ids=numbers) == f"400 Bad Request: {words}"


def test_several_are_deleted_or_none(call: Call, refusal: Words, group: Group, alice: Person) -> None:
    """Those that are gone do not count; one that stays keeps all."""
    theirs = alice.send_text("mine", where=group).message.message_id
    own = call("sendMessage", chat_id=group.chat_id, text="x")["message_id"]

    assert refusal("deleteMessages", chat_id=group.chat_id, message_ids=[own, theirs]) == (
        "400 Bad Request: message can't be deleted"
    )
    assert len(group.chat.visible()) == 2
    assert call("deleteMessages", chat_id=group.chat_id, message_ids=[own, 999]) is True


def test_what_stays(
    telegram: Telegram, call: Call, refusal: Words, alice: Person, bot: BotAccount, group: Group
) -> None:
    """What is older than two days, also for administrators; and a die for a day."""
    alice.send_text("/start", where=bot)
    die = {"chat_id": alice.user_id, "message_id": call("sendDice", chat_id=alice.user_id)["message_id"]}
    theirs = {"chat_id": group.chat_id, "message_id": alice.send_text("x", where=group).message.message_id}
    group.promote(bot)

    assert refusal("deleteMessage", **die) == "400 Bad Request: message can't be deleted for everyone"
    telegram.clock.move(hours=25)
    assert call("deleteMessage", **die) is True
    telegram.clock.move(hours=24)
    assert refusal("deleteMessage", **theirs) == "400 Bad Request: message can't be deleted"


def test_copies(call: Call, refusal: Words, said: dict[str, int], alice: Person, bot: BotAccount, png: bytes) -> None:
    """What is protected the bot may copy; a caption that is too long Telegram refuses later, in other words."""
    chat = {"chat_id": said["chat_id"], "from_chat_id": said["chat_id"]}
    protected = call("sendMessage", chat_id=said["chat_id"], text="x", protect_content=True)["message_id"]
    photo = call("sendPhoto", {"photo": Upload("a.png", png)}, chat_id=said["chat_id"])["message_id"]

    assert call("copyMessage", **chat, message_id=protected)["message_id"]
    assert refusal("forwardMessage", **chat, message_id=protected) == (
        "400 Bad Request: the message can't be forwarded"
    )
    assert refusal("copyMessage", **chat, message_id=photo, caption="x" * 1025) == (
        "400 Bad Request: MEDIA_CAPTION_TOO_LONG"
    )
    assert (
        refusal("copyMessage", **chat | {"chat_id": 1}, message_id=999) == "400 Bad Request: message to copy not found"
    )
    assert refusal("copyMessages", **chat | {"chat_id": 1}, message_ids=[999]) == "400 Bad Request: chat not found"


def test_what_may_not_be_said_here(call: Call, refusal: Words, alice: Person, bot: BotAccount, group: Group) -> None:
    """A forwarded message does not say why it cannot go there."""
    alice.send_text("/start", where=bot)
    die = call("sendDice", chat_id=alice.user_id)["message_id"]
    source = {"chat_id": group.chat_id, "from_chat_id": alice.user_id}
    alice.restrict(bot, group, "can_send_other_messages")

    assert refusal("sendDice", chat_id=group.chat_id) == "400 Bad Request: not enough rights to send dice to the chat"
    assert refusal("forwardMessage", **source, message_id=die) == "400 Bad Request: the message can't be forwarded"
    assert refusal("copyMessage", **source, message_id=die) == "400 Bad Request: the message can't be copied"
    assert refusal("forwardMessages", **source, message_ids=[die]) == "400 Bad Request: messages can't be forwarded"


def test_what_can_be_edited(call: Call, refusal: Words, said: dict[str, int], png: bytes, alice: Person) -> None:
    """Of a contact the buttons alone; of an album's media those of its kind."""
    chat = {"chat_id": said["chat_id"]}
    contact = {**chat, "message_id": call("sendContact", **chat, phone_number="1", first_name="x")["message_id"]}
    media = [{"type": "document", "media": f"attach://{name}"} for name in ("a", "b")]
    uploads = {name: Upload("a.png", png) for name in ("a", "b")}
    album = {**chat, "message_id": call("sendMediaGroup", uploads, **chat, media=media)[0]["message_id"]}

    assert refusal("editMessageText", **contact, text="x") == "400 Bad Request: message can't be edited"
    photo = {"type": "photo", "media": "attach://a"}
    assert (
        refusal("editMessageMedia", uploads, **contact, media=photo) == "400 Bad Request: message media can't be edited"
    )
    assert call("editMessageReplyMarkup", **contact, reply_markup={"inline_keyboard": [[BUTTON]]})["reply_markup"]
    assert refusal("editMessageMedia", uploads, **album, media=photo) == (
        "400 Bad Request: can't change media type in the album"
    )
    animation = {"type": "animation", "media": "attach://a"}
    assert refusal("editMessageMedia", uploads, **album, media=animation) == (
        "400 Bad Request: message content type can't be used in an album"
    )
    assert refusal("editMessageCaption", **album, caption="x" * 1025) == "400 Bad Request: MEDIA_CAPTION_TOO_LONG"
    assert refusal("editMessageMedia", uploads, **said, media=photo | {"caption": "x" * 1025}) == (
        "400 Bad Request: message caption is too long"
    )


def test_albums_show_their_captions_alike(refusal: Words, said: dict[str, int], png: bytes) -> None:
    """Above or below."""
    media = [{"type": "photo", "media": "attach://a", "show_caption_above_media": above} for above in (True, False)]

    assert refusal("sendMediaGroup", {"a": Upload("a.png", png)}, chat_id=said["chat_id"], media=media) == (
        "400 Bad Request: parameter show_caption_above_media must be the same for all messages"
    )


@pytest.mark.parametrize(
    ("method", "more", "words"),
    [
        ("banChatMember", {"user_id": 0}, "invalid user_id specified"),
        ("banChatMember", {}, "can't ban members in private chats"),
        ("unbanChatMember", {}, "method is available for supergroup and channel chats only"),
        ("promoteChatMember", {}, "method is available for supergroup and channel chats only"),
        ("restrictChatMember", {"permissions": {}}, "method is available only for supergroups"),
        ("restrictChatMember", {"permissions": [], "chat_id": 1}, "object expected as permissions"),
        (
            "restrictChatMember",
            {"permissions": {"can_send_polls": "yes"}},
            'can\'t parse chat permissions: Field "can_send_polls" must be of type Boolean',
        ),
        ("setChatAdministratorCustomTitle", {}, "method is available only for groups and supergroups"),
        ("setChatPermissions", {"permissions": {}}, "can't change private chat permissions"),
        ("getChatAdministrators", {}, "there are no administrators in the private chat"),
        ("leaveChat", {}, "can't leave private chats"),
        ("approveChatJoinRequest", {}, "the chat can't have join requests"),
        ("setChatTitle", {"title": "x"}, "can't change private chat title"),
        ("setChatDescription", {}, "can't change private chat description"),
    ],
)
def test_a_private_chat_has_no_members(
    refusal: Words, said: dict[str, int], method: str, more: dict[str, Any], words: str
) -> None:
    """To put out, to promote, or to run it with."""
    who = {"chat_id": said["chat_id"], "user_id": said["chat_id"]}

    assert refusal(method, **who | more) == f"400 Bad Request: {words}"


def test_members_of_a_channel(call: Call, refusal: Words, channel: Channel, alice: Person, bot: BotAccount) -> None:
    """Who is promoted there may restrict too, unless it is said; nobody can be restricted."""
    bob = channel.chat.members[alice.user_id].account
    who = {"chat_id": channel.chat_id, "user_id": bob.user_id}

    assert refusal("restrictChatMember", **who, permissions={}) == (
        "400 Bad Request: method is available only for supergroups"
    )
    assert refusal("setChatPermissions", chat_id=channel.chat_id, permissions={}) == (
        "400 Bad Request: can't change channel chat permissions"
    )
    assert refusal("promoteChatMember", **who, can_post_messages=True) == "400 Bad Request: can't remove chat owner"


def test_the_owner_the_bot_itself_and_rights(
    telegram: Telegram, call: Call, refusal: Words, group: Group, alice: Person, bot: BotAccount
) -> None:
    """Are looked at in this order; what somebody is already needs no rights."""
    chat, bob = {"chat_id": group.chat_id}, telegram.user("Bob")
    group.add(bob)

    assert refusal("banChatMember", **chat, user_id=alice.user_id) == "400 Bad Request: can't remove chat owner"
    assert refusal("banChatMember", **chat, user_id=bot.user_id) == "400 Bad Request: can't restrict self"
    assert refusal("promoteChatMember", **chat, user_id=bot.user_id, can_pin_messages=True) == (
        "400 Bad Request: can't promote self"
    )
    assert call("promoteChatMember", **chat, user_id=bob.user_id) is True
    assert refusal("setChatAdministratorCustomTitle", **chat, user_id=alice.user_id, custom_title="x") == (
        "400 Bad Request: only the owner can edit their custom title"
    )
    assert refusal("approveChatJoinRequest", **chat, user_id=bob.user_id) == (
        "400 Bad Request: not enough rights to manage chat join requests"
    )


def test_custom_titles(
    call: Call, refusal: Words, group: Group, telegram: Telegram, alice: Person, bot: BotAccount
) -> None:
    """Sixteen signs, no emoji."""
    group.promote(bot)
    bob = telegram.user("Bob")
    group.add(bob)
    who = {"chat_id": group.chat_id, "user_id": bob.user_id}
    call("promoteChatMember", **who, can_pin_messages=True)

    assert refusal("setChatAdministratorCustomTitle", **who, custom_title="x" * 17) == (
        "400 Bad Request: CUSTOM_TITLE_INVALID"
    )
    assert refusal("setChatAdministratorCustomTitle", **who, custom_title="🍵") == (
        "400 Bad Request: CUSTOM_TITLE_EMOJI_NOT_ALLOWED"
    )


def test_permissions_imply_others(call: Call, group: Group, alice: Person, bot: BotAccount) -> None:
    """As the documents of restrictChatMember say, and as is so of what is not said."""
    group.promote(bot)

    call("setChatPermissions", chat_id=group.chat_id, permissions={"can_send_polls": True, "can_pin_messages": True})
    shown = {name for name, may in call("getChat", chat_id=group.chat_id)["permissions"].items() if may}
    assert shown == {"can_send_polls", "can_send_messages", "can_pin_messages", "can_manage_topics", "can_edit_tag"}
    call("setChatPermissions", chat_id=group.chat_id, permissions={"can_send_photos": True})
    shown = {name for name, may in call("getChat", chat_id=group.chat_id)["permissions"].items() if may}
    assert shown == {"can_send_photos"}


def test_what_cannot_be_pinned(call: Call, refusal: Words, group: Group, alice: Person, bot: BotAccount) -> None:
    """A message is looked for before the right to pin it; what tells of an event is none to pin."""
    chat = {"chat_id": group.chat_id}
    group.promote(bot)
    call("setChatTitle", **chat, title="Tea")
    notice = group.chat.visible()[-1].message_id

    assert refusal("pinChatMessage", **chat, message_id=notice) == "400 Bad Request: service messages can't be pinned"
    assert refusal("unpinChatMessage", **chat, message_id=999) == "400 Bad Request: message to unpin not found"


QUESTION = {"question": "Tea?", "options": ["Yes", "No"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"question": ""}, "text must be non-empty"),
        ({"question": None}, "text must be non-empty"),
        ({"question": " ", "chat_id": 1}, "chat not found"),
        ({"options": None}, "can't parse options JSON object"),
        ({"options": "["}, "can't parse options JSON object"),
        ({"options": {}, "chat_id": 1}, "expected an Array of String as options"),
        ({"options": [1]}, "expected an option to be of type String"),
        ({"options": [{}]}, 'can\'t find field "text"'),
        ({"options": [" "]}, "text must be non-empty"),
        ({"type": "quiz", "correct_option_ids": 1}, "expected an Array of correct option identifiers"),
        ({"type": "quiz", "correct_option_ids": ["1"]}, "correct option identifier must be of type Number"),
        ({"type": "quiz", "correct_option_ids": [1, 0]}, "correct quiz option list must be increasing"),
        ({"type": "quiz", "correct_option_id": 2}, "wrong quiz correct_option_id"),
        ({"members_only": True}, "poll voters can be restricted only in channel chats"),
    ],
)
def test_a_poll_that_is_not_sent(refusal: Words, group: Group, change: dict[str, Any], words: str) -> None:
    """What is read is looked at before the chat, what it says after."""
    poll = {"chat_id": group.chat_id, **QUESTION, **change}
    given = {name: value for name, value in poll.items() if value is not None}

    assert refusal("sendPoll", **given) == f"400 Bad Request: {words}"


def test_polls_of_channels_are_anonymous(call: Call, refusal: Words, channel: Channel, group: Group) -> None:
    """And only they may be for members alone. What is no poll is told from what is not there."""
    assert refusal("sendPoll", chat_id=channel.chat_id, **QUESTION, is_anonymous=False) == (
        "400 Bad Request: non-anonymous polls can't be sent to channel chats"
    )
    assert call("sendPoll", chat_id=channel.chat_id, **QUESTION, members_only=True)["poll"]["members_only"]
    text = call("sendMessage", chat_id=group.chat_id, text="x")["message_id"]
    assert refusal("stopPoll", chat_id=group.chat_id, message_id=text) == "400 Bad Request: message is not a poll"


INVOICE = {
    "title": "Tea",
    "description": "A cup",
    "payload": "tea",
    "currency": "XTR",
    "prices": [{"label": "Tea", "amount": 5}],
}
EUROS = {"provider_token": "1:TEST:2", "currency": "EUR"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": ""}, 'parameter "title" is required'),
        ({"description": None}, 'parameter "description" is required'),
        ({"payload": "", "chat_id": 1}, 'parameter "payload" is required'),
        ({"currency": ""}, 'parameter "currency" is required'),
        ({"prices": "["}, "can't parse prices JSON object"),
        ({"prices": {}}, "expected an Array of labeled prices"),
        ({"prices": ["x"]}, "can't parse labeled price: LabeledPrice must be an Object"),
        ({"prices": [{"label": "", "amount": 1}]}, "can't parse labeled price: LabeledPrice label must be non-empty"),
        ({"prices": [{"label": "x", "amount": 10**12}]}, "too big amount of the currency specified"),
        ({"prices": [{"label": "x", "amount": 10**12 - 1}] * 2}, "total price is too big"),
        ({**EUROS, "max_tip_amount": -1}, "invalid max_tip_amount of the currency specified"),
        ({**EUROS, "suggested_tip_amounts": {}}, "expected an Array of suggested tip amounts"),
        ({**EUROS, "suggested_tip_amounts": [None]}, "suggested tip amount must be of type Number or String"),
        ({**EUROS, "suggested_tip_amounts": ["x"]}, "can't parse suggested tip amount as Number"),
        ({**EUROS, "suggested_tip_amounts": [0]}, "suggested tip amount must be positive"),
        ({**EUROS, "suggested_tip_amounts": [2]}, "suggested tip amount can't be bigger than max_tip_amount"),
        (
            {**EUROS, "max_tip_amount": 9, "suggested_tip_amounts": [1, 2, 3, 4, 5]},
            "there can be at most 4 suggested tip amounts",
        ),
    ],
)
def test_an_invoice_that_is_not_sent(refusal: Words, said: dict[str, int], change: dict[str, Any], words: str) -> None:
    """Each part is looked at in its turn."""
    invoice = {"chat_id": said["chat_id"], **INVOICE, **change}
    given = {name: value for name, value in invoice.items() if value is not None}

    assert refusal("sendInvoice", **given) == f"400 Bad Request: {words}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (None, 'parameter "shipping_options" is required'),
        ("[", "can't parse shipping options JSON object"),
        ({}, "expected an Array of shipping options"),
        ([], "there must be at least one shipping option"),
        (["x"], "can't parse shipping option: ShippingOption must be an Object"),
        ([{"id": ""}], "can't parse shipping option: ShippingOption identifier must be non-empty"),
        ([{"id": "x", "title": ""}], "can't parse shipping option: ShippingOption title must be non-empty"),
        ([{"id": "x", "title": "x"}], "can't parse shipping option: Can't find field \"prices\""),
        (
            [{"id": "x", "title": "x", "prices": []}],
            "can't parse shipping option: Can't parse shipping option prices: There must be at least one price",
        ),
    ],
)
def test_ways_to_ship(refusal: Words, options: Any, words: str) -> None:
    """Are looked at before the query is looked for, and so is why it is refused."""
    given = {} if options is None else {"shipping_options": options}

    assert refusal("answerShippingQuery", shipping_query_id="1", ok=True, **given) == f"400 Bad Request: {words}"
    for kind in ("shipping", "pre_checkout"):
        method = "answerShippingQuery" if kind == "shipping" else "answerPreCheckoutQuery"
        assert refusal(method, **{f"{kind}_query_id": "1"}, ok=False) == (
            '400 Bad Request: parameter "error_message" is required'
        )


def test_refunds(refusal: Words, said: dict[str, int]) -> None:
    """Name a person and a payment."""
    assert refusal("refundStarPayment", user_id=0, telegram_payment_charge_id="x") == (
        "400 Bad Request: invalid user_id specified"
    )
    assert refusal("refundStarPayment", user_id=said["chat_id"], telegram_payment_charge_id="") == (
        '400 Bad Request: parameter "telegram_payment_charge_id" is required'
    )


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("abc!", "wrong remote file identifier specified: Wrong character in the string"),
        ("http://localhost/x", "wrong remote file identifier specified: Wrong character in the string"),
        ("abcde", "wrong remote file identifier specified: Wrong string length"),
        ("ab=", "wrong remote file identifier specified: Wrong padding length"),
        ("abcd====", "wrong remote file identifier specified: Wrong string padding"),
        ("abcdef", "wrong remote file identifier specified: Wrong padding in the string"),
        ("abcd", "wrong remote file identifier specified: can't unserialize it. Wrong last symbol"),
        ("abcdAAAE", "wrong file identifier/HTTP URL specified"),
        ("AgACAgIAAxkBAA" + "x" * 44, "wrong file identifier/HTTP URL specified"),
        ("ftp://example.com/x.png", "invalid file HTTP URL specified: Unsupported URL protocol"),
        ("https://exa mple.com/x.png", "invalid file HTTP URL specified: Disallowed character in URL host"),
    ],
)
def test_a_file_that_is_not_there(refusal: Words, said: dict[str, int], reference: str, words: str) -> None:
    """Telegram reads a file_id before it looks for the file; what has a dot in it is an address."""
    assert refusal("sendPhoto", chat_id=said["chat_id"], photo=reference) == f"400 Bad Request: {words}"
    assert refusal("sendPhoto", chat_id=1, photo=reference) == "400 Bad Request: chat not found"
    assert refusal("getFile", file_id=reference) == "400 Bad Request: invalid file_id"


def test_a_file_is_sent_as_what_it_is(call: Call, refusal: Words, said: dict[str, int], png: bytes) -> None:
    """A photo is none but a photo; all else are documents to Telegram, whatever method sends them."""
    chat = {"chat_id": said["chat_id"]}
    photo = call("sendPhoto", {"photo": Upload("a.png", png)}, **chat)["photo"][-1]["file_id"]
    voice = call("sendVoice", {"voice": Upload("a.oga", b"x")}, **chat)["voice"]["file_id"]

    assert refusal("sendDocument", **chat, document=photo) == (
        "400 Bad Request: can't use file of type Photo as Document"
    )
    assert call("sendVideo", **chat, video=voice)["voice"]["file_id"] == voice
    assert call("sendVideoNote", **chat, video_note=voice)["voice"]["file_id"] == voice


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [
        ("sendLocation", {"longitude": 1}, "latitude is empty"),
        ("sendLocation", {"latitude": 1}, "longitude is empty"),
        ("sendLocation", {"latitude": 91, "longitude": 1, "live_period": 60}, "invalid live location specified"),
        (
            "sendLocation",
            {"latitude": 1, "longitude": 1, "live_period": 60, "heading": 361},
            "wrong live location heading specified",
        ),
        (
            "sendLocation",
            {"latitude": 1, "longitude": 1, "live_period": 60, "proximity_alert_radius": 100_001},
            "wrong live location proximity alert radius specified",
        ),
        (
            "sendVenue",
            {"latitude": 91, "longitude": 1, "title": "x", "address": "x"},
            "wrong venue location specified",
        ),
        ("sendContact", {"phone_number": "", "first_name": "x"}, 'parameter "phone_number" is required'),
        ("sendContact", {"phone_number": "1", "first_name": ""}, 'parameter "first_name" is required'),
    ],
)
def test_places_and_people(
    refusal: Words, said: dict[str, int], method: str, parameters: dict[str, Any], words: str
) -> None:
    """That are none."""
    assert refusal(method, chat_id=said["chat_id"], **parameters) == f"400 Bad Request: {words}"


def test_what_a_webhook_is(call: Call, refusal: Words, bot: BotAccount) -> None:
    """An address; what kinds are asked for is passed over when it cannot be read."""
    assert refusal("setWebhook", url="https://") == "400 Bad Request: invalid webhook URL specified"
    assert refusal("setWebhook", url="https://a b") == "400 Bad Request: invalid webhook URL specified"
    assert call("setWebhook", url="example.com/hook", allowed_updates=["MESSAGE"]) is True
    assert call("getWebhookInfo")["allowed_updates"] == ["message"]
    call("deleteWebhook")
    assert call("getUpdates", allowed_updates="[") == []
    assert bot.updates.allowed == {"message"}
