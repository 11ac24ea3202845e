from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Group, ImpossibleAct, Person, Telegram

Call = Callable[..., Any]
Words = Callable[..., str]


@pytest.fixture
def group(telegram: Telegram, alice: Person, bob: Person, bot: BotAccount) -> Group:
    """A group that alice owns and the bot runs."""
    group = telegram.group("Friends", bob)
    group.owned_by(alice)
    group.promote(bot)
    bot.updates.allowed = frozenset({"message", "chat_member", "my_chat_member"})
    return group


def kinds(bot: BotAccount) -> list[str]:
    return [update.kind for update in bot.updates]


def test_joining_and_leaving_is_told(bot: BotAccount, telegram: Telegram, group: Group) -> None:
    """An administrator that asks hears of it twice: the change, and what the chat says."""
    carol = telegram.user("Carol")

    carol.join(group)
    carol.leave(group)

    payloads = [update.payload for update in bot.updates]
    assert kinds(bot) == ["chat_member", "message"] * 2
    assert payloads[0]["new_chat_member"]["status"] == "member"
    assert payloads[1]["new_chat_members"] == [carol.as_json()]
    assert payloads[2]["new_chat_member"]["status"] == "left"
    assert payloads[3]["left_chat_member"] == carol.as_json()


def test_a_bot_hears_of_itself(telegram: Telegram, bot: BotAccount, alice: Person) -> None:
    """That it was added, promoted and put out."""
    group = telegram.group("Friends", alice)
    group.owned_by(alice)

    alice.add(bot, group)
    alice.promote(bot, group, "can_pin_messages")
    alice.put_out(bot, group)

    changes = [update.payload["new_chat_member"] for update in bot.updates if update.kind == "my_chat_member"]
    assert [change["status"] for change in changes] == ["member", "administrator", "kicked"]
    assert (changes[1]["can_pin_messages"], changes[1]["can_invite_users"]) == (True, False)


def test_a_bot_that_was_put_out_is_told_so(refusal: Words, alice: Person, bot: BotAccount, group: Group) -> None:
    """It can write no more."""
    alice.put_out(bot, group)

    assert refusal("sendMessage", chat_id=group.chat_id, text="x") == (
        "403 Forbidden: bot was kicked from the supergroup chat"
    )


def test_a_ban_keeps_somebody_out_until_it_is_over(telegram: Telegram, call: Call, bob: Person, group: Group) -> None:
    """And getChatMember tells how long."""
    until_s = telegram.clock.now_ms() // 1000 + 3600
    who = {"chat_id": group.chat_id, "user_id": bob.user_id}
    call("banChatMember", **who, until_date=until_s)

    banned = call("getChatMember", **who)
    with pytest.raises(ImpossibleAct, match="kicked"):
        bob.join(group)
    telegram.clock.move(hours=1)
    bob.join(group)

    assert (banned["status"], banned["until_date"]) == ("kicked", until_s)
    assert call("getChatMember", **who)["status"] == "member"


def test_who_is_unbanned_may_come_back(call: Call, bob: Person, group: Group) -> None:
    """Unbanning does not bring anybody back by itself."""
    who = {"chat_id": group.chat_id, "user_id": bob.user_id}
    call("banChatMember", **who)

    call("unbanChatMember", **who, only_if_banned=True)

    assert call("getChatMember", **who)["status"] == "left"
    bob.join(group)


def test_who_is_restricted_cannot_write(call: Call, png: bytes, bob: Person, group: Group) -> None:
    """The client has no input field then; what is allowed goes through."""
    who = {"chat_id": group.chat_id, "user_id": bob.user_id}
    call("restrictChatMember", **who, permissions={"can_send_messages": True})

    bob.send_text("still here", where=group)
    with pytest.raises(ImpossibleAct, match="can_send_photos is off"):
        bob.send_file("photo", png, file_name="a.png", where=group)

    call("restrictChatMember", **who, permissions={})
    with pytest.raises(ImpossibleAct, match="can_send_messages is off"):
        bob.send_text("hello?", where=group)
    assert call("getChatMember", **who)["status"] == "restricted"


def test_what_members_may_do_is_set_for_all(call: Call, bob: Person, group: Group) -> None:
    """Administrators are not bound by it."""
    call("setChatPermissions", chat_id=group.chat_id, permissions={})

    call("sendMessage", chat_id=group.chat_id, text="quiet now")
    with pytest.raises(ImpossibleAct, match="is off"):
        bob.send_text("oh", where=group)


def test_promoting_gives_rights_that_the_bot_has(call: Call, bob: Person, group: Group) -> None:
    """With a title, and the list of administrators shows it."""
    who = {"chat_id": group.chat_id, "user_id": bob.user_id}
    call("promoteChatMember", **who, can_pin_messages=True)
    call("setChatAdministratorCustomTitle", **who, custom_title="Pinner")

    administrators = call("getChatAdministrators", chat_id=group.chat_id)

    assert [member["status"] for member in administrators] == ["administrator", "creator", "administrator"]
    told = call("getChatMember", **who)
    assert (told["can_pin_messages"], told["custom_title"], told["can_be_edited"]) == (True, "Pinner", True)


def test_promoting_with_nothing_takes_rights_away(call: Call, bob: Person, group: Group) -> None:
    """As the Bot API has it."""
    who = {"chat_id": group.chat_id, "user_id": bob.user_id}
    call("promoteChatMember", **who, can_pin_messages=True)

    call("promoteChatMember", **who)

    assert call("getChatMember", **who)["status"] == "member"


