"""Accounts of people in whose place a bot acts."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, Person, Telegram, Upload

Call = Callable[..., Any]
Words = Callable[..., str]

PROFILE = ("can_edit_name", "can_edit_username", "can_edit_bio", "can_edit_profile_photo", "can_change_gift_settings")
TAKES_ALL = dict.fromkeys(("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"), True)


@pytest.fixture
def here(alice: Person, bot: BotAccount) -> dict[str, str]:
    """The bot keeps alice's profile."""
    return {"business_connection_id": alice.connect_business(bot, *PROFILE).connection_id}


def test_it_has_another_name(call: Call, alice: Person, bot: BotAccount, here: dict[str, str]) -> None:
    """With its spaces run together, and what is too long cut."""
    alice.send_text("/start")

    call("setBusinessAccountName", **here, first_name="  Alice  B. ", last_name="x" * 70)

    told = alice.send_text("/help").update.payload
    assert (told["from"]["first_name"], told["chat"]["last_name"]) == ("Alice B.", "x" * 64)


def test_it_has_another_username(call: Call, refusal: Words, alice: Person, bob: Person, here: dict[str, str]) -> None:
    """That is allowed and free, or none."""
    bob.username = "bob_smith"

    call("setBusinessAccountUsername", **here, username="alice_smith")

    assert alice.username == "alice_smith"
    refused = [
        refusal("setBusinessAccountUsername", **here, username=username)
        for username in ("alice_smith", "Bob_Smith", "bob", "admin_alice", "a__lice", "7alice")
    ]
    assert refused == [
        "400 Bad Request: USERNAME_NOT_MODIFIED",
        "400 Bad Request: USERNAME_OCCUPIED",
        *["400 Bad Request: username is invalid"] * 4,
    ]
    call("setBusinessAccountUsername", **here, username="")
    assert alice.username is None


def test_it_has_another_bio(call: Call, refusal: Words, alice: Person, here: dict[str, str]) -> None:
    """Of at most 140 characters."""
    call("setBusinessAccountBio", **here, bio="Tea")

    assert alice.bio == "Tea"
    assert refusal("setBusinessAccountBio", **here, bio="x" * 141) == "400 Bad Request: ABOUT_TOO_LONG"


def test_it_says_which_gifts_it_takes(call: Call, alice: Person, here: dict[str, str]) -> None:
    """And whether there is a button for them."""
    accepted = TAKES_ALL | {"unlimited_gifts": False}

    call("setBusinessAccountGiftSettings", **here, show_gift_button=True, accepted_gift_types=accepted)

    assert (alice.accepted_gifts["unlimited_gifts"], alice.accepted_gifts["gifts_from_channels"]) == (False, True)
    assert alice.shows_gift_button


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        ("[]", "object expected as accepted gift types"),
        ("{", "can't parse accepted gift types JSON object"),
        ({"unlimited_gifts": True}, 'can\'t find field "limited_gifts"'),
        (TAKES_ALL | {"unique_gifts": 1}, 'field "unique_gifts" must be of type Boolean'),
        (None, "accepted gift types aren't specified"),
    ],
)
def test_the_gifts_that_it_takes_are_read(refusal: Words, here: dict[str, str], accepted: Any, words: str) -> None:
    """As the official server reads them."""
    more = {"show_gift_button": True, "accepted_gift_types": accepted}

    assert refusal("setBusinessAccountGiftSettings", **here, **more) == f"400 Bad Request: {words}"


def test_it_has_pictures(call: Call, not_modelled: Words, png: bytes, alice: Person, here: dict[str, str]) -> None:
    """The newest is shown; without it the one before; and one for everybody."""
    files, photo = {"a": Upload("a.png", png)}, {"type": "static", "photo": "attach://a"}
    for _ in range(2):
        call("setBusinessAccountProfilePhoto", files, **here, photo=photo)
    call("setBusinessAccountProfilePhoto", files, **here, photo=photo, is_public=True)

    call("removeBusinessAccountProfilePhoto", **here)

    assert call("getUserProfilePhotos", user_id=alice.user_id)["total_count"] == 1
    assert alice.public_photo is not None
    call("removeBusinessAccountProfilePhoto", **here, is_public=True)
    assert "there is none" in not_modelled("removeBusinessAccountProfilePhoto", **here, is_public=True)


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        ("[]", "object expected as profile photo"),
        ({}, 'can\'t find field "type"'),
        ({"type": "moving"}, "invalid profile photo type specified"),
        ({"type": "static"}, 'can\'t find field "photo"'),
        ({"type": "static", "photo": "some_file_id"}, "photo must be uploaded as a file"),
        (None, "photo isn't specified"),
    ],
)
def test_its_pictures_are_read(refusal: Words, here: dict[str, str], photo: Any, words: str) -> None:
    """As the official server reads them."""
    assert refusal("setBusinessAccountProfilePhoto", **here, photo=photo) == f"400 Bad Request: {words}"


