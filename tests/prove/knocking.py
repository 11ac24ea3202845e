"""Requests to every address of the service and the harness: never a 500 nor a hang, no secret told, no limit broken."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzz import wire
from tests.fuzz.doors import BotApiKnocks, Doors, every_address
from tests.fuzz.knocks import Oddities
from tests.fuzz.objects import words
from tests.kie_shop import confirms, open_kie, open_kie_shop
from tests.prove.proof import Proof, Run, none
from tests.shop import DIAG_TOKEN, PARTNER, SECRET, open_shop

from botflight_diagnostics.console.access import MAX_FORM_BYTES
from botflight_diagnostics.mute_routes import MAX_BODY_BYTES as MUTES
from botflight_diagnostics.mute_routes import MUTES_PATH
from botflight_harness.control import Worlds
from botflight_harness.control.routes import BODY_LIMIT_BYTES as CONTROL
from botflight_harness.server import application, bot_api
from botflight_harness.server.forms import BODY_LIMIT_BYTES as BOT_API
from botflight_harness.telegram import Telegram
from botflight_harness.web.page import chat_page
from botflight_service.web.provider_callback import MAX_BODY_BYTES as CALLBACK
from botflight_service.web.server import listen, serving
from botflight_service.web.webhook import MAX_BODY_BYTES as WEBHOOK

REQUESTS = 1_000
#: How often what comes to the webhook has at least the outline of an update.
_UPDATES = 0.3
#: Who is kept out of the service's addresses: names of headers and what is right in them.
_KEYS = (
    (("x-telegram-bot-api-secret-token", SECRET),),
    (("authorization", f"Bearer {DIAG_TOKEN}"),),
    (("x-diag-token", DIAG_TOKEN),),
    (),
)
#: What is right in some body.
_WORDS = words("code reason for_s until_ms BPF_ATTEMPT_STALE token chat from id type data text message date private")


def at_the_service(requests: int) -> Run:
    """So many requests to a service that sells."""

    async def run(chance: Random, _: Path) -> Counter[str]:
        telegram = Telegram(seed=chance.randrange(10**6))
        bot = telegram.bot()
        async with open_kie(telegram) as kie, open_kie_shop(telegram, kie) as shop:
            person = telegram.user("Ada")
            await confirms(shop, person)
            (task,) = kie.tasks.values()
            called = str(task.callback_url).partition("8080")[2]
            app = shop.service.asgi
            doors = Doors(
                chance,
                app,
                secrets=(bot.token, SECRET, DIAG_TOKEN, kie.key),
                limits={"/webhook": WEBHOOK, "/provider": CALLBACK, MUTES_PATH: MUTES},
                limit=MAX_FORM_BYTES,
            )
            known = (*_WORDS, task.task_id, str(person.user_id), PARTNER, *called.split("/")[-2:])
            odd = Oddities(chance, known=known)
            there = [*every_address(app), (called, ("POST",))]
            for _number in range(requests):
                await doors.try_one(odd.knock(*chance.choice(there), headers=chance.choice(_KEYS)))
                if chance.random() < _UPDATES:
                    await doors.try_one(odd.update("/webhook", headers=_KEYS[0]))
            await shop.service.service.idle()
            # What was taken for an update is done, whatever it was.
            undone = [f"undone: {queued.envelope.payload!r}" for queued in await shop.storage.undone(PARTNER)]
            none([*undone, *await shop.storage.violations()])
            updates = Counter(str(line["outcome"]) for line in shop.updates())
        return doors.counts + updates

    return run


def on_the_wire(connections: int) -> Run:
    """So many connections to the service's own server, of which each is sent what no client should send."""

    async def run(chance: Random, _: Path) -> Counter[str]:
        telegram = Telegram(seed=chance.randrange(10**6))
        bot, counts = telegram.bot(), Counter[str]()
        async with open_shop(telegram) as shop:
            listener = listen("127.0.0.1", 0)
            async with serving(shop.service.asgi, listener, doors=shop.service.doors):
                for _number in range(connections):
                    sent = wire.bytes_of(chance, secret=SECRET)
                    try:
                        came = await wire.exchanged(listener.getsockname(), sent, chance)
                    except TimeoutError:
                        raise AssertionError(f"the connection was left open after {sent!r}") from None
                    found = wire.statuses(came)
                    told = [secret for secret in (bot.token, SECRET, DIAG_TOKEN) if secret.encode() in came]
                    if "500" in found or told:
                        raise AssertionError(f"{came!r} to {sent!r}")
                    counts += Counter(found) + Counter(connections=1)
                alive = await wire.exchanged(listener.getsockname(), b"GET /livez HTTP/1.0\r\n\r\n", Random(1))
                assert wire.statuses(alive) == ["200"], alive
            await shop.service.service.idle()
            none([f"undone: {queued.envelope.payload!r}" for queued in await shop.storage.undone(PARTNER)])
        return counts

    return run


def at_the_harness(requests: int) -> Run:
    """So many requests to a simulated Telegram: half of the runs with people who act, half with a bot that polls."""

    async def run(chance: Random, _: Path) -> Counter[str]:
        telegram = Telegram(seed=chance.randrange(10**6))
        bot, people = telegram.bot(), [telegram.user("Ada"), telegram.user("Борис", language="ru")]
        telegram.group("Friends", *people, bot)
        for person in people:
            person.send_text("/start")
        api, worlds = bot_api(telegram), Worlds("1")
        app = application(api, *chat_page(api, bot, title="Chats"), *worlds.routes(api), at_end=worlds.close)
        doors = Doors(chance, app, secrets=(), limits={"/bot": BOT_API}, limit=CONTROL)
        known = (bot.token, str(people[0].user_id), "getMe", "sendMessage", "text", "chat_id")
        odd, calls = Oddities(chance, known=known), BotApiKnocks(chance, telegram, acts=chance.random() < 0.5)
        # A stream reads on for as long as it lasts, and keeps nothing: a body without an end is its client's own loss.
        there = [one for one in every_address(app) if not one[0].endswith("/events")]
        for _number in range(requests):
            told = odd.knock(*chance.choice(there), headers=(("host", "127.0.0.1"),))
            await doors.try_one(calls.draw() if chance.random() < 0.6 else told)
        await worlds.close()
        await api.roads.close()
        return doors.counts

    return run


_CLAIM = "no request is answered by a 500 or not at all, tells a secret, or has more read than its address takes"
KNOCKING = (
    Proof(name="fuzz-service", claim=_CLAIM, run=at_the_service(REQUESTS), runs=20),
    Proof(name="fuzz-wire", claim=_CLAIM, run=on_the_wire(REQUESTS), runs=5),
    Proof(name="fuzz-harness", claim=_CLAIM, run=at_the_harness(REQUESTS), runs=20),
)
