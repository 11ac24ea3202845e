"""Gifts: bots and people give them, and bots deal with those of business accounts."""

from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, Person, Telegram
from botflight_harness.telegram.dealing import BusinessConnection
from botflight_harness.telegram.gifts import Gift

Call = Callable[..., Any]
Words = Callable[..., str]


@pytest.fixture
def bear(telegram: Telegram) -> Gift:
    """A gift that everybody can have."""
    return telegram.gifts.offer("🧸", "Plush Bear", 15)


@pytest.fixture
def hat(telegram: Telegram) -> Gift:
    """One of two, which can be made unique."""
    return telegram.gifts.offer("🎩", "Top Hat", 500, total=2, upgrade_stars=200)


@pytest.fixture
def rich(telegram: Telegram, bot: BotAccount) -> BotAccount:
    """A bot with 1,000 Stars."""
    telegram.cashier.deposit(bot, 1_000)
    return bot


@pytest.fixture
def business(alice: Person, bot: BotAccount) -> BusinessConnection:
    """The bot deals with alice's gifts."""
    rights = (
        "can_view_gifts_and_stars",
        "can_convert_gifts_to_stars",
        "can_transfer_and_upgrade_gifts",
        "can_transfer_stars",
    )
    return alice.connect_business(bot, *rights)


def of(business: BusinessConnection, gift_id: str = "1") -> dict[str, Any]:
    return {"business_connection_id": business.connection_id, "owned_gift_id": gift_id}


def test_what_is_on_offer(call: Call) -> None:
    """Some gifts, of which one is limited and can be upgraded."""
    gifts = call("getAvailableGifts")["gifts"]

    assert [gift["star_count"] for gift in gifts] == [15, 25, 100, 500]
    assert (gifts[3]["total_count"], gifts[3]["upgrade_star_count"]) == (1_000, 200)


def test_a_bot_gives_what_it_pays_for(call: Call, alice: Person, rich: BotAccount, bear: Gift) -> None:
    """With words, of which the markup that gifts cannot have is left out."""
    alice.send_text("/start")

    call(
        "sendGift",
        user_id=alice.user_id,
        gift_id=bear.gift_id,
        text="<b>For</b> <code>you</code>",
        text_parse_mode="HTML",
    )

    (owned,) = call("getUserGifts", user_id=alice.user_id)["gifts"]
    assert (owned["text"], [entity["type"] for entity in owned["entities"]]) == ("For you", ["bold"])
    assert (owned["sender_user"]["id"], "convert_star_count" in owned) == (rich.user_id, False)
    assert call("getMyStarBalance")["amount"] == 985
    assert alice.last.text == "🧸\nFor you"


def test_the_account_tells_of_it(call: Call, alice: Person, rich: BotAccount, bear: Gift) -> None:
    """Of what came in, and what it was spent on."""
    call("sendGift", user_id=alice.user_id, gift_id=bear.gift_id)

    deposit, gift = call("getStarTransactions")["transactions"]
    assert deposit["source"] == {"type": "fragment"}
    assert (gift["receiver"]["transaction_type"], gift["receiver"]["gift"]["id"]) == ("gift_purchase", bear.gift_id)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"gift_id": "5"}, "STARGIFT_INVALID"),
        ({"user_id": 0}, "invalid user_id specified"),
        ({"user_id": 5}, "user not found"),
    ],
)
def test_what_cannot_be_given(refusal: Words, alice: Person, bear: Gift, more: dict[str, Any], words: str) -> None:
    """What is not on offer, and to whom nobody knows."""
    refused = refusal("sendGift", **{"user_id": alice.user_id, "gift_id": bear.gift_id, **more})

    assert refused == f"400 Bad Request: {words}"


def test_a_bot_without_stars_gives_nothing(refusal: Words, call: Call, alice: Person, bear: Gift) -> None:
    """And nothing is taken."""
    assert refusal("sendGift", user_id=alice.user_id, gift_id=bear.gift_id) == "400 Bad Request: BALANCE_TOO_LOW"
    assert call("getUserGifts", user_id=alice.user_id) == {"total_count": 0, "gifts": []}


def test_a_limited_gift_is_sold_out(refusal: Words, alice: Person, bob: Person, rich: BotAccount, hat: Gift) -> None:
    """When all were given, by whom ever."""
    alice.send_gift(hat.gift_id, bob)
    alice.send_gift(hat.gift_id, bob)

    refused = refusal("sendGift", user_id=alice.user_id, gift_id=hat.gift_id)

    assert refused == "400 Bad Request: STARGIFT_USAGE_LIMITED"
    with pytest.raises(ImpossibleAct, match="to be had"):
        alice.send_gift(hat.gift_id, bob)


