"""The command line: pages that a person can work from, exit codes, and nothing loaded that was not asked for."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from botflight_service import app, sandbox
from botflight_service.__main__ import COMMANDS, main
from botflight_service.commands.progress import Progress
from botflight_service.config import Settings, env_example

TOKEN = "110201543:ABCdefGHIjklMNOpqrSTUvwxYZ123456789"
SECRET = "s3cret-that-nobody-may-ever-see"
SERVING = {"TELEGRAM_BOT_TOKEN": TOKEN, "WEBHOOK_BASE_URL": "https://bot.example.com", "WEBHOOK_SECRET": SECRET}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and none of our settings in the environment."""
    for name in Settings().masked():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set what the process's environment holds."""

    def fill(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return fill


@pytest.mark.parametrize("arguments", [["--help"], *([command.name, "--help"] for command in COMMANDS)], ids=" ".join)
def test_each_command_has_a_page_to_work_from(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What it does, an example and the exit codes, without a setting and without a traceback."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    page = capsys.readouterr().out
    assert ended.value.code == 0
    assert "usage:" in page
    if arguments[0] != "harness":
        assert "example" in page
        assert "exit code" in page


@pytest.mark.parametrize("action", ["export", "import", "check", "migrate"])
def test_each_storage_action_says_what_it_does(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`botflight storage export --help` is a page as well."""
    with pytest.raises(SystemExit):
        main(["storage", action, "--help"])

    assert len(capsys.readouterr().out.splitlines()) > 4


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command, help goes to standard error and the exit code says that nothing was done."""
    code = main([])

    page = capsys.readouterr().err
    assert code == 2
    assert all(f"  {command.name}  " in page or f"  {command.name} " in page for command in COMMANDS)


def test_a_slip_gets_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command names the one that was probably meant."""
    code = main(["sandbax"])

    assert code == 2
    assert "did you mean sandbox?" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`botflight --version` is what a report of a fault begins with."""
    code = main(["--version"])

    assert code == 0
    assert capsys.readouterr().out.startswith("botflight 0.")


def test_help_loads_nothing_heavy() -> None:
    """No framework, no database, no picture library, no asyncio for a page of text."""
    heavy = ("asyncio", "aiohttp", "pydantic", "telegram", "PIL", "sqlite3", "importlib.metadata", "starlette")
    script = (
        "import sys\nfrom botflight_service.__main__ import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ended.stderr.strip() == "[]"


def test_a_check_loads_what_reads_settings_and_opens_a_store() -> None:
    """How soon `check` is done is a matter of what it imports: no bot library, no web server, no telemetry."""
    pydantic = {"annotated_types", "dotenv", "pydantic", "pydantic_core", "pydantic_settings", "typing_inspection"}
    known = pydantic | {"botflight_diagnostics", "botflight_service", "orjson", "typing_extensions"}
    script = (
        "import sys\nbefore = set(sys.modules)\nfrom botflight_service.__main__ import main\nmain(['check'])\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names\n"
        f"print([name for name in loaded - {known} if not name.startswith('_')], file=sys.stderr)"
    )

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "store: opens" in ended.stdout
    assert ended.stderr.strip() == "[]"


@pytest.mark.parametrize("command", ["serve", "polling"])
def test_missing_settings_end_with_one_message_and_2(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All that is missing is named at once, with an example, and there is no traceback."""
    code = main([command])

    told = capsys.readouterr().err
    assert code == 2
    assert "TELEGRAM_BOT_TOKEN is not set" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(("command", "name"), [("serve", "serve"), ("polling", "poll")])
def test_with_all_settings_the_service_is_run(
    command: str, name: str, environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the service returns is the exit code."""
    environment(**SERVING)
    given: list[Settings] = []
    monkeypatch.setattr(app, name, lambda settings, *_: given.append(settings) or 7)

    code = main([command])

    assert code == 7
    assert given[0].partner == "bot110201543"


def test_the_folder_of_the_default_store_is_made(
    folder: Path, environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names no store need not make a folder for it."""
    environment(**SERVING)
    monkeypatch.setattr(app, "serve", lambda *_: 0)

    main(["serve"])

    assert (folder / "data").is_dir()


def test_a_folder_that_cannot_be_made_is_one_clear_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file where the folder should be is no traceback."""
    (folder / "data").write_text("in the way")

    code = main(["storage", "check"])

    told = capsys.readouterr().err
    assert code == 2
    assert len(told.splitlines()) == 1
    assert "DATABASE_URL" in told


def test_the_sandbox_takes_its_options(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Host, port, pace and folder reach it; the folder is made."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(sandbox, "run", lambda **options: given.update(options) or 0)

    code = main(["sandbox", "--host", "127.0.0.2", "--port", "9000", "--pace", "0", "--data-dir", "kept"])

    assert code == 0
    assert given == {"host": "127.0.0.2", "port": 9000, "pace": 0.0, "data_dir": Path("kept")}
    assert (folder / "kept").is_dir()


@pytest.mark.parametrize(
    "arguments",
    [["--port", "70000"], ["--port", "x"], ["--pace", "-1"], ["--pace", "nan"], ["--pace", "fast"], ["--nope"]],
    ids=" ".join,
)
def test_bad_options_of_the_sandbox_end_with_2(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong stands in the last line."""
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", *arguments])

    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err.splitlines()[-1]


def test_ctrl_c_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """130, as shells have it."""

    def interrupted(**_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(sandbox, "run", interrupted)

    assert main(["sandbox"]) == 130


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who installed the harness alone is told what the bot needs."""
    monkeypatch.setitem(sys.modules, "botflight_service.commands.serve", None)
    monkeypatch.setattr("botflight_service.__main__.import_module", _without_pydantic)

    with pytest.raises(SystemExit) as ended:
        main(["serve"])

    assert ended.value.code == 2
    assert "pip install 'botflight[service]'" in capsys.readouterr().err


def _without_pydantic(_: str) -> None:
    raise ModuleNotFoundError("No module named 'pydantic'", name="pydantic")


def test_check_shows_settings_masked_and_what_is_missing(
    environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every setting has a line, no secret shows, and what `serve` still needs is listed."""
    environment(TELEGRAM_BOT_TOKEN=TOKEN, DIAG_TOKEN=SECRET)

    code = main(["check"])

    told = capsys.readouterr().out
    assert code == 0
    assert TOKEN not in told
    assert SECRET not in told
    assert "polling: ready" in told
    assert "serve: cannot start yet" in told
    assert "WEBHOOK_SECRET is not set" in told


def test_check_for_one_mode_judges_that_mode(
    environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A script asks for what it is about to start."""
    environment(TELEGRAM_BOT_TOKEN=TOKEN)

    code = main(["check", "--for", "serve"])

    assert code == 2
    assert "polling:" not in capsys.readouterr().out


def test_check_tells_that_the_store_does_not_open(
    folder: Path, environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no store ends with 2 and its reason."""
    (folder / "notes.sqlite").write_text("dear diary, " * 100)
    environment(**SERVING, DATABASE_URL="sqlite:notes.sqlite")

    code = main(["check"])

    assert code == 2
    assert "notes.sqlite" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ({}, "provider: local. KIE_API_KEY is not set"),
        ({"KIE_API_KEY": "a-key"}, "provider: kie at https://api.kie.ai, which calls back at https://bot.example.com"),
    ],
)
def test_check_says_who_makes_the_files(
    environment: Callable[..., None], capsys: pytest.CaptureFixture[str], key: dict[str, str], told: str
) -> None:
    """Nobody sells drawings for pictures by mistake."""
    environment(**SERVING, **key)

    code = main(["check"])

    assert code == 0
    assert told in capsys.readouterr().out


def test_check_tells_what_is_sold_and_a_price_of_nothing(
    environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Prices of this partner are shown; one for a model that is not sold ends with 2."""
    environment(**SERVING, PRICES="upscale=2.5")
    good = main(["check"])
    shown = capsys.readouterr().out
    environment(**SERVING, PRICES="upscaling=2.5")

    bad = main(["check"])

    assert (good, bad) == (0, 2)
    assert "upscale 2.5" in shown
    assert "PRICES names what is not sold: upscaling" in capsys.readouterr().out


def test_a_price_of_nothing_stops_the_start(
    environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says which, and there is no traceback."""
    environment(**SERVING, PRICES="upscaling=2.5", PORT="0")

    code = main(["serve"])

    assert (code, capsys.readouterr().err.splitlines()[-1][:48]) == (
        2,
        "botflight: PRICES names what is not sold: upscal",
    )


def test_check_prints_an_env_file_to_fill_in(capsys: pytest.CaptureFixture[str]) -> None:
    """`botflight check --env-example > .env` is a beginning."""
    code = main(["check", "--env-example"])

    assert code == 0
    assert capsys.readouterr().out == env_example()


def test_a_store_goes_to_a_file_and_into_another_store(
    environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Export, then import into an empty store, then check it."""
    environment(DATABASE_URL="sqlite:old.sqlite")
    exported = main(["storage", "export", "backup.jsonl"])
    environment(DATABASE_URL="sqlite:new.sqlite")
    imported = main(["storage", "import", "backup.jsonl"])
    checked = main(["storage", "check"])

    told = capsys.readouterr()
    assert (exported, imported, checked) == (0, 0, 0)
    assert "every invariant holds" in told.out


def test_an_export_does_not_replace_a_file_unless_forced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A backup is not lost by a slip."""
    (folder / "backup.jsonl").write_text("precious")

    refused = main(["storage", "export", "backup.jsonl"])
    kept = (folder / "backup.jsonl").read_text()
    forced = main(["storage", "export", "--force", "backup.jsonl"])

    assert (refused, forced) == (2, 0)
    assert kept == "precious"
    assert "--force" in capsys.readouterr().err


def test_an_archive_goes_through_pipes(folder: Path) -> None:
    """`-` is standard output and standard input, for compression and for another machine."""
    botflight = [sys.executable, "-m", "botflight_service", "storage"]
    archive = subprocess.run([*botflight, "export", "-"], capture_output=True, check=True)

    ended = subprocess.run(
        [*botflight, "import", "-"],
        input=archive.stdout,
        capture_output=True,
        check=False,
        env={"DATABASE_URL": "sqlite:new.sqlite"},
    )

    assert archive.stdout.startswith(b'{"format"')
    assert (ended.returncode, ended.stdout) == (0, b"")
    assert (folder / "new.sqlite").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["storage", "import", "nowhere.jsonl"], "nowhere.jsonl"),
        (["storage", "import", "broken.jsonl"], "line 1"),
        (["storage", "export", "nowhere/x.jsonl"], "nowhere"),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else "",
)
def test_a_file_that_cannot_be_used_is_one_clear_line(
    arguments: Sequence[str], reason: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing, damaged or unwritable: which file, and why, with exit code 2."""
    (folder / "broken.jsonl").write_text("no archive")

    code = main(arguments)

    told = capsys.readouterr().err
    assert code == 2
    assert len(told.splitlines()) == 1
    assert reason in told


def test_storage_without_an_action_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing happens to a store by half a command."""
    with pytest.raises(SystemExit) as ended:
        main(["storage"])

    assert ended.value.code == 2
    assert "ACTION" in capsys.readouterr().err


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        """True."""
        return True


def test_a_bar_is_drawn_on_a_terminal_and_cleaned_up() -> None:
    """It shows how far the work is, and leaves an empty line."""
    terminal = Terminal()

    with Progress(terminal, "reading") as progress:
        progress(50, 100)

    assert " 50%" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_bar_is_drawn_ten_times_a_second_at_most() -> None:
    """However often it is called."""
    terminal, now_s = Terminal(), iter([0.0, 0.05, 0.09, 0.11])

    with Progress(terminal, "reading", clock_s=lambda: next(now_s)) as progress:
        for done in range(4):
            progress(done, 4)

    assert terminal.getvalue().count("reading") == 2


def test_an_unknown_total_is_a_count() -> None:
    """An export does not know how many records will come."""
    terminal = Terminal()

    with Progress(terminal, "records") as progress:
        progress(1500, 0)

    assert "records 1,500" in terminal.getvalue()


def test_where_nobody_looks_there_is_no_bar() -> None:
    """Logs stay clean."""
    log = io.StringIO()

    with Progress(log, "reading") as progress:
        progress(1, 2)

    assert not log.getvalue()
