from __future__ import annotations

import pytest

from botflight_service.bot.callback_data import Answer, GoBack
from botflight_service.generation import catalog
from botflight_service.session import Draft
from guest import Guest


async def test_the_models_are_listed(free_guest: Guest) -> None:
    """The list has each model with its price, and what is free today."""
    reply = await free_guest.taps("models")

    assert reply.action == "list_models"
    assert "🎨 Picture from text · 5 credits" in free_guest.labels
    assert "Free today: 2 of 2" in free_guest.screen.text


async def test_a_model_introduces_itself_with_its_first_question(guest: Guest) -> None:
    """One sees what it does, what it costs, and what is asked first."""
    reply = await guest.taps("model:text_to_image")

    assert reply.action == "choose_model"
    assert "Price: 5 credits" in guest.screen.text
    assert "Step 1 of 2" in guest.screen.text
    assert "What should be in the picture?" in guest.screen.text
    assert guest.session.draft == Draft(model="text_to_image", step="prompt")


async def test_a_text_answers_the_question_and_the_next_is_asked(guest: Guest) -> None:
    """The answer is kept, and the next question comes with its buttons."""
    await guest.taps("model:text_to_image")

    reply = await guest.writes(" a red fox ")

    assert reply.outcome == "OK"
    assert guest.session.draft == Draft(model="text_to_image", inputs={"prompt": "a red fox"}, step="shape")
    assert "Square 1:1" in guest.labels


async def test_a_photo_answers_a_question_for_a_photo(guest: Guest) -> None:
    """The file id is what is kept of a photo."""
    await guest.taps("model:image_to_image")

    await guest.shows("file-9")

    assert guest.session.draft == Draft(model="image_to_image", inputs={"photo": "file-9"}, step="prompt")


async def test_words_below_a_photo_answer_the_next_question(guest: Guest) -> None:
    """Who sends the photo and says at once what to change is not asked for it again."""
    await guest.taps("model:image_to_image")

    await guest.shows("file-9", caption="make it winter")

    assert "✅ Confirm" in guest.labels
    assert guest.session.draft
    assert guest.session.draft.inputs == {"photo": "file-9", "prompt": "make it winter"}


async def test_words_below_a_photo_that_do_not_fit_keep_the_photo(guest: Guest) -> None:
    """Only the words are asked for again."""
    await guest.taps("model:image_to_image")

    reply = await guest.shows("file-9", caption="x" * 1501)

    assert reply.outcome == "INVALID_INPUT"
    assert guest.session.draft == Draft(model="image_to_image", inputs={"photo": "file-9"}, step="prompt")


async def test_words_below_a_photo_are_no_choice(guest: Guest) -> None:
    """Where the next question wants a button, the caption is let be."""
    await guest.taps("model:upscale")

    reply = await guest.shows("file-9", caption="bigger please")

    assert reply.outcome == "OK"
    assert "4 times" in guest.labels


async def test_a_number_is_tapped_or_written(guest: Guest) -> None:
    """A preset and a typed number are the same answer."""
    await guest.taps("model:text_to_audio")
    await guest.writes("rain")
    await guest.writes("7")
    written = guest.session.draft
    await guest.presses("Back")

    await guest.presses("10")

    assert written
    assert written.inputs == {"prompt": "rain", "seconds": "7"}
    assert guest.session.draft
    assert guest.session.draft.inputs == {"prompt": "rain", "seconds": "10"}


@pytest.mark.parametrize("key", [model.key for model in catalog.load().models])
async def test_every_model_can_be_walked_through_to_the_confirm_screen(guest: Guest, key: str) -> None:
    """Whatever is sold, answering every question ends at a screen that asks to confirm."""
    model = catalog.load().find(key)
    assert model
    await guest.taps(f"model:{key}")

    for asked in model.inputs:
        if asked.type == "text":
            await guest.writes("something nice")
        elif asked.type == "photo":
            await guest.shows()
        else:
            await guest.taps(guest.screen.keyboard[0][0].data)

    assert "✅ Confirm" in guest.labels
    assert "Is everything right?" in guest.screen.text


@pytest.mark.parametrize(
    ("text", "told", "outcome"),
    [
        ("x" * 1501, "That is too long: 1501 characters, and 1500 fit.", "INVALID_INPUT"),
        (" ", "There is no text in this message.", "INVALID_INPUT"),
    ],
)
async def test_a_text_that_does_not_fit_is_explained_and_asked_again(
    guest: Guest, text: str, told: str, outcome: str
) -> None:
    """A bad answer says what is wrong, repeats the question and offers the main menu."""
    await guest.taps("model:text_to_image")

    reply = await guest.writes(text)

    assert reply.outcome == outcome
    assert told in guest.screen.text
    assert "What should be in the picture?" in guest.screen.text
    assert "🏠 Main menu" in guest.labels
    assert guest.session.draft == Draft(model="text_to_image", step="prompt")


@pytest.mark.parametrize(
    ("text", "told"),
    [("50", "pick one from 1 to 22"), ("ten", "That is not a whole number."), ("2.5", "That is not a whole number.")],
)
async def test_a_number_that_does_not_fit_is_explained(guest: Guest, text: str, told: str) -> None:
    """The range is said with the complaint."""
    await guest.taps("model:text_to_audio")
    await guest.writes("rain")

    reply = await guest.writes(text)

    assert reply.outcome == "INVALID_INPUT"
    assert told in guest.screen.text


