import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from botflight_diagnostics.run_billing_preflight import main
from botflight_service.storage import open_storage
from botflight_service.storage.sql.schema import SCHEMA_VERSION
from makings import NOW_MS, attempt, work

READY = {"result": "READY", "sections": {"db": {"status": "OK"}}, "age_ms": 0}
FAIL = {"result": "FAIL", "sections": {"db": {"status": "FAIL"}}, "age_ms": 0}
TOKEN = "a-token-of-sixteen-characters"


class FakeService:
    """A service on loopback that answers its preflight page."""

    def __init__(self) -> None:
        self.status = 200
        self.told = READY
        self.headers: dict[str, str] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.headers = dict(self.headers)
                self.send_response(service.status)
                self.end_headers()
                self.wfile.write(json.dumps(service.told).encode())

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    thread = threading.Thread(target=service.server.serve_forever, args=(0.005,))
    thread.start()
    yield service
    service.server.shutdown()
    service.server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """A working directory of one's own, and the settings of an empty store in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_INSTANCE_ID", "partner01")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:{tmp_path}/store.sqlite")
    monkeypatch.delenv("DIAG_TOKEN", raising=False)
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)


@pytest.fixture
def store(tmp_path):
    """An empty store, which nobody holds."""
    asyncio.run(_opened_once(f"sqlite:{tmp_path}/store.sqlite"))
    return tmp_path / "store.sqlite"


async def _opened_once(url: str, *works) -> None:
    storage = open_storage(url, clock=lambda: NOW_MS)
    await storage.open()
    for one in works:
        await storage.commit(one)
    await storage.close()


@pytest.fixture
def stale(store):
    """A store with an attempt that nobody has touched for long."""
    old = attempt(partner="partner01", created_at_ms=1, changed_at_ms=1)
    asyncio.run(_opened_once(f"sqlite:{store}", work(partner="partner01", attempt=old)))
    return store


def test_an_empty_store_is_ready(capsys, store):
    """The command opens the store, looks for itself and ends with 0."""
    assert main([]) == 0

    assert capsys.readouterr().out.startswith("Billing preflight: READY\n\n  db           OK ")


def test_json_is_the_payload(capsys, store):
    """For machines the whole payload is printed, and nothing else."""
    main(["--json"])

    payload = json.loads(capsys.readouterr().out)
    assert (payload["result"], payload["sections"]["tenants"]["meta"]["storage_partner"]) == ("READY", "p***01")


def test_missing_settings_are_told(capsys, monkeypatch):
    """Without a partner the command says what to set, and ends with 2."""
    monkeypatch.delenv("BOT_INSTANCE_ID")

    assert main([]) == 2
    assert "BOT_INSTANCE_ID is not set" in capsys.readouterr().err


def test_a_store_that_cannot_be_opened_is_told_in_a_line(capsys, monkeypatch, service):
    """What the store says is shown as it is, without a traceback."""
    service.status = 404
    monkeypatch.setenv("PORT", str(service.server.server_port))
    monkeypatch.setenv("DATABASE_URL", "sqlite:nowhere/store.sqlite")

    assert main([]) == 2

    error = capsys.readouterr().err
    assert ("nowhere" in error, "Traceback" in error, error.count("\n")) == (True, False, 1)


def test_a_store_that_is_not_there_is_not_made(capsys, tmp_path):
    """Looking makes nothing; one line says what makes a store."""
    assert main([]) == 2

    assert "`botflight storage migrate` makes one" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_schema_that_is_older_is_found_and_left(capsys, store):
    """A store of another version is looked at as it is: that is the finding, and what needs it is skipped."""
    with sqlite3.connect(store) as older:
        older.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    older.close()

    codes = [main(["--json"]) for _ in range(2)]

    payload = json.loads(capsys.readouterr().out.partition("}\n{")[0] + "}")
    assert codes == [2, 2]
    db = payload["sections"]["db"]
    assert (db["code"], db["observed"], db["expected"]) == (
        "BPF_DB_SCHEMA_MISMATCH",
        SCHEMA_VERSION - 1,
        SCHEMA_VERSION,
    )
    assert payload["sections"]["attempts"]["details"] == "skipped: db failed"


def test_a_server_that_is_not_there_is_a_finding(capsys, monkeypatch):
    """PostgreSQL away is what preflight is for: a table with how to fix it, not an error."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")

    assert main([]) == 2

    told = capsys.readouterr().out
    assert "BPF_DB_UNREACHABLE (critical)" in told
    assert "Start the database" in told


def test_warnings_end_with_1_and_ignored_ones_with_0(capsys, stale):
    """The exit code follows the result, of what is not ignored and of the sections that are asked for."""
    assert main([]) == 1
    assert main(["--ignore", "BPF_ATTEMPT_STALE"]) == 0
    assert main(["--section", "db", "--section", "users"]) == 0
    assert main(["--section", "attempts"]) == 1

    assert capsys.readouterr().out.count("BPF_ATTEMPT_STALE (warning)") == 2


