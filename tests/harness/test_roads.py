import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import TelegramError
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from botflight_harness import Endpoint, Person, PTBHarness, Road, Telegram, application_of
from botflight_harness.ptb import oversight
from botflight_harness.road import ROADS, WrongRoad
from botflight_harness.server.patience import NotTaken
from botflight_harness.telegram import ImpossibleAct

Context = ContextTypes.DEFAULT_TYPE
pytest_plugins = ["pytester"]
POSTED = ("in_process", "webhook", "webhook_url")


class Notes:
    """What reached the handlers of a bot."""

    def __init__(self) -> None:
        self.update_ids: list[int] = []
        self.texts: list[str] = []


@pytest.fixture
def notes() -> Notes:
    return Notes()


def bot_of(notes: Notes, *, at_once: int = 0) -> Application:
    """Build a bot that notes what it gets, answers texts, counts taps, and reminds after a minute."""

    async def start(update: Update, _: Context) -> None:
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Count", callback_data="count")]])
        await update.message.reply_text("Welcome: 0", reply_markup=keyboard)

    async def count(update: Update, context: Context) -> None:
        notes.update_ids.append(update.update_id)
        number = context.user_data["count"] = context.user_data.get("count", 0) + 1
        await update.callback_query.answer()
        await update.callback_query.edit_message_text(
            f"Welcome: {number}", reply_markup=update.callback_query.message.reply_markup
        )

    async def remind(update: Update, context: Context) -> None:
        context.job_queue.run_once(ring, 60, chat_id=update.effective_chat.id)

    async def ring(context: Context) -> None:
        await context.bot.send_message(context.job.chat_id, "Tea is ready")

    async def fail(_: Update, __: Context) -> None:
        raise LookupError("no tea")

    async def echo(update: Update, _: Context) -> None:
        notes.update_ids.append(update.update_id)
        notes.texts.append(update.message.text)
        await update.message.reply_text(f"You: {update.message.text}")

    builder = Application.builder().token("123456:a-token-of-no-use")
    application = builder.concurrent_updates(at_once).build() if at_once else builder.build()
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CommandHandler("remind", remind))
    application.add_handler(CommandHandler("fail", fail))
    application.add_handler(CallbackQueryHandler(count))
    application.add_handler(MessageHandler(filters.TEXT, echo))
    return application


async def test_one_body_runs_over_every_road(road: Road, alice: Person, notes: Notes) -> None:
    """What people do returns when it was handled, so that nothing needs to be waited for."""
    async with road(bot_of(notes)):
        await alice.sends("/start")
        await alice.taps("Count", times=3)
        await alice.sends("tea")

    assert [message.text for message in alice.screen if message.from_bot] == ["Welcome: 3", "You: tea"]
    assert len(notes.update_ids) == len(set(notes.update_ids)) == 4


async def test_an_update_id_of_ones_own_goes_any_road(road: Road, alice: Person, notes: Notes) -> None:
    """Also one that is far behind: on an idle week's end Telegram starts anew."""
    async with road(bot_of(notes)):
        await alice.sends("tea", update_id=900_000_000)
        await alice.sends("milk", update_id=7)

    assert notes.update_ids == [900_000_000, 7]


async def test_an_update_is_repeated(road: Road, alice: Person, notes: Notes) -> None:
    """The newest that there was, or any other, under the same update_id."""
    async with road(bot_of(notes)) as harness:
        await alice.sends("tea", update_id=5)
        first = harness.bot.updates.latest
        await harness.repeat()
        await alice.sends("milk", update_id=6)
        await harness.repeat(first, times=2)

    assert notes.update_ids == [5, 5, 6, 5, 5]


async def test_nothing_can_be_repeated_before_it_was(road: Road, notes: Notes) -> None:
    """A test that repeats nothing would show nothing."""
    async with road(bot_of(notes)) as harness:
        with pytest.raises(ImpossibleAct, match="never got an update"):
            await harness.repeat()


@pytest.mark.roads(*POSTED)
async def test_what_waits_comes_backwards(road: Road, alice: Person, notes: Notes) -> None:
    """Or in any order that the test names."""
    async with road(bot_of(notes)) as harness:
        for text in ("one", "two", "three"):
            alice.send_text(text)
        await harness.reorder()
        four, five = alice.send_text("four").update, alice.send_text("five").update
        await harness.reorder([five, four])

    assert notes.texts == ["three", "two", "one", "five", "four"]
    assert not list(harness.bot.updates)


@pytest.mark.roads(*POSTED)
async def test_an_acknowledgement_is_lost(road: Road, alice: Person, notes: Notes) -> None:
    """The bot took the update, and it comes again."""
    async with road(bot_of(notes)) as harness:
        harness.lose_acknowledgement()
        await alice.sends("tea", update_id=5)

    assert notes.update_ids == [5, 5]


