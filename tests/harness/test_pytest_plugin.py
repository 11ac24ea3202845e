import subprocess
import sys
from collections.abc import Callable

import pytest

from botflight_harness import Telegram

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]

BOT = """
import pytest
from botflight_harness import NotModelled, Refusal

URL = "https://example.com/a.png"

def send(telegram, person, text):
    return telegram.call(telegram.sole_bot().token, "sendMessage", {"chat_id": person.user_id, "text": text})
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a test file in a pytest of its own, in this process, with this plugin alone."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # There pytest's summary repeats each error whole.
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)

    def run(body: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(BOT + body)
        plugin = ("-p", "botflight_harness.pytest_plugin", "-p", "no:cacheprovider")
        return pytester.runpytest_inprocess(*plugin, *options)

    return run


def test_a_call_that_is_not_modelled_fails_the_test(run: Run) -> None:
    """A bot that swallows the error is caught all the same."""
    result = run("""
def test_bot(telegram):
    try:
        bot, alice = telegram.bot(), telegram.user("Alice")
        alice.send_text("/start")
        telegram.call(bot.token, "sendPhoto", {"chat_id": alice.user_id, "photo": URL})
    except NotModelled:
        pass
""")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*not modelled: sendPhoto with a URL*"])


def test_a_fault_that_was_never_used_fails_the_test(run: Run) -> None:
    """A test that asked for a fault wants to see it."""
    result = run("""
def test_bot(telegram):
    telegram.faults.flood("sendMessage", retry_after_s=3)
""")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*fault never used: sendMessage*retry after 3*"])


def test_a_failure_shows_the_chat_and_the_calls(run: Run) -> None:
    """What people saw and what the bot called stand below the failure."""
    result = run("""
def test_bot(telegram, alice):
    alice.send_text("/start")
    send(telegram, alice, "Welcome")
    assert alice.last.text == "Goodbye"
""")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- Telegram -*", "*Alice: /start*", "*Welcome*", "*sendMessage(chat_id=*"])


def test_a_failure_ends_at_the_tests_own_line(run: Run) -> None:
    """Not in the harness's: its error says what was wanted, and shows the chat and the calls once."""
    result = run("""
def test_bot(telegram, alice):
    alice.send_text("/start")
    send(telegram, alice, "Welcome")
    alice.tap("Hlep")
""")

    told = result.stdout.str()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [">*alice.tap(*", "E*sees no button 'Hlep'", "E*Alice: /start", "*test_*.py:*: ImpossibleAct"]
    )
    assert "people.py" not in told
    assert told.count("Alice: /start") == 1
    assert told.count("sendMessage(chat_id=") == 1


def test_with_full_trace_nothing_is_left_out(run: Run) -> None:
    """Who looks for a mistake of the harness sees its lines."""
    result = run('def test_bot(alice):\n    alice.tap("Help")\n', "--full-trace")

    assert "people.py" in result.stdout.str()


def test_an_error_that_was_swallowed_is_shown_where_it_was_raised(run: Run) -> None:
    """The bot's own line, and not only the words of the error."""
    result = run("""
from botflight_harness.mishaps import Mishaps

def handler():
    raise LookupError("no tea")

def test_bot(telegram):
    try:
        handler()
    except LookupError as error:
        Mishaps(telegram).report("a handler failed", error)
""")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">*raise LookupError(*", "*direct cause*", "E*a handler failed: LookupError: no tea*"])
    assert "entries are hidden" not in result.stdout.str()


def test_a_failure_is_told_once(run: Run) -> None:
    """What was swallowed before an assertion failed stands below it, and is no second error."""
    result = run("""
def test_bot(telegram):
    with pytest.raises(NotModelled):
        bot, alice = telegram.bot(), telegram.user("Alice")
        alice.send_text("/start")
        telegram.call(bot.token, "sendPhoto", {"chat_id": alice.user_id, "photo": URL})
    assert False
""")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- Telegram -*", "not modelled: sendPhoto with a URL*"])


def test_a_sound_test_passes(run: Run) -> None:
    """Refusals are a part of life: a test that handles them passes."""
    result = run("""
def test_bot(telegram, alice, bob):
    alice.send_text("/start")
    send(telegram, alice, "Welcome")
    with pytest.raises(Refusal):
        send(telegram, bob, "Welcome")
""")

    result.assert_outcomes(passed=1)


