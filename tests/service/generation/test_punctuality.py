"""Whether a file came in time, from the tap on confirm until Telegram took it."""

from __future__ import annotations

from botflight_harness.telegram import Person, Telegram
from shop import Shop


async def buys(shop: Shop, person: Person) -> None:
    """Pay for a picture, whose model usually takes 15 seconds."""
    await shop.gives(person, 20)
    await shop.opens_confirmation(person)
    await person.taps(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))


def counted(shop: Shop) -> dict[str, float]:
    """How the pictures kept their time."""
    return {
        timing: shop.telemetry.sample("botflight_generations_total", model="text_to_image", timing=timing)
        for timing in ("in_time", "late", "failed")
    }


async def test_a_picture_that_comes_soon_is_in_time(shop: Shop, alice: Person) -> None:
    """One delivery, measured once."""
    await buys(shop, alice)

    assert counted(shop) == {"in_time": 1, "late": 0, "failed": 0}
    assert shop.telemetry.sample("botflight_attempts_total", model="text_to_image", state="delivered") == 1
    assert shop.telemetry.sample("botflight_time_to_result_seconds_count", model="text_to_image") == 1


async def test_a_picture_that_telegram_takes_late_is_late(
    telegram: Telegram, impatient_shop: Shop, alice: Person
) -> None:
    """It was painted at once, but the user waited a minute for it."""
    telegram.faults.flood("sendPhoto", retry_after_s=60)

    await buys(impatient_shop, alice)

    assert counted(impatient_shop) == {"in_time": 0, "late": 1, "failed": 0}


async def test_a_picture_that_never_comes_is_failed(shop: Shop, alice: Person) -> None:
    """A failure is no picture in time."""
    shop.provider.fails("generation_failed")

    await buys(shop, alice)

    assert counted(shop) == {"in_time": 0, "late": 0, "failed": 1}


async def test_every_model_counts_from_the_start(shop: Shop) -> None:
    """A series that begins at 1 would hide the first failure."""
    models = {
        sample.labels["model"]
        for family in shop.telemetry.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "botflight_generations_total"
    }

    assert models >= {"text_to_image", "upscale"}