@pytest.mark.roads("polling")
async def test_what_a_bot_that_polls_cannot_meet_is_said(road: Road, alice: Person, notes: Notes) -> None:
    """Updates come by their ids, and there is no acknowledgement but the next one."""
    async with road(bot_of(notes)) as harness:
        with pytest.raises(ImpossibleAct, match="getUpdates"):
            await harness.reorder()
        with pytest.raises(ImpossibleAct, match="use repeat"):
            harness.lose_acknowledgement()


async def test_what_waits_comes_at_the_same_moment(road: Road, telegram: Telegram, alice: Person, notes: Notes) -> None:
    """Eight taps, and whatever else was left waiting."""
    async with road(bot_of(notes, at_once=30)) as harness:
        await alice.sends("/start")
        await alice.taps("Count", times=8, together=True)
        for number in range(5):
            alice.send_text(f"text {number}")
        await harness.together()

    assert len(set(notes.update_ids)) == 13
    assert sorted(notes.texts) == [f"text {number}" for number in range(5)]


async def test_a_virtual_clock_drives_jobs_on_any_road(
    road: Road, telegram: Telegram, alice: Person, notes: Notes
) -> None:
    """A minute passes at once, and what it brings was sent when it has passed."""
    async with road(bot_of(notes)):
        await alice.sends("/remind")
        await telegram.clock.advance(seconds=59)
        early = [message.text for message in alice.screen]
        await telegram.clock.advance(seconds=1)

    assert early == ["/remind"]
    assert alice.last.text == "Tea is ready"


async def test_an_error_in_a_handler_is_expected_or_fails_the_test(
    road: Road, telegram: Telegram, alice: Person, notes: Notes
) -> None:
    """However the update came."""
    async with road(bot_of(notes)) as harness:
        with harness.expects_error(LookupError, match="no tea"):
            await alice.sends("/fail")
        await alice.sends("/fail")
        with pytest.raises(AssertionError, match="LookupError: no tea"):
            telegram.check()


async def test_a_refusal_reaches_the_bot_on_any_road(
    road: Road, telegram: Telegram, alice: Person, notes: Notes
) -> None:
    """Faults are Telegram's, whatever the transport."""
    telegram.faults.flood("sendMessage", retry_after_s=3)
    async with road(bot_of(notes)) as harness:
        with harness.expects_error(TelegramError, match="(?i)retry in 3"):
            await alice.sends("tea")
        await alice.sends("milk")

    assert [message.text for message in alice.screen] == ["tea", "milk", "You: milk"]


async def test_a_new_build_gets_what_the_old_one_did_not_take(road: Road, alice: Person, notes: Notes) -> None:
    """A restart on the same Telegram, by the same road."""
    async with road(bot_of(notes)) as harness:
        await alice.sends("one")
        alice.send_text("two")
        await harness.restart(bot_of(notes))
        await alice.sends("three")

    assert notes.texts == ["one", "two", "three"]


async def test_a_program_says_which_updates_it_wants(road: Road, telegram: Telegram, alice: Person) -> None:
    """What main() gives to run_polling holds on every road: without it nobody hears of members."""
    seen: list[str] = []

    async def note(update: Update, _: Context) -> None:
        seen.append("message" if update.message else "reaction")

    def main() -> None:
        application = Application.builder().token("123456:a-token-of-no-use").build()
        application.add_handler(MessageHandler(filters.ALL, note))
        application.run_polling(allowed_updates=["message"])

    async with road(application_of(main)) as harness:
        hello = await alice.sends("hello")
        await alice.edits(hello, "hi")

    assert seen == ["message"]
    assert harness.bot.updates.allowed == {"message"}


async def _posted(app_calls: list[int], request: Request) -> Response:
    app_calls.append((await request.json())["update_id"])
    return Response(status_code=200 if request.headers.get("x-telegram-bot-api-secret-token") == "s3cret" else 401)


@pytest.mark.roads("webhook", "webhook_url")
async def test_an_asgi_app_goes_both_roads_of_a_webhook(road: Road, alice: Person) -> None:
    """Posted to without sockets, and by an address."""
    got: list[int] = []

    async def hook(request: Request) -> Response:
        return await _posted(got, request)

    app = Starlette(routes=[Route("/hook", hook, methods=["POST"])])
    async with road(app, secret="s3cret", path="/hook") as harness:
        harness.lose_acknowledgement()
        await alice.sends("one", update_id=5)
        await alice.sends("two", update_id=6)
        await harness.repeat()

    assert got == [5, 5, 6, 6]


