import pytest
from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, ContextTypes, MessageHandler, filters

from botflight_harness import PTBHarness


@pytest.mark.key_assertion("the harness gives any update_id")
async def test_ptb_harness_allows_custom_update_id() -> None:
    """The update that a handler gets carries the update_id that the test asked for, for every kind of update."""
    seen: list[int] = []

    async def remember(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        seen.append(update.update_id)

    async with PTBHarness(Application.builder()) as harness:
        harness.application.add_handler(MessageHandler(filters.ALL, remember))
        harness.application.add_handler(CallbackQueryHandler(remember))
        await harness.process_message("hello", update_id=1001)
        await harness.process_command("start", update_id=7)
        await harness.process_callback("confirm", update_id=1001)

    assert seen == [1001, 7, 1001]


async def test_ptb_harness_numbers_updates_by_itself() -> None:
    """Without a wish, update_ids grow by one, also after one of the test's own."""
    async with PTBHarness(Application.builder()) as harness:
        numbers = [
            harness.create_message_update("one", update_id=5_000_000_000).update_id,
            harness.create_command_update("two").update_id,
            harness.create_callback_update("three").update_id,
        ]

    assert numbers == [5_000_000_000, 5_000_000_001, 5_000_000_002]
