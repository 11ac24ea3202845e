from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from botflight_harness import BotAccount, Telegram
from botflight_harness.control import ROOT, Worlds
from botflight_harness.server import application, bot_api, serving

PRIMITIVES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list}


def departures(schema: Mapping[str, Any], value: Any, path: str = "answer") -> list[str]:
    """Return where a value departs from a JSON Schema, as far as the document uses it."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, PRIMITIVES[kind]) for kind in kinds):
        return [f"{path}: {value!r} is no {schema['type']}"]
    found = [f"{path}.{name}: missing" for name in schema.get("required", ()) if name not in value]
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        found += [one for name in value.keys() & parts.keys() for one in departures(parts[name], value[name], name)]
    if isinstance(value, list):
        found += [one for item in value for one in departures(schema["items"], item, f"{path}[]")]
    return found


@dataclass
class Driver:
    """A test in another language: it knows an address and the document that is served there."""

    session: aiohttp.ClientSession
    url: str
    telegram: Telegram
    document: dict[str, Any] = field(default_factory=dict)
    #: the operations that have answered as the document says
    done: set[str] = field(default_factory=set)

    async def get(self, path: str, **query: Any) -> Any:
        """Ask for something, and return the answer."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, **body: Any) -> Any:
        """Have something done, and return the answer."""
        return await self._ask("POST", path, json=body)

    async def delete(self, path: str) -> Any:
        """Have something forgotten."""
        return await self._ask("DELETE", path)

    async def refused(self, path: str, **body: Any) -> tuple[int, str]:
        """Ask for what cannot be, and return the status and the words."""
        async with self.session.post(f"{self.url}{ROOT}{path}", json=body) as response:
            return response.status, (await response.json())["error"]

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        async with self.session.request(method, f"{self.url}{ROOT}{path}", **options) as response:
            answer = await response.json()
        assert response.status == 200, answer
        told = self._operation(method.lower(), path)
        schema = told["responses"]["200"]["content"]["application/json"]["schema"]
        assert departures(schema, answer) == []
        self.done.add(told["operationId"])
        return answer

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        parts = path.split("/")
        for template, operations in self.document["paths"].items():
            wanted = template.split("/")
            fits = len(wanted) == len(parts) and all(
                one == other or one.startswith("{") for one, other in zip(wanted, parts, strict=True)
            )
            if fits and method in operations:
                return operations[method]
        raise AssertionError(f"{method} {path} is not in the document")


@pytest.fixture
def bot(telegram: Telegram) -> BotAccount:
    return telegram.bot()


@pytest.fixture
async def driver(telegram: Telegram, bot: BotAccount) -> AsyncIterator[Driver]:
    """A server with the control API."""
    assert bot is telegram.sole_bot()
    api, worlds = bot_api(telegram), Worlds("1.2.3")
    app = application(api, *worlds.routes(api), at_end=worlds.close)
    async with aiohttp.ClientSession() as session, serving(app) as address:
        driver = Driver(session, address.url, telegram)
        async with session.get(f"{address.url}{ROOT}/openapi.json") as response:
            driver.document = await response.json()
        yield driver
