from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from botflight_harness import Telegram, Update
from botflight_harness.telegram import UpdateQueue, schema

PRIMITIVES = {"Integer": int, "String": str, "Boolean": bool, "True": bool, "Float": (int, float)}


def complaints(type_name: str, value: Any, path: str) -> list[str]:
    """Return where a value departs from the published type; of several types the nearest counts."""
    if type_name.startswith("["):
        if not isinstance(value, list):
            return [f"{path}: {value!r} is no array"]
        inner = type_name[1:-1]
        return [found for number, item in enumerate(value) for found in complaints(inner, item, f"{path}[{number}]")]
    if type_name == "RichText" and isinstance(value, str | list):
        # The schema names the objects only; a text may be a string or an array of texts as well.
        return [found for item in value if isinstance(value, list) for found in complaints("RichText", item, path)]
    if "|" in type_name:
        return min((complaints(one, value, path) for one in type_name.split("|")), key=len)
    if type_name in PRIMITIVES:
        return [] if isinstance(value, PRIMITIVES[type_name]) else [f"{path}: {value!r} is no {type_name}"]
    if isinstance(schema.load().types[type_name], list):
        return min((complaints(one, value, path) for one in schema.load().types[type_name]), key=len, default=[])
    fields = schema.load().fields(type_name)
    if not isinstance(value, Mapping):
        return [f"{path}: {value!r} is no {type_name}"]
    found = [f"{path}.{name}: not in {type_name}" for name in value.keys() - fields.keys()]
    required = [name for name, field in fields.items() if field.required]
    found += [f"{path}.{name}: missing" for name in required if name not in value]
    for name in value.keys() & fields.keys():
        found += complaints(fields[name].type, value[name], f"{path}.{name}")
    return found


@pytest.fixture(name="complaints")
def complaints_() -> Callable[[str, Any, str], list[str]]:
    return complaints


@pytest.fixture(autouse=True)
def _published_shapes(telegram: Telegram, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold every answer and every update of every test here to the published schema."""
    updates: list[Update] = []
    make = UpdateQueue.make

    def made(self: UpdateQueue, *arguments: Any, **options: Any) -> Update:
        updates.append(make(self, *arguments, **options))
        return updates[-1]

    monkeypatch.setattr(UpdateQueue, "make", made)
    yield
    found = [found for update in updates for found in complaints("Update", update.as_json(), update.kind)]
    for call in telegram.calls:
        method = schema.load().method(call.method)
        if method is not None and not call.error:
            found += complaints(method.returns, call.result, call.method)
    assert found == []
