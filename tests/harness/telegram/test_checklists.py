from collections.abc import Callable
from typing import Any

import pytest

from botflight_harness import BotAccount, ImpossibleAct, Person
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.dealing import BusinessConnection

Call = Callable[..., Any]
SHOPPING = {"title": "Shop", "tasks": [{"id": 1, "text": "Tea"}, {"id": 2, "text": "Milk"}]}
PARSING = "400 Bad Request: can't parse InputChecklist: "


@pytest.fixture
def business(alice: Person, bob: Person, bot: BotAccount) -> BusinessConnection:
    """The bot answers in alice's place; bob has written to her."""
    connection = alice.connect_business(bot)
    bob.write_to_business(connection, "What shall I bring?")
    bot.updates.clear()
    return connection


@pytest.fixture
def here(business: BusinessConnection, bob: Person) -> dict[str, Any]:
    """The chat with bob, as calls name it."""
    return {"business_connection_id": business.connection_id, "chat_id": bob.user_id}


@pytest.fixture
def sent(call: Call, here: dict[str, Any], business: BusinessConnection, bob: Person) -> Message:
    """A checklist that bob may mark and add to."""
    free = {"others_can_add_tasks": True, "others_can_mark_tasks_as_done": True}
    number = call("sendChecklist", **here, checklist=SHOPPING | free)["message_id"]
    message = business.chats[bob.user_id].message(number)
    assert message is not None
    return message


def test_a_checklist_is_sent_in_somebodys_place(call: Call, here: dict[str, Any], alice: Person) -> None:
    """With the entities that a checklist may have, and no others."""
    adorned = {
        "title": "<b>Shop</b> at @market",
        "parse_mode": "HTML",
        "tasks": [{"id": 3, "text": "Tea\n@market"}],
        "others_can_add_tasks": True,
    }

    sent = call("sendChecklist", **here, checklist=adorned)

    assert sent["from"]["id"] == alice.user_id
    assert sent["checklist"] == {
        "title": "Shop at @market",
        "title_entities": [{"type": "bold", "offset": 0, "length": 4}],
        "tasks": [{"id": 3, "text": "Tea @market", "text_entities": [{"type": "mention", "offset": 4, "length": 7}]}],
        "others_can_add_tasks": True,
    }


@pytest.mark.parametrize(
    ("checklist", "words"),
    [
        ("[", "400 Bad Request: can't parse InputChecklist JSON object"),
        ([], f"{PARSING}expected an Object"),
        ({"tasks": []}, f'{PARSING}Can\'t find field "title"'),
        ({"title": "x"}, f'{PARSING}Can\'t find field "tasks"'),
        ({"title": "x", "tasks": 1}, f'{PARSING}Field "tasks" must be of type Array'),
        ({"title": "x", "tasks": [1]}, f"{PARSING}Can't parse InputChecklistTask: expected an Object"),
        ({"title": "x", "tasks": [{"text": "x"}]}, f"{PARSING}Can't parse InputChecklistTask: Can't find field \"id\""),
        (SHOPPING | {"title": " "}, "400 Bad Request: message must be non-empty"),
        (SHOPPING | {"title": "x" * 256}, "400 Bad Request: checklist title length must not exceed 255"),
        (SHOPPING | {"tasks": []}, "400 Bad Request: checklist must have at least 1 task"),
        (
            SHOPPING | {"tasks": [{"id": number, "text": "x"} for number in range(1, 32)]},
            "400 Bad Request: checklist must have at most 30 tasks",
        ),
        (
            SHOPPING | {"tasks": [{"id": 1, "text": "x" * 101}]},
            "400 Bad Request: checklist task text length must not exceed 100",
        ),
        (
            SHOPPING | {"tasks": [{"id": 0, "text": "x"}]},
            "400 Bad Request: checklist task identifier must be positive",
        ),
        (SHOPPING | {"tasks": [{"id": 1, "text": "x"}] * 2}, "400 Bad Request: TODO_ITEM_DUPLICATE"),
    ],
)
def test_a_wrong_checklist_is_refused(
    refusal: Callable[..., str], here: dict[str, Any], checklist: object, words: str
) -> None:
    """In Telegram's words."""
    assert refusal("sendChecklist", **here, checklist=checklist) == words


async def test_people_tick_and_untick(
    business: BusinessConnection, sent: Message, alice: Person, bob: Person, bot: BotAccount
) -> None:
    """The bot hears what was done, with the checklist as it is then."""
    await bob.ticks(business, sent, 1, 2)
    await alice.unticks(business, sent, 2)

    done, undone = (update.payload["checklist_tasks_done"] for update in bot.updates)
    assert done["marked_as_done_task_ids"] == [1, 2]
    assert done["checklist_message"]["checklist"]["tasks"][0]["completed_by_user"]["id"] == bob.user_id
    assert undone["marked_as_not_done_task_ids"] == [2]
    assert ["completion_date" in task for task in sent.as_json()["checklist"]["tasks"]] == [True, False]


async def test_people_add_tasks(business: BusinessConnection, sent: Message, bob: Person, bot: BotAccount) -> None:
    """The bot hears which."""
    await bob.adds_tasks(business, sent, "Honey")

    (update,) = bot.updates
    assert update.payload["checklist_tasks_added"]["tasks"] == [{"id": 3, "text": "Honey"}]
    assert len(sent.as_json()["checklist"]["tasks"]) == 3


def test_who_may_not_mark_does_not(
    call: Call, here: dict[str, Any], business: BusinessConnection, alice: Person, bob: Person
) -> None:
    """The owner always may; a task is ticked once."""
    number = call("sendChecklist", **here, checklist=SHOPPING)["message_id"]
    message = business.chats[bob.user_id].message(number)
    assert message is not None

    with pytest.raises(ImpossibleAct, match="may not mark"):
        bob.tick(business, message, 1)
    with pytest.raises(ImpossibleAct, match="may not add"):
        bob.add_tasks(business, message, "Honey")
    alice.tick(business, message, 1)
    with pytest.raises(ImpossibleAct, match="no task that is to do"):
        alice.tick(business, message, 1)


def test_an_edited_checklist_keeps_what_is_done(
    call: Call,
    refusal: Callable[..., str],
    here: dict[str, Any],
    business: BusinessConnection,
    sent: Message,
    bob: Person,
) -> None:
    """Of the tasks that are still in it; and it has to be another one."""
    bob.tick(business, sent, 1)
    place = {**here, "message_id": sent.message_id}
    tasks = [{"id": 1, "text": "Green tea"}, {"id": 5, "text": "Sugar"}]

    edited = call("editMessageChecklist", **place, checklist={"title": "Shop", "tasks": tasks})

    assert ["completion_date" in task for task in edited["checklist"]["tasks"]] == [True, False]
    assert "message is not modified" in refusal(
        "editMessageChecklist", **place, checklist={"title": "Shop", "tasks": tasks}
    )
    gone = refusal("editMessageChecklist", **{**here, "message_id": 99_999}, checklist=SHOPPING)
    assert gone == "400 Bad Request: MESSAGE_ID_INVALID"
    text = call("sendMessage", **here, text="x")["message_id"]
    words = refusal("editMessageChecklist", **{**here, "message_id": text}, checklist=SHOPPING)
    assert words == "400 Bad Request: message can't be edited"
