"""The files of compose.yaml, as far as they can be checked where no Docker is: schemas, names, and what leads where."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from tests.dashboards.reading import FOLDER, board

COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROVISIONING = FOLDER / "provisioning"


def read(path: str) -> Any:
    """A file of the provisioning."""
    return yaml.safe_load((PROVISIONING / path).read_text())


def test_compose_takes_the_file():
    """It fits the schema of the Compose specification."""
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())

    jsonschema.validate(COMPOSE, schema)


def test_everything_is_there():
    """The service, its database, and all that watches them."""
    assert set(SERVICES) == {
        *("service", "postgres", "prometheus", "tempo", "loki", "collector", "grafana"),
        "docs",
    }


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_and_waited_for_exists(name: str):
    """Each mounted file is in the tree, each volume and neighbour is declared, each image has a version."""
    service = SERVICES[name]

    for volume in service.get("volumes", []):
        source = volume.partition(":")[0]
        assert (FOLDER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], volume
    assert set(service.get("depends_on", [])) <= set(SERVICES)
    assert "build" in service or re.search(r":v?\d", service["image"])


def test_addresses_name_neighbours():
    """Whoever is called by a name is one of the services."""
    texts = [path.read_text() for path in [FOLDER / "compose.yaml", *PROVISIONING.rglob("*.yaml")]]

    called = {host for text in texts for host in re.findall(r"(?:http://|@)([a-z]+)[:/]", text)} - {"localhost"}

    assert called <= set(SERVICES)
    assert {"collector", "postgres", "prometheus", "tempo", "loki"} <= called


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
def test_promtool_takes_the_configuration():
    """Prometheus would start with it, and with the rules that it names."""
    file = str(FOLDER / "prometheus/prometheus.yaml")

    ran = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True, check=False)  # noqa: S607 - wherever the machine has it

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_prometheus_finds_the_service():
    """The target is the service's own port, under the job that alerts know."""
    (job,) = yaml.safe_load((FOLDER / "prometheus/prometheus.yaml").read_text())["scrape_configs"]

    assert job["job_name"] == "botflight"
    (targets,) = job["static_configs"]
    assert targets["targets"] == ["service:8080"]
    assert targets["labels"]["partner"] == SERVICES["service"]["environment"]["BOT_INSTANCE_ID"]
    assert "--enable-feature=exemplar-storage" in SERVICES["prometheus"]["command"]


def test_points_traces_and_lines_lead_to_each_other():
    """From a point of a panel to its trace, from a trace to its lines, and from a line back."""
    sources = {source["uid"]: source["jsonData"] for source in read("datasources/datasources.yaml")["datasources"]}

    (destination,) = sources["prometheus"]["exemplarTraceIdDestinations"]
    (derived,) = sources["loki"]["derivedFields"]

    # The label that our exemplars carry, and the field that our lines do.
    assert (destination["name"], destination["datasourceUid"]) == ("trace_id", "tempo")
    assert sources["tempo"]["tracesToLogsV2"]["datasourceUid"] == "loki"
    assert 'trace_id="$${__trace.traceId}"' in sources["tempo"]["tracesToLogsV2"]["query"]
    assert (derived["matcherRegex"], derived["datasourceUid"]) == ("trace_id", "tempo")


def test_grafana_finds_the_dashboards():
    """The folder that is provisioned is the one that is mounted, and one of its files is the first page."""
    (provider,) = read("dashboards/dashboards.yaml")["providers"]
    mounted = dict(volume.split(":")[:2][::-1] for volume in SERVICES["grafana"]["volumes"])
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    folder = provider["options"]["path"]

    assert mounted[folder] == "./grafana"
    assert board(FOLDER / "grafana" / home.name)["uid"] == "botflight-overview"
    assert str(home.parent) == folder


def test_the_collector_has_all_parts_of_its_pipelines():
    """What a pipeline names is configured, and what is configured is in a pipeline."""
    collector = read("collector.yaml")
    pipelines = collector["service"]["pipelines"].values()

    for part in ("receivers", "processors", "exporters"):
        assert {name for pipeline in pipelines for name in pipeline[part]} == set(collector[part])
    endpoint = SERVICES["service"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert endpoint.endswith(collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].partition(":")[2])


def test_links_lead_where_docs_are_served():
    """The address that dashboards begin with is that of the service `docs`."""
    (variable,) = (
        one for one in board(FOLDER / "grafana/overview.json")["templating"]["list"] if one["name"] == "docs"
    )

    assert variable["query"].endswith(SERVICES["docs"]["ports"][0].rpartition(":")[2])
    assert SERVICES["docs"]["volumes"] == ["../docs:/docs:ro"]


def test_no_password_is_written_down():
    """Secrets come from the environment, and their lack is said."""
    text = (FOLDER / "compose.yaml").read_text()

    assert "${POSTGRES_PASSWORD:?" in text
    assert not re.search(r"PASSWORD: [a-z0-9]", text)
