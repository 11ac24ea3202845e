import re
from pathlib import Path

import httpx

DOCUMENT = Path(__file__).parents[3] / "docs/console.md"
(BLOCK,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)


async def test_the_application_of_the_document_works():
    """What the document shows serves the page and its plots, for an application that is no bot."""
    names = {}
    exec(compile(BLOCK, str(DOCUMENT), "exec"), names)  # noqa: S102 - our own document is what is tested
    names["orders"].labels("OK").inc()
    names["console"].sample()

    transport = httpx.ASGITransport(names["app"])
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        page = await client.get("/__diag/")
        state = await client.get("/__diag/console/state", headers={"X-Diag-Token": "your token"})

    told = state.json()
    assert "<title>Console</title>" in page.text
    assert "Orders" in [plot["title"] for plot in told["history"]["plots"]]
    assert told["preflights"] == [{"title": "Shop", "report": None}]