def test_people_say_which_gifts_they_take(
    refusal: Words, call: Call, alice: Person, rich: BotAccount, bear: Gift
) -> None:
    """And getChat tells of it."""
    alice.send_text("/start")
    alice.take_gifts("limited_gifts")

    refused = refusal("sendGift", user_id=alice.user_id, gift_id=bear.gift_id)

    assert refused == "400 Bad Request: USER_DISALLOWED_STARGIFTS"
    accepted = call("getChat", chat_id=alice.user_id)["accepted_gift_types"]
    assert [name for name, taken in accepted.items() if taken] == ["limited_gifts"]


def test_channels_are_given_gifts(telegram: Telegram, call: Call, alice: Person, rich: BotAccount, bear: Gift) -> None:
    """By bots and by people; all see those that are shown, who posts sees the others too."""
    channel = telegram.channel("News", username="news")
    call("sendGift", chat_id="@news", gift_id=bear.gift_id)
    alice.give_to_channel(bear.gift_id, channel, text="Thanks")
    telegram.gifts.owned[2].is_saved = False

    outside = call("getChatGifts", chat_id="@news")
    channel.promote(rich)
    inside = call("getChatGifts", chat_id="@news")
    hidden = call("getChatGifts", chat_id="@news", exclude_saved=True)

    assert [answer["total_count"] for answer in (outside, inside, hidden)] == [1, 2, 1]
    assert call("getStarTransactions")["transactions"][1]["receiver"]["type"] == "chat"


def test_premium_is_given_for_months(
    telegram: Telegram, call: Call, refusal: Words, alice: Person, rich: BotAccount
) -> None:
    """At Telegram's price; the bot sees it on the user until it is over."""
    call("giftPremiumSubscription", user_id=alice.user_id, month_count=3, star_count=1_000)
    alice.send_text("/start")
    telegram.clock.move(hours=24 * 91)
    alice.send_text("/help")

    first, second = (update.payload["from"] for update in rich.updates)
    assert (first.get("is_premium"), second.get("is_premium")) == (True, None)
    line = call("getStarTransactions")["transactions"][1]["receiver"]
    assert (line["transaction_type"], line["premium_subscription_duration"]) == ("premium_purchase", 3)
    wrong = refusal("giftPremiumSubscription", user_id=alice.user_id, month_count=6, star_count=1_000)
    poor = refusal("giftPremiumSubscription", user_id=alice.user_id, month_count=6, star_count=1_500)
    assert (wrong, poor) == ("400 Bad Request: GIFT_STARS_INVALID", "400 Bad Request: BALANCE_TOO_LOW")


def test_gifts_are_listed_in_pages(call: Call, alice: Person, bob: Person, bear: Gift, hat: Gift) -> None:
    """The newest first, or by price, and what is not wanted left out."""
    for gift in (bear, hat, bear):
        alice.send_gift(gift.gift_id, bob)
    user = {"user_id": bob.user_id}

    first = call("getUserGifts", **user, limit=2)
    second = call("getUserGifts", **user, limit=2, offset=first["next_offset"])
    dear = call("getUserGifts", **user, sort_by_price=True, limit=1)
    limited = call("getUserGifts", **user, exclude_unlimited=True)
    unlimited = call("getUserGifts", **user, exclude_limited_upgradable=True)

    assert [len(page["gifts"]) for page in (first, second)] == [2, 1]
    assert (first["total_count"], "next_offset" in second) == (3, False)
    assert dear["gifts"][0]["gift"]["id"] == hat.gift_id
    assert (limited["total_count"], unlimited["total_count"]) == (1, 2)


def test_who_gave_a_private_gift_is_not_told(call: Call, alice: Person, bob: Person, bear: Gift) -> None:
    """But to its owner."""
    bob.send_gift(bear.gift_id, alice, text="Guess who", private=True)

    (shown,) = call("getUserGifts", user_id=alice.user_id)["gifts"]

    assert (shown["is_private"], "sender_user" in shown, "text" in shown) == (True, False, False)


def test_the_bot_hears_of_gifts_to_the_business(
    bob: Person, alice: Person, business: BusinessConnection, hat: Gift
) -> None:
    """With what it can do with them."""
    info = bob.send_gift(hat.gift_id, alice, text="Hey").update.payload["gift"]

    assert (info["owned_gift_id"], info["convert_star_count"], info["can_be_upgraded"]) == ("1", 425, True)


def test_the_gifts_of_the_business_are_listed(
    call: Call, bob: Person, alice: Person, business: BusinessConnection, bear: Gift
) -> None:
    """Those on the profile and those that are not."""
    bob.send_gift(bear.gift_id, alice)

    (owned,) = call("getBusinessAccountGifts", business_connection_id=business.connection_id)["gifts"]

    assert (owned["owned_gift_id"], owned["is_saved"], owned["convert_star_count"]) == ("1", True, 13)


