"""Whoever is short of credits always has a way back to the menu."""

from __future__ import annotations

import pytest

from botflight_service.bot import texts
from botflight_service.bot.keyboards import top_up_menu_keyboard
from botflight_service.session import Draft


@pytest.mark.key_assertion("short of credits there is a way to the menu")
@pytest.mark.parametrize("draft", [None, Draft(model="text_to_image")], ids=["no_draft", "draft"])
def test_topup_menu_keyboard_includes_main_menu_ru(draft: Draft | None) -> None:
    """The Russian keyboard ends with the main menu, whether or not there is an order to go back to."""
    language = texts.load().speak("ru")

    keyboard = top_up_menu_keyboard(language, draft=draft)

    assert [(button.label, button.data) for button in keyboard[-1]] == [("🏠 Главное меню", "menu")]