@pytest.mark.parametrize(
    ("method", "more", "words"),
    [
        ("banChatMember", {}, "not enough rights to restrict/unrestrict chat member"),
        ("restrictChatMember", {"permissions": {}}, "not enough rights to restrict/unrestrict chat member"),
        ("promoteChatMember", {"can_pin_messages": True}, "not enough rights"),
        ("setChatTitle", {"title": "x"}, "not enough rights to change chat title"),
        ("pinChatMessage", {"message_id": 1}, "not enough rights to manage pinned messages in the chat"),
        ("createChatInviteLink", {}, "not enough rights to manage chat invite link"),
        ("setChatPermissions", {"permissions": {}}, "not enough rights to change chat permissions"),
    ],
)
def test_a_plain_member_may_not(
    refusal: Words, bot: BotAccount, bob: Person, group: Group, method: str, more: dict[str, Any], words: str
) -> None:
    """Run the chat."""
    group.add(bot)
    bob.send_text("hello", where=group)

    refused = refusal(method, chat_id=group.chat_id, user_id=bob.user_id, **more)

    assert refused == f"400 Bad Request: {words}"


def test_the_owner_cannot_be_put_out(refusal: Words, alice: Person, bot: BotAccount, group: Group) -> None:
    """Nor can the bot put itself out, or somebody who never was."""
    chat = {"chat_id": group.chat_id}

    assert refusal("banChatMember", **chat, user_id=alice.user_id) == "400 Bad Request: can't remove chat owner"
    assert refusal("banChatMember", **chat, user_id=bot.user_id) == "400 Bad Request: can't restrict self"
    assert refusal("banChatMember", **chat, user_id=5) == "400 Bad Request: PARTICIPANT_ID_INVALID"


def test_a_bot_leaves(call: Call, refusal: Words, bot: BotAccount, group: Group) -> None:
    """And is outside."""
    call("leaveChat", chat_id=group.chat_id)

    assert "bot is not a member" in refusal("getChatMemberCount", chat_id=group.chat_id)
    assert kinds(bot) == ["my_chat_member"]


def test_people_are_counted(call: Call, group: Group) -> None:
    """Those that are inside."""
    assert call("getChatMemberCount", chat_id=group.chat_id) == 3


def test_a_link_leads_in(telegram: Telegram, call: Call, bot: BotAccount, group: Group) -> None:
    """The bot hears by which link somebody came; a full one leads nowhere."""
    link = call("createChatInviteLink", chat_id=group.chat_id, name="Poster", member_limit=1)["invite_link"]
    carol, dave = telegram.user("Carol"), telegram.user("Dave")

    carol.join(link)

    change = next(update for update in bot.updates if update.kind == "chat_member")
    assert change.payload["invite_link"]["name"] == "Poster"
    with pytest.raises(ImpossibleAct, match="leads nowhere"):
        dave.join(link)


def test_a_revoked_link_leads_nowhere(telegram: Telegram, call: Call, group: Group) -> None:
    """Also the primary one, once there is a newer."""
    chat = {"chat_id": group.chat_id}
    primary = call("exportChatInviteLink", **chat)
    newer = call("exportChatInviteLink", **chat)
    extra = call("createChatInviteLink", **chat)["invite_link"]
    revoked = call("revokeChatInviteLink", **chat, invite_link=extra)

    assert (call("getChat", **chat)["invite_link"], revoked["is_revoked"]) == (newer, True)
    for link in (primary, extra):
        with pytest.raises(ImpossibleAct, match="leads nowhere"):
            telegram.user(link[-4:]).join(link)


def test_who_asks_to_come_in_is_let_in_or_not(
    telegram: Telegram, call: Call, refusal: Words, bot: BotAccount, group: Group
) -> None:
    """The bot hears of the request, may write to who asks, and decides once."""
    bot.updates.allowed |= {"chat_join_request"}
    link = call("createChatInviteLink", chat_id=group.chat_id, creates_join_request=True)["invite_link"]
    carol, dave = telegram.user("Carol"), telegram.user("Dave")

    asked = carol.join(link).update
    dave.join(link)
    call("sendMessage", chat_id=asked.payload["user_chat_id"], text="Who are you?")
    call("approveChatJoinRequest", chat_id=group.chat_id, user_id=carol.user_id)
    call("declineChatJoinRequest", chat_id=group.chat_id, user_id=dave.user_id)

    assert (group.chat.has(carol.user_id), group.chat.has(dave.user_id)) == (True, False)
    assert asked.payload["invite_link"]["creates_join_request"] is True
    again = refusal("approveChatJoinRequest", chat_id=group.chat_id, user_id=dave.user_id)
    assert again == "400 Bad Request: HIDE_REQUESTER_MISSING"


def test_a_boost_is_told_and_taken_away(alice: Person, bot: BotAccount, call: Call, group: Group) -> None:
    """To administrators."""
    bot.updates.allowed = frozenset({"chat_boost", "removed_chat_boost"})

    boost = alice.boost(group).update.payload["boost"]
    shown = call("getUserChatBoosts", chat_id=group.chat_id, user_id=alice.user_id)["boosts"]
    gone = alice.take_boost_away(group, boost["boost_id"]).update

    assert shown == [boost]
    assert (gone.kind, gone.payload["boost_id"]) == ("removed_chat_boost", boost["boost_id"])