def test_a_gift_is_turned_into_stars(
    telegram: Telegram, call: Call, refusal: Words, bob: Person, alice: Person, business: BusinessConnection, bear: Gift
) -> None:
    """Once, within 90 days."""
    bob.send_gift(bear.gift_id, alice)
    bob.send_gift(bear.gift_id, alice)

    call("convertGiftToStars", **of(business))

    assert alice.stars == 10_013
    assert call("getUserGifts", user_id=alice.user_id)["total_count"] == 1
    assert refusal("convertGiftToStars", **of(business)) == "400 Bad Request: STARGIFT_ALREADY_CONVERTED"
    telegram.clock.move(hours=24 * 91)
    assert refusal("convertGiftToStars", **of(business, "2")) == "400 Bad Request: STARGIFT_CONVERT_TOO_OLD"


def test_a_gift_is_made_unique(
    call: Call, refusal: Words, bob: Person, alice: Person, business: BusinessConnection, hat: Gift
) -> None:
    """For the Stars of the account, once."""
    bob.send_gift(hat.gift_id, alice)

    unpaid = refusal("upgradeGift", **of(business))
    wrong = refusal("upgradeGift", **of(business), star_count=199)
    call("upgradeGift", **of(business), star_count=200)

    (owned,) = call("getBusinessAccountGifts", business_connection_id=business.connection_id)["gifts"]
    assert (unpaid, wrong) == ("400 Bad Request: PAYMENT_REQUIRED", "400 Bad Request: wrong upgrade price specified")
    assert (owned["type"], owned["gift"]["name"], alice.stars) == ("unique", "TopHat-1", 9_800)
    assert refusal("upgradeGift", **of(business)) == "400 Bad Request: STARGIFT_ALREADY_UPGRADED"


def test_an_upgrade_that_was_paid_for_costs_nothing(
    call: Call, refusal: Words, bob: Person, alice: Person, business: BusinessConnection, hat: Gift
) -> None:
    """Who gave it has paid."""
    bob.send_gift(hat.gift_id, alice, upgraded=True)

    assert refusal("upgradeGift", **of(business), star_count=200) == "400 Bad Request: NO_PAYMENT_NEEDED"
    call("upgradeGift", **of(business))
    assert (alice.stars, bob.stars) == (10_000, 9_300)


def test_a_unique_gift_is_handed_on(
    telegram: Telegram, call: Call, refusal: Words, bob: Person, alice: Person, business: BusinessConnection, hat: Gift
) -> None:
    """For 25 Stars, when its time has come."""
    bob.write_to_business(business, "Give me that")
    bob.send_gift(hat.gift_id, alice, upgraded=True)
    to_bob = {**of(business), "new_owner_chat_id": bob.user_id, "star_count": 25}
    regular = refusal("transferGift", **to_bob)
    call("upgradeGift", **of(business))
    telegram.gifts.owned[1].transferable_s = telegram.clock.now_ms() // 1000 + 60

    early = refusal("transferGift", **to_bob)
    telegram.clock.move(minutes=1)
    call("transferGift", **to_bob)

    assert (regular, early) == (
        "400 Bad Request: STARGIFT_NOT_UNIQUE",
        "400 Bad Request: STARGIFT_TRANSFER_TOO_EARLY_60",
    )
    assert (call("getUserGifts", user_id=bob.user_id)["total_count"], alice.stars) == (1, 9_975)


@pytest.mark.parametrize(
    ("method", "more", "words"),
    [
        ("convertGiftToStars", {"owned_gift_id": "x"}, "invalid gift identifier specified"),
        ("upgradeGift", {"owned_gift_id": "7"}, "MESSAGE_ID_INVALID"),
        ("transferGift", {"new_owner_chat_id": 5}, "have no access to the new gift owner"),
        ("convertGiftToStars", {"business_connection_id": "x"}, "business connection not found"),
    ],
)
def test_what_is_not_there(
    refusal: Words, business: BusinessConnection, method: str, more: dict[str, Any], words: str
) -> None:
    """Gifts, owners and connections."""
    assert refusal(method, **{**of(business), **more}) == f"400 Bad Request: {words}"


@pytest.mark.parametrize("method", ["getBusinessAccountGifts", "convertGiftToStars", "upgradeGift", "transferGift"])
def test_each_takes_a_right_of_the_connection(refusal: Words, alice: Person, bot: BotAccount, method: str) -> None:
    """Which its owner gives."""
    business = alice.connect_business(bot, "can_reply")

    refused = refusal(method, **of(business), new_owner_chat_id=1)

    assert refused == "400 Bad Request: BOT_ACCESS_FORBIDDEN"
