import subprocess
import sys
from collections.abc import Callable

import pytest

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


def test_a_report_is_written_for_each_test(run: Run, pytester: pytest.Pytester) -> None:
    """A page with the chats, the calls and how it ended."""
    run(
        """
def test_bot(telegram, alice):
    alice.send_text("<b>hi</b>")
    send(telegram, alice, "Welcome")

def test_other(telegram):
    assert telegram is None
""",
        "--telegram-report=pages",
    )

    pages = {path.name: path.read_text() for path in (pytester.path / "pages").iterdir()}
    good, bad = (next(text for name, text in pages.items() if test in name) for test in ("test_bot", "test_other"))
    assert all(part in good for part in ("passed", "&lt;b&gt;hi", "Welcome", "sendMessage(chat_id="))
    assert "failed" in bad


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
