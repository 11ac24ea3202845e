"""Whatever people and Telegram may send: no update fails, nobody meets silence, and the money adds up."""

from __future__ import annotations

import io
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random

from PIL import Image
from tests.fuzz.scene import Scene
from tests.fuzz.weather import FailingStore
from tests.prove.proof import Proof, Run
from tests.shop import open_shop

from botflight_harness.telegram import Telegram

UPDATES = 1_000
#: What fails around the bot: nothing, the store, Telegram.
WEATHERS = ("clear", "store", "telegram")
#: The default of the settings.
_AT_ONCE = 30
_ADMIN_ID = 900_000_001


def fuzz(updates: int, weather: str | None = None) -> Run:
    """So many updates through a service that is new, in some weather or in any."""

    async def run(chance: Random, _: Path) -> Counter[str]:
        sky = weather or chance.choice(WEATHERS)
        telegram = Telegram(seed=chance.randrange(10**6))
        telegram.bot()
        people = [
            telegram.user("Ada", user_id=_ADMIN_ID),
            telegram.user("Борис", language="ru"),
            telegram.user("<b>Cleo & co</b>", language="de"),
            telegram.user("Dana", language=""),
        ]
        picture = io.BytesIO()
        Image.new("RGB", (8, 8), "red").save(picture, "PNG")
        async with open_shop(
            telegram,
            impatient=True,
            daily_free_limit=chance.choice((0, 3)),
            directives=True,
            more={"USER_UPDATES_AT_ONCE": str(_AT_ONCE)},
            tampered=partial(FailingStore, chance=chance) if sky == "store" else lambda storage: storage,
        ) as shop:
            for person in people:
                await shop.gives(person, chance.choice((1, 3, 40, 400)))
            scene = Scene(chance, shop, people, picture.getvalue(), stormy=sky == "telegram")
            await scene.play(updates)
            await shop.service.service.idle()
            await scene.check_money()
        return scene.counts

    return run


FUZZ = (
    Proof(
        name="fuzz",
        claim="no update fails, every private message and every tap is answered, and the money adds up",
        run=fuzz(UPDATES),
        runs=20,
    ),
)