def test_its_stars_go_to_the_bot(call: Call, refusal: Words, alice: Person, bot: BotAccount) -> None:
    """Which tells of it in its own account."""
    rights = ("can_view_gifts_and_stars", "can_transfer_stars")
    here = {"business_connection_id": alice.connect_business(bot, *rights).connection_id}

    call("transferBusinessAccountStars", **here, star_count=1_000)

    assert call("getBusinessAccountStarBalance", **here) == {"amount": 9_000}
    assert call("getMyStarBalance") == {"amount": 1_000}
    (line,) = call("getStarTransactions")["transactions"]
    assert line["source"]["transaction_type"] == "business_account_transfer"
    assert "BALANCE_TOO_LOW" in refusal("transferBusinessAccountStars", **here, star_count=9_001)
    assert "invalid amount of Telegram Stars" in refusal("transferBusinessAccountStars", **here, star_count=0)


def test_the_bot_deletes_what_it_has_sent(
    call: Call, refusal: Words, alice: Person, bob: Person, bot: BotAccount
) -> None:
    """Others' messages only with the right to delete all."""
    business = alice.connect_business(bot, "can_reply", "can_delete_sent_messages")
    here = {"business_connection_id": business.connection_id}
    asked = bob.write_to_business(business, "Open?").message
    said = call("sendMessage", **here, chat_id=bob.user_id, text="Yes")

    refused = refusal("deleteBusinessMessages", **here, message_ids=[asked.message_id])
    call("deleteBusinessMessages", **here, message_ids=[said["message_id"], 77])
    business.rights["can_delete_all_messages"] = True
    call("deleteBusinessMessages", **here, message_ids=[asked.message_id])

    assert refused == "400 Bad Request: BOT_ACCESS_FORBIDDEN"
    assert business.chats[bob.user_id].visible() == []


def test_messages_of_an_account_share_their_ids(
    telegram: Telegram, not_modelled: Words, alice: Person, bob: Person, bot: BotAccount
) -> None:
    """So that one names a message in whatever chat; all that are deleted at once are of one chat."""
    business = alice.connect_business(bot, "can_delete_all_messages")
    carol = telegram.user("Carol")
    numbers = [who.write_to_business(business, "Open?").message.message_id for who in (bob, carol)]

    said = not_modelled("deleteBusinessMessages", business_connection_id=business.connection_id, message_ids=numbers)

    assert (numbers, "several chats" in said) == ([1, 2], True)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ("5", "expected an Array of message identifiers"),
        (list(range(1, 102)), "too many message identifiers specified"),
        ([True], "message identifier must be a Number"),
        (["x"], "can't parse message identifier as a Number"),
        ([0], "invalid message identifier specified"),
        (None, "message identifiers are not specified"),
    ],
)
def test_what_is_to_be_deleted_is_read(refusal: Words, here: dict[str, str], numbers: Any, words: str) -> None:
    """Before the rights are looked at."""
    assert refusal("deleteBusinessMessages", **here, message_ids=numbers) == f"400 Bad Request: {words}"


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("setBusinessAccountName", {"first_name": "x"}),
        ("setBusinessAccountUsername", {"username": "alice_smith"}),
        ("setBusinessAccountBio", {"bio": "x"}),
        ("setBusinessAccountGiftSettings", {"show_gift_button": True, "accepted_gift_types": TAKES_ALL}),
        ("removeBusinessAccountProfilePhoto", {}),
        ("getBusinessAccountStarBalance", {}),
        ("transferBusinessAccountStars", {"star_count": 1}),
        ("deleteBusinessMessages", {"message_ids": [1]}),
        ("readBusinessMessage", {"chat_id": 1, "message_id": 1}),
    ],
)
def test_each_takes_a_right_of_an_open_connection(
    refusal: Words, alice: Person, bot: BotAccount, method: str, more: dict[str, Any]
) -> None:
    """Its owner gives it, and may end it all."""
    business = alice.connect_business(bot, "can_reply")
    here = {"business_connection_id": business.connection_id, **more}

    assert refusal(method, **here) == "400 Bad Request: BOT_ACCESS_FORBIDDEN"
    alice.disconnect_business(business)
    assert refusal(method, **here) == "400 Bad Request: BUSINESS_CONNECTION_INVALID"
    assert refusal(method, **{**here, "business_connection_id": "x"}) == (
        "400 Bad Request: business connection not found"
    )