def test_the_same_test_sees_the_same_world(run: Run) -> None:
    """Ids, tokens and dates are the same in every run."""
    result = run("""
seen = []

@pytest.mark.parametrize("number", [1, 2])
def test_bot(telegram, alice, number):
    alice.send_text("/start")
    seen.append((telegram.sole_bot().token, alice.user_id, send(telegram, alice, "Welcome")))
    assert seen[0] == seen[-1]
""")

    result.assert_outcomes(passed=2)


def test_a_token_that_is_printed_fails_the_test(run: Run) -> None:
    """Also in a log line; the failure does not print it again."""
    result = run("""
import logging

def test_prints(telegram):
    print("the token is", telegram.bot().token)

def test_logs(telegram):
    logging.getLogger("httpx").warning("POST /bot%s/getMe", telegram.bot().token)

def test_tells_nothing(telegram):
    print("the bot is", telegram.bot().username)
""")

    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["*a secret was told*", "*<secret>*"])
    assert Telegram().bot().token not in result.stdout.str()


def test_a_token_in_a_span_or_a_label_fails_any_test(run: Run) -> None:
    """Without a capture, too: what is global is looked through after every test with a Telegram."""
    result = run("""
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import REGISTRY, Counter

if not isinstance(trace.get_tracer_provider(), TracerProvider):
    trace.set_tracer_provider(TracerProvider())
CALLS = Counter("plugin_calls", "Calls", ["url"])

def test_span(telegram):
    with trace.get_tracer("bot").start_as_current_span("POST", attributes={"url": telegram.bot().token}):
        pass

def test_label(telegram):
    CALLS.labels(f"/bot{telegram.bot().token}/getMe").inc()
    CALLS.labels("/botX/getMe")

def test_fails(telegram):
    with trace.get_tracer("bot").start_as_current_span("POST"):
        with trace.get_tracer("bot").start_as_current_span("handler"):
            assert False

def test_after(telegram):
    REGISTRY.unregister(CALLS)
    with trace.get_tracer("bot").start_as_current_span("POST", attributes={"url": "/bot<token>/getMe"}):
        pass

""")

    result.assert_outcomes(failed=3, passed=1)
    result.stdout.fnmatch_lines(["span 'POST': *<secret>*", "metric plugin_calls_total: *<secret>*"])
    result.stdout.fnmatch_lines(["*- Spans -*", "POST*", "  handler*"])
    assert Telegram().bot().token not in result.stdout.str()


def test_a_report_is_written_for_each_test(run: Run, pytester: pytest.Pytester, png: bytes) -> None:
    """A page with the chats, pictures included, the calls, and how it ended; and one that lists them."""
    run(
        f"""
PNG = {png!r}

def test_good(telegram, alice):
    alice.send_text("<b>hi</b>")
    alice.send_file("photo", PNG, file_name="a.png")
    send(telegram, alice, "Welcome")

def test_bad(telegram, alice):
    telegram.faults.refuse("sendMessage", Refusal(500, "Internal Server Error"))
    with pytest.raises(Refusal):
        send(telegram, alice, "Welcome")
    telegram.faults.flood("sendPhoto")
    assert telegram is None

def test_shy(telegram, alice):
    alice.send_text(telegram.sole_bot().token)
""",
        "--telegram-report=pages",
    )

    pages = {path.name: path.read_text() for path in (pytester.path / "pages").iterdir()}
    index = pages.pop("index.html")
    good, bad, shy = (
        next(text for name, text in pages.items() if test in name) for test in ("test_good", "test_bad", "test_shy")
    )
    assert all(part in good for part in ("passed", "&lt;b&gt;hi", "Welcome", "sendMessage(chat_id=", "data:image/png"))
    assert "How it failed" not in good
    assert all(part in bad for part in ("failed", "assert &lt;", "fault never used: sendPhoto", 'class="amiss"'))
    assert Telegram().bot().token not in shy
    assert "3 tests with a simulated Telegram, 1 failed" in index
    assert index.index("test_bad") < index.index("test_good")


@pytest.mark.process
def test_a_start_of_pytest_loads_no_bot_framework() -> None:
    """The plugin is loaded at every start of pytest, so what is heavy waits for the first test that needs it."""
    code = (
        "import sys, botflight_harness.pytest_plugin, botflight_harness as harness\n"
        "heavy = {'telegram', 'aiohttp', 'starlette', 'orjson', 'botflight_harness.telegram'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stderr) == (0, "")
