"""A trace whose parent is long gone: it links to what led to it, over the end of a process too."""

from __future__ import annotations

from pathlib import Path

from botflight_harness.telegram import Person, Telegram
from shop import Shop, open_shop


async def confirms(shop: Shop, person: Person) -> None:
    """Pay for a picture, and do not wait for it."""
    await shop.gives(person, 20)
    await shop.opens_confirmation(person)
    act = person.tap(next(data for data in person.last.callback_data if data.startswith("confirm_generation:")))
    await shop.harness.courier.carry(act.updates)


async def test_a_delivery_after_a_restart_links_to_the_tap_before_it(
    telegram: Telegram, alice: Person, tmp_path: Path
) -> None:
    """The next run takes the attempt up: its trace and that of the message name the span of the tap on confirm."""
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    async with open_shop(telegram, database_url=url) as shop:
        shop.provider.hangs()
        await confirms(shop, alice)
        await alice.sees("queue")
        before = shop.telemetry
    confirmed = next(span.context.trace_id for span in before.spans("handler confirm_generation"))

    async with open_shop(telegram, database_url=url) as shop:
        await alice.sees("It did not work out")
        await shop.service.service.idle()
        after = shop.telemetry

    linked = {span.name: [link.context.trace_id for link in span.links] for span in after.spans() if span.links}
    assert linked["generate"] == [confirmed]
    assert linked["deliver message"] == [confirmed]
    assert confirmed not in {span.context.trace_id for span in after.spans()}
