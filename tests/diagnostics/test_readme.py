import re
from pathlib import Path

import httpx
import orjson
from starlette.applications import Starlette

README = Path(__file__).parents[2] / "diagnostics/README.md"
PREFLIGHT, TELEMETRY = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def run(block):
    names = {}
    exec(compile(block, str(README), "exec"), names)  # noqa: S102 - our own README is what is tested
    return names


async def test_the_preflight_of_the_readme_works():
    """What the README shows serves a page with a section of its own."""
    app = Starlette(routes=[run(PREFLIGHT)["route"]])
    headers = {"Authorization": "Bearer your token"}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/__diag", headers=headers)

    assert answer.json()["sections"]["disk"]["details"].startswith("free=")


def test_the_telemetry_of_the_readme_works(capsysbinary, monkeypatch):
    """What the README shows writes a line with the ids of its trace."""
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)

    run(TELEMETRY)

    line = orjson.loads(capsysbinary.readouterr().out)
    assert (line["event"], line["items"], len(line["trace_id"])) == ("ORDER_TAKEN", 3, 32)