@pytest.mark.roads("webhook", "webhook_url", "polling")
async def test_a_bot_that_hangs_on_what_it_took_does_not_hang_the_test(
    road: Road, alice: Person, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has acknowledged, and goes on for ever: the wait has an end, and says what it waited for."""
    monkeypatch.setattr(oversight, "SETTLED_WITHIN_S", 0.05)
    goes_on = asyncio.Event()

    async def hang(_: Update, __: Context) -> None:
        await goes_on.wait()

    application = bot_of(notes)
    application.add_handler(CommandHandler("hang", hang), group=-1)
    async with road(application):
        with pytest.raises(AssertionError, match=r"still at work on what it took after 0\.05 real seconds"):
            await alice.sends("/hang")
        goes_on.set()


@pytest.fixture(scope="module")
def of_the_module() -> tuple[Application, Notes]:
    """A bot that is built once, as where its module is imported."""
    notes = Notes()
    return bot_of(notes), notes


async def test_a_bot_that_is_built_once_serves_many_tests(
    road: Road, alice: Person, of_the_module: tuple[Application, Notes]
) -> None:
    """Each has an event loop and a world of its own, and the application is in its module for good."""
    application, notes = of_the_module
    notes.texts.clear()

    async with road(application):
        await alice.sends("tea")

    assert notes.texts == ["tea"]


@pytest.mark.roads("webhook", "webhook_url")
async def test_an_asgi_app_may_have_an_application_inside(
    road: Road, telegram: Telegram, alice: Person, notes: Notes
) -> None:
    """It runs it and fills its queue; it calls the simulated Telegram, its errors and jobs are known."""
    inside = bot_of(notes)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with inside:
            await inside.start()
            yield
            await inside.stop()

    async def hook(request: Request) -> Response:
        await inside.update_queue.put(Update.de_json(await request.json(), inside.bot))
        return Response()

    app = Starlette(routes=[Route("/webhook", hook, methods=["POST"])], lifespan=lifespan)
    async with road(app, application=inside) as harness:
        await alice.sends("tea")
        answered = alice.last.text
        await alice.sends("/remind")
        await telegram.clock.advance(minutes=1)
        with harness.expects_error(LookupError):
            await alice.sends("/fail")

    assert answered == "You: tea"
    assert "Tea is ready" in [message.text for message in alice.screen]


BOT = """
import json, os, sys, urllib.request

def call(method, **parameters):
    url = f"{os.environ['TELEGRAM_API_URL']}/bot{os.environ['BOT_TOKEN']}/{method}"
    body = json.dumps(parameters).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))["result"]

def answer(update):
    text = update["message"]["text"]
    if text == "die":
        sys.exit("out of tea")
    call("sendMessage", chat_id=update["message"]["chat"]["id"], text=f"You: {text}")

offset = 0
while os.environ["ROAD"] == "polling":
    for update in call("getUpdates", offset=offset, timeout=10):
        offset = update["update_id"] + 1
        answer(update)

from http.server import BaseHTTPRequestHandler, HTTPServer

