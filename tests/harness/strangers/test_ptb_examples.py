"""PTB's own example bots, as they ship: not a letter of them is changed."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from telegram.error import BadRequest

from botflight_harness import Person, PTBHarness, Road, Telegram, application_of

Example = Callable[[str], ModuleType]

pytestmark = [pytest.mark.process, pytest.mark.filterwarnings("ignore::telegram.warnings.PTBUserWarning")]
pytest.importorskip("apscheduler", reason="a job queue needs python-telegram-bot[job-queue]")


def said(person: Person, where: object = None) -> list[str]:
    return [message.text for message in person.screen_in(where) if message.from_bot]


async def test_echobot(example: Example, telegram: Telegram, alice: Person) -> None:
    """It greets by name and says everything again."""
    async with PTBHarness(application_of(example("echobot").main), telegram):
        await alice.sends("/start")
        await alice.sends("tea")

        await alice.sees("Hi Alice!")
        assert alice.last.text == "tea"


async def test_conversationbot(
    example: Example, road: Road, alice: Person, png: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keyboard, a photo that it downloads, a place, and a farewell, on every road."""
    monkeypatch.chdir(tmp_path)
    async with road(application_of(example("conversationbot").main)):
        await alice.sends("/start")
        await alice.taps("Girl")
        await alice.sends_photo(png)
        await alice.sees("Gorgeous!")
        await alice.sends_location(52.01, 4.36)
        await alice.sends("I drink tea")

        await alice.sees("Thank you!")
        assert (tmp_path / "user_photo.jpg").read_bytes() == png


async def test_inlinekeyboard2(example: Example, telegram: Telegram, alice: Person) -> None:
    """One message leads through the routes, and the end stops the conversation."""
    async with PTBHarness(application_of(example("inlinekeyboard2").main), telegram):
        await alice.sends("/start")
        await alice.taps("1")
        await alice.taps("3")
        await alice.taps("Yes, let's do it again!")
        await alice.taps("2")
        await alice.taps("3")
        await alice.taps("Nah, I've had enough ...")

        assert said(alice) == ["See you next time!"]


async def test_nestedconversationbot(example: Example, telegram: Telegram, alice: Person) -> None:
    """Three levels of conversations that begin and end inside each other."""
    async with PTBHarness(application_of(example("nestedconversationbot").main), telegram):
        await alice.sends("/start")
        await alice.taps("Add yourself")
        await alice.taps("Add info")
        await alice.taps("Name")
        await alice.sends("Alice")
        await alice.taps("Done")
        await alice.taps("Show data")
        await alice.sees("Alice")
        await alice.taps("Back")
        await alice.taps("Done")

        await alice.sees("See you around!")


async def test_paymentbot_with_shipping(example: Example, road: Road, alice: Person) -> None:
    """A shipping query, a pre-checkout query, and the money, on every road."""
    async with road(application_of(example("paymentbot").main)):
        await alice.sends("/shipping")
        payment = await alice.pays(shipping="2")

        assert (payment.stage, payment.total) == ("paid", 100 + 150 + 200)
        await alice.sees("Thank you for your payment.")


async def test_paymentbot_without_shipping(example: Example, telegram: Telegram, alice: Person) -> None:
    """And one who does not pay in the end is not thanked."""
    async with PTBHarness(application_of(example("paymentbot").main), telegram):
        await alice.sends("/noshipping")
        await alice.refuses_to_pay()
        assert "Thank you" not in " ".join(said(alice))

        assert (await alice.pays()).stage == "paid"
        await alice.sees("Thank you for your payment.")


async def test_pollbot(example: Example, telegram: Telegram, alice: Person, bob: Person) -> None:
    """Three votes close its poll, and what people feel is told."""
    carol = telegram.user("Carol")
    async with PTBHarness(application_of(example("pollbot").main), telegram) as harness:
        group = telegram.group("Friends", alice, bob, carol, harness.bot)
        await alice.sends("/poll", where=group)
        await alice.votes("Great", where=group)
        await bob.votes("Great", where=group)
        # Both of its handlers stop the poll after the third vote, and the second one hears that it is closed.
        with harness.expects_error(BadRequest, match="can't be stopped"):
            await carol.votes("Great", where=group)

        assert "Carol feels Great!" in said(alice, group)
        assert next(message for message in group.chat.visible() if message.behind).content["poll"]["is_closed"]


async def test_pollbots_quiz_and_preview(example: Example, telegram: Telegram, alice: Person) -> None:
    """A quiz is answered, and a poll of somebody's own is copied and closed."""
    async with PTBHarness(application_of(example("pollbot").main), telegram):
        await alice.sends("/quiz")
        await alice.votes("4")
        await alice.sends("/preview")
        await alice.sends_poll("Tea?", "Yes", "No")

        newest = alice.chat_in().visible()[-1].content["poll"]
        assert (newest["question"], newest["is_closed"]) == ("Tea?", True)


async def test_timerbot(example: Example, road: Road, telegram: Telegram, alice: Person) -> None:
    """An alarm after half an hour, in no time, on every road; one that was unset stays silent."""
    async with road(application_of(example("timerbot").main)):
        await alice.sends("/set 1800")
        await telegram.clock.advance(minutes=29, seconds=59)
        early = said(alice)
        await telegram.clock.advance(seconds=1)
        await alice.sends("/set 60")
        await alice.sends("/unset")
        await telegram.clock.advance(minutes=2)

        assert early == ["Timer successfully set!"]
        assert said(alice)[1:] == [
            "Beep! 1800.0 seconds are over!",
            "Timer successfully set!",
            "Timer successfully cancelled!",
        ]


async def test_inlinebot(example: Example, telegram: Telegram, alice: Person) -> None:
    """It answers inline, and what is chosen is sent."""
    async with PTBHarness(application_of(example("inlinebot").main), telegram) as harness:
        harness.bot.inline_mode = True
        query = await alice.asks_inline("tea")
        sent = await alice.chooses(query, "Caps")

        assert query.titles == ["Caps", "Bold", "Italic"]
        assert sent.text == "TEA"


async def test_errorhandlerbot(example: Example, telegram: Telegram, alice: Person) -> None:
    """It raises, and tells its developer what has happened."""
    module = example("errorhandlerbot")
    developer = telegram.user("Dev", user_id=module.DEVELOPER_CHAT_ID)
    async with PTBHarness(application_of(module.main), telegram) as harness:
        developer.send_text("/start", where=harness.bot)
        with harness.expects_error(AttributeError):
            await alice.sends("/bad_command")

        assert "An exception was raised while handling an update" in said(developer)[-1]


async def test_chatmemberbot(example: Example, telegram: Telegram, alice: Person) -> None:
    """It greets who is let into a group where it is an administrator."""
    async with PTBHarness(application_of(example("chatmemberbot").main), telegram) as harness:
        group = telegram.group("Friends", alice)
        group.owned_by(alice)
        await alice.adds(harness.bot, group)
        await alice.promotes(harness.bot, group)
        await alice.adds(telegram.user("Carol"), group)

        assert "Carol was added by Alice. Welcome!" in said(alice, group)


async def test_deeplinking(example: Example, telegram: Telegram, alice: Person) -> None:
    """A start parameter leads on to the next."""
    module = example("deeplinking")
    async with PTBHarness(application_of(module.main), telegram):
        await alice.sends("/start")
        await alice.sends(f"/start {module.CHECK_THIS_OUT}")

        await alice.sees("Awesome", button="Continue here!")
