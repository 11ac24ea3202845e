import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from botflight_diagnostics.run_billing_preflight import main

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


def test_an_empty_store_is_ready(capsys):
    """The command opens the store, looks for itself and ends with 0."""
    assert main([]) == 0

    assert capsys.readouterr().out.startswith("Billing preflight: READY\n\n  db           OK ")


def test_json_is_the_payload(capsys):
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


@pytest.mark.parametrize("arguments", [["--ignore", "BPF_NOTHING"], ["--url", "ftp://x"], ["--what"]])
def test_wrong_arguments_are_refused(arguments):
    """What the command does not know ends it with 2 and the usage."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