class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        right = self.headers["X-Telegram-Bot-Api-Secret-Token"] == os.environ["WEBHOOK_SECRET"]
        if right:
            answer(update)
        self.send_response(200 if right else 401)
        self.end_headers()

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Hook)
call("setWebhook", url=os.environ["WEBHOOK_URL"], secret_token=os.environ["WEBHOOK_SECRET"])
server.serve_forever()
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A bot without any library, as a program."""
    script = tmp_path / "bot.py"
    script.write_text(BOT)
    return [sys.executable, "-u", str(script)]


@pytest.mark.process
@pytest.mark.roads("webhook_url", "polling")
async def test_a_command_goes_the_roads_over_http(road: Road, alice: Person, command: list[str]) -> None:
    """A bot in any language, told by its environment where its Telegram is; it may be started anew."""
    async with road(command) as harness:
        await alice.sends("tea")
        await alice.sees("You: tea")
        await harness.repeat()
        await harness.restart()
        await alice.sends("milk")
        await alice.sees("You: milk")

    assert [message.text for message in alice.screen if message.from_bot] == ["You: tea"] * 2 + ["You: milk"]


@pytest.mark.process
@pytest.mark.roads("polling")
async def test_a_program_that_dies_fails_the_test_with_its_last_words(
    road: Road, telegram: Telegram, alice: Person, command: list[str]
) -> None:
    """Nobody has to guess why nothing came."""
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(road(command))
        with pytest.raises(NotTaken):
            await alice.sends("die")
        telegram.sole_bot().updates.clear()
        with pytest.raises(AssertionError, match=r"ended by itself: RuntimeError: code 1\n.*out of tea"):
            await stack.aclose()


@pytest.mark.roads("polling")
async def test_a_program_that_does_not_start_says_why(road: Road) -> None:
    """At once, and not when patience has run out."""
    with pytest.raises(AssertionError, match=r"it ended with code 3\nno token"):
        async with road([sys.executable, "-c", "print('no token'); raise SystemExit(3)"]):
            pass


@pytest.mark.roads("webhook_url")
async def test_a_program_that_goes_another_road_is_told(road: Road, alice: Person, command: list[str]) -> None:
    """Two roads that are one would show nothing."""
    with pytest.raises(AssertionError, match=r"goes the road polling, and is told .* to go webhook"):
        async with road(["env", "ROAD=polling", *command]):
            pass


@pytest.mark.roads("webhook", "webhook_url")
async def test_the_secret_that_an_app_has_set_itself_holds(road: Road, telegram: Telegram, alice: Person) -> None:
    """Also where it gave an address of production: it is posted to where it is served."""
    got: list[str | None] = []
    inside = Application.builder().token("123456:a-token-of-no-use").updater(None).build()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with inside:
            await inside.bot.set_webhook("https://bot.example.com/webhook", secret_token="of-its-own")
            await inside.start()
            yield
            await inside.stop()

    async def hook(request: Request) -> Response:
        got.append(request.headers.get("x-telegram-bot-api-secret-token"))
        return Response()

    app = Starlette(routes=[Route("/webhook", hook, methods=["POST"])], lifespan=lifespan)
    async with road(app, application=inside):
        await alice.sends("tea")

    assert got == ["of-its-own"]


def test_a_road_that_there_is_not_is_told(telegram: Telegram) -> None:
    """Without pytest, too."""
    with pytest.raises(ValueError, match="no road telepathy; there are in_process, webhook, webhook_url, polling"):
        PTBHarness(Application.builder(), telegram, road="telepathy")


@pytest.mark.roads("polling")
async def test_a_coroutine_is_a_program_too(road: Road, alice: Person, notes: Notes) -> None:
    """Such as a main() of another framework in the same process."""
    told: list[Endpoint] = []

    async def main(endpoint: Endpoint) -> None:
        told.append(endpoint)
        application = (
            Application.builder()
            .token(endpoint.token)
            .base_url(f"{endpoint.api_url}/bot")
            .base_file_url(f"{endpoint.api_url}/file/bot")
            .build()
        )
        application.add_handlers(bot_of(notes).handlers)
        async with application:
            await application.start()
            await application.updater.start_polling()
            try:
                await asyncio.Event().wait()
            finally:
                await application.updater.stop()
                await application.stop()

    async with road(main):
        await alice.sends("tea")
        await alice.sees("You: tea")

    assert told[0].road == "polling"


@pytest.mark.parametrize(
    ("bot", "fitting"), [(["bot"], '"webhook_url", "polling"'), (Starlette(), '"webhook", "webhook_url"')]
)
def test_a_bot_that_cannot_go_a_road_is_told_which_it_can(telegram: Telegram, bot: object, fitting: str) -> None:
    """In the words of the marker that mends it."""
    with pytest.raises(WrongRoad, match=rf"in_process: @pytest.mark.roads\({fitting}\)"):
        Road("in_process", telegram)(bot)


Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a test file in a pytest of its own, in this process, with this plugin alone."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(body: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(body)
        plugin = ("-p", "botflight_harness.pytest_plugin", "-p", "no:cacheprovider")
        return pytester.runpytest_inprocess(*plugin, *options)

    return run


SIMPLE = """
import pytest

def test_all(road):
    assert road.name

@pytest.mark.roads("webhook", "polling")
def test_two(road):
    assert road.name in {"webhook", "polling"}
"""


def test_a_marker_says_which_roads(run: Run) -> None:
    """All four without one."""
    result = run(SIMPLE, "-v")

    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines([f"*test_all[[]{road}] PASSED*" for road in ROADS])


def test_an_option_narrows_the_roads(run: Run) -> None:
    """Those of the marker, and those of tests without one."""
    run(SIMPLE, "-v", "--roads=polling,in_process").assert_outcomes(passed=3)


def test_a_road_that_is_misspelled_is_told(run: Run) -> None:
    """Before any test has run."""
    result = run('import pytest\n\n@pytest.mark.roads("telepathy")\ndef test_all(road): pass\n')

    assert result.ret != 0
    result.stdout.fnmatch_lines(["*no road 'telepathy'; there are in_process, webhook, webhook_url, polling*"])


def test_a_fixture_of_ones_own_named_road_is_left_alone(run: Run) -> None:
    """Names of fixtures are the tests' own."""
    result = run(
        'import pytest\n\n@pytest.fixture\ndef road(): return "mine"\n\ndef test_mine(road): assert road == "mine"\n'
    )

    result.assert_outcomes(passed=1)