async def test_a_photo_where_words_are_awaited_is_explained(guest: Guest) -> None:
    """The draft is kept, and the question asked again."""
    await guest.taps("model:text_to_image")

    reply = await guest.shows()

    assert reply.outcome == "UNEXPECTED_INPUT"
    assert "That is a photo, and I am waiting for words." in guest.screen.text
    assert guest.session.draft == Draft(model="text_to_image", step="prompt")


async def test_words_where_a_photo_is_awaited_are_explained(guest: Guest) -> None:
    """The other way round as well."""
    await guest.taps("model:upscale")

    reply = await guest.writes("my cat")

    assert reply.outcome == "UNEXPECTED_INPUT"
    assert "I am waiting for a photo." in guest.screen.text


async def test_a_prompt_of_html_is_shown_as_it_was_written(guest: Guest) -> None:
    """What users write opens no tag on any screen."""
    await guest.reaches_confirm("<b>bold</b> & <script>")

    assert "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;" in guest.screen.text


async def test_back_asks_the_question_before(guest: Guest) -> None:
    """Its answer is forgotten, those before it are kept."""
    await guest.taps("model:text_to_video")
    await guest.writes("a storm")
    await guest.presses("Square")

    await guest.presses("Back")

    assert guest.session.draft == Draft(model="text_to_video", inputs={"prompt": "a storm"}, step="shape")


async def test_back_from_the_confirm_screen_asks_the_last_question(guest: Guest) -> None:
    """The offer of the screen that was left no longer stands."""
    await guest.reaches_confirm()

    await guest.presses("Back")

    assert guest.session.draft == Draft(model="text_to_image", inputs={"prompt": "a red fox"}, step="shape")


async def test_back_from_the_first_question_shows_the_models(guest: Guest) -> None:
    """There the choice is made anew, and the draft is gone."""
    await guest.taps("model:text_to_image")

    reply = await guest.presses("Back")

    assert reply.action == "go_back"
    assert "What shall we make?" in guest.screen.text
    assert guest.session.draft is None


@pytest.mark.parametrize(
    "old",
    [
        Answer("text_to_image", "shape", "1:1"),
        Answer("text_to_video", "shape", "1:1"),
        GoBack("text_to_image", "prompt"),
        GoBack("text_to_image", "-"),
    ],
    ids=["answered already", "another model", "back from a question that is over", "back from confirm"],
)
async def test_an_old_button_changes_nothing(guest: Guest, old: Answer | GoBack) -> None:
    """A button of a question that no longer stands says so, and the question that stands is asked again."""
    await guest.taps("model:text_to_audio")
    await guest.writes("rain")
    before = guest.session.draft

    reply = await guest.taps(old)

    assert reply.outcome == "EXPIRED_BUTTON"
    assert reply.toast == "This button has expired: the tap changed nothing, and nothing was charged."
    assert guest.session.draft == before
    assert "How many seconds should it last?" in guest.screen.text


async def test_a_choice_that_is_no_longer_offered_is_explained(guest: Guest) -> None:
    """A button from before the catalogue changed is no answer any more."""
    await guest.taps("model:text_to_image")
    await guest.writes("a red fox")

    reply = await guest.taps("answer:text_to_image:shape:21:9")

    assert reply.outcome == "INVALID_INPUT"
    assert "I do not have that one." in guest.screen.text


async def test_an_answer_without_a_draft_has_expired(guest: Guest) -> None:
    """After the menu was opened, an old question's button leads back to the menu."""
    reply = await guest.taps(Answer("text_to_image", "shape", "1:1"))

    assert reply.outcome == "EXPIRED_BUTTON"
    assert "This button has expired: the tap changed nothing, and nothing was charged." in guest.screen.text
    assert "✨ Generate" in guest.labels


async def test_a_model_that_is_gone_is_said_to_be(guest: Guest) -> None:
    """A button of a model that is no longer sold leads to the menu."""
    reply = await guest.taps("model:sold_out")

    assert reply.outcome == "MODEL_GONE"
    assert "no longer on offer" in guest.screen.text
    assert guest.session.draft is None


async def test_text_at_the_confirm_screen_draws_it_again(guest: Guest) -> None:
    """The same offer stands: the button of the earlier screen works as well."""
    await guest.reaches_confirm()
    task_id = guest.task_id

    reply = await guest.writes("make it blue")

    assert reply.outcome == "UNEXPECTED_INPUT"
    assert "please confirm it or go back" in guest.screen.text
    assert guest.task_id == task_id


async def test_a_look_at_the_balance_keeps_the_draft(guest: Guest) -> None:
    """In the middle of a draft one may look elsewhere, and a button leads back to the question."""
    await guest.taps("model:text_to_image")
    await guest.commands("/balance")

    reply = await guest.presses("Back to my order")

    assert reply.action == "resume_draft"
    assert "What should be in the picture?" in guest.screen.text


async def test_resuming_nothing_has_expired(guest: Guest) -> None:
    """The way back to a draft that is gone leads to the menu."""
    reply = await guest.taps("resume")

    assert reply.outcome == "EXPIRED_BUTTON"