def test_a_muted_finding_does_not_count_until_it_is_unmuted(capsys, stale):
    """Muted in the store by one run, heeded by the next, and told with its reason."""
    muted = main(["mute", "BPF_ATTEMPT_STALE", "--for", "2h", "--reason", "the provider is down"])
    after = main([])
    listed = main(["mutes"])
    unmuted = [main(["unmute", "BPF_ATTEMPT_STALE"]) for _ in range(2)]

    told = capsys.readouterr().out
    assert (muted, after, listed, unmuted, main([])) == (0, 0, 0, [0, 2], 1)
    assert told.startswith("muted: BPF_ATTEMPT_STALE until ")
    assert "BPF_ATTEMPT_STALE (muted)" in told
    assert told.count(", up to 1: the provider is down\n") == 2
    assert told.endswith("BPF_ATTEMPT_STALE counts again\nBPF_ATTEMPT_STALE was not muted\n")


def test_a_mute_may_end_at_an_instant(capsys, stale, monkeypatch):
    """An end without a zone is in that of the settings."""
    monkeypatch.setenv("TIME_ZONE", "Europe/Moscow")
    tomorrow = datetime.now(UTC).replace(hour=21, minute=0) + timedelta(days=1)

    code = main(["mute", "BPF_ATTEMPT_STALE", "--until", f"{tomorrow:%Y-%m-%d}T12:00", "--reason", "x"])

    assert code == 0
    assert f"until {tomorrow:%Y-%m-%d} 09:00 UTC" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["mute", "BPF_DB_SLOW", "--for", "2h", "--reason", "x"], "not found now"),
        (["mute", "BPF_DB_SLOW", "--for", "31d", "--reason", "x", "--up-to", "1"], "within 30 days"),
        (["mute", "BPF_DB_SLOW", "--until", "2020-01-01", "--reason", "x", "--up-to", "1"], "ends after now"),
        (["mute", "BPF_DB_SLOW", "--for", "2h", "--reason", " ", "--up-to", "1"], "say why"),
    ],
)
def test_what_is_no_mute_is_told_in_a_line(capsys, store, arguments, told):
    """One line says what to do, nothing is kept."""
    assert main(arguments) == 2
    assert told in capsys.readouterr().err

    main(["mutes"])
    assert capsys.readouterr().out == "nothing is muted\n"


def test_a_mute_of_the_services_own_is_kept_up_to_a_number(capsys, store):
    """What the service finds of itself is not known to the command, yet can be muted before a known work."""
    code = main(["mute", "SVC_WEBHOOK_PENDING", "--for", "30m", "--reason", "moving house", "--up-to", "1"])

    assert (code, "SVC_WEBHOOK_PENDING until" in capsys.readouterr().out) == (0, True)


def test_a_store_of_another_version_keeps_no_mutes(capsys, store):
    """Nothing is written where the tables may be others."""
    with sqlite3.connect(store) as older:
        older.execute("PRAGMA user_version = 1")
    older.close()

    assert main(["mute", "BPF_DB_SLOW", "--for", "2h", "--reason", "x", "--up-to", "1"]) == 2
    assert "run `botflight storage migrate` first" in capsys.readouterr().err


def test_the_service_that_holds_the_store_is_asked(capsys, monkeypatch, service):
    """When the store cannot be opened the service at HOST and PORT answers in its place."""
    monkeypatch.setenv("PORT", str(service.server.server_port))
    monkeypatch.setenv("DATABASE_URL", "sqlite:nowhere/store.sqlite")

    assert main([]) == 0
    assert "without its DIAG_TOKEN" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "told", "code"), [(200, READY, 0), (503, FAIL, 2)])
def test_a_service_is_asked_by_its_address(capsys, service, status, told, code):
    """The result and the exit code are what the service tells."""
    service.status, service.told = status, told

    assert main(["--url", service.url]) == code
    assert capsys.readouterr().out.startswith(f"Billing preflight: {told['result']}\n")


def test_the_token_is_shown_to_the_service(service, monkeypatch):
    """With DIAG_TOKEN set the service tells the details."""
    monkeypatch.setenv("DIAG_TOKEN", TOKEN)

    main(["--url", service.url])

    assert service.headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_refusal_is_told(service, capsys):
    """A wrong token is told as such."""
    service.status = 401

    assert main(["--url", service.url]) == 2
    assert "HTTP 401. Is DIAG_TOKEN the one of that service?" in capsys.readouterr().err


def test_nobody_there_is_told(capsys):
    """An address where nobody listens is one clear line."""
    assert main(["--url", "http://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err.startswith("no preflight at http://127.0.0.1:1")


@pytest.mark.parametrize("told", [[], {}, {"result": "PERFECT", "sections": {}}, "READY"])
def test_an_answer_that_is_none_is_told(service, capsys, told):
    """Some other service at that address is no traceback."""
    service.told = told

    assert main(["--url", service.url]) == 2
    assert "no preflight at" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--ignore", "BPF_NOTHING"],
        ["--section", "moon"],
        ["--url", "ftp://x"],
        ["--what"],
        ["mute", "BPF_NOTHING", "--for", "2h", "--reason", "x"],
        ["mute", "BPF_DB_SLOW", "--reason", "x"],
        ["mute", "BPF_DB_SLOW", "--for", "soon", "--reason", "x"],
        ["mute", "BPF_DB_SLOW", "--until", "soon", "--reason", "x"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_refused(store, arguments):
    """What the command does not know ends it with 2 and the usage."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
