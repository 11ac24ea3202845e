from __future__ import annotations

from botflight_service.session import Draft
from guest import Guest


async def test_a_choice_of_language_is_kept(guest: Guest) -> None:
    """From the tap on, everything is said in that language, whatever Telegram says of the user."""
    await guest.commands("/language")

    reply = await guest.presses("Русский")

    assert reply.toast == "Теперь говорю по-русски."
    assert guest.session.language == "ru"
    assert "✓ Русский" in guest.labels
    await guest.commands("/menu")
    assert "Главное меню" in guest.screen.text


async def test_the_language_may_change_in_the_middle_of_a_draft(guest: Guest) -> None:
    """The draft is kept, and the question comes in the new language."""
    await guest.taps("model:text_to_image")
    await guest.commands("/language")
    await guest.presses("Русский")

    await guest.presses("Вернуться к заказу")

    assert guest.session.draft == Draft(model="text_to_image", step="prompt")
    assert "Что должно быть на картинке?" in guest.screen.text


async def test_a_language_that_is_not_spoken_has_expired(guest: Guest) -> None:
    """A button for a language that is gone changes nothing."""
    reply = await guest.taps("language:tlh")

    assert reply.outcome == "EXPIRED_BUTTON"
    assert guest.session.language is None
