"""Every address of the service and of the harness, knocked at with whatever may come, and what must hold then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import orjson
from starlette.applications import Starlette
from tests.fuzz.knocks import CHUNK, Answer, Knock, Oddities, addresses, knock
from tests.fuzz.objects import Objects

from botflight_harness.control.routes import ROOT, operations
from botflight_harness.telegram import Telegram, schema

_INTERNAL_ERROR = 500


class Doors:
    """An app under fuzz. Raises AssertionError once an answer is not as it must be."""

    def __init__(
        self,
        chance: Random,
        app: Starlette,
        *,
        secrets: Sequence[str],
        limits: Mapping[str, int],
        limit: int,
        state: dict[str, Any] | None = None,
    ) -> None:
        self._chance = chance
        self._app = app
        self._secrets = [secret.encode() for secret in secrets]
        self._limits = limits
        self._limit = limit
        self._state = state or {}
        #: How often each status was answered.
        self.counts: Counter[str] = Counter()

    async def try_one(self, one: Knock) -> Answer:
        """Knock once."""
        try:
            answer = await knock(self._app, one, state=dict(self._state))
        except TimeoutError:
            raise AssertionError(f"no answer to {one}") from None
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error} at {one}") from error
        if answer.status == _INTERNAL_ERROR:
            raise AssertionError(f"500 to {one}: {answer.body[:300]!r}")
        if answer.status == 0 and one.fate == "whole":
            raise AssertionError(f"nothing was answered to {one}")
        asked = f"{one.path}{one.headers}{one.body!r}{one.query!r}".encode()
        if any(secret in answer.head + answer.body and secret not in asked for secret in self._secrets):
            raise AssertionError(f"a secret is in the answer to {one}")
        limit = next((most for path, most in self._limits.items() if one.path.startswith(path)), self._limit)
        if answer.read > limit + len(CHUNK):
            raise AssertionError(f"{answer.read} bytes were read of {one}")
        self.counts += Counter({"requests": 1, f"{answer.status}": 1})
        return answer


class BotApiKnocks:
    """Calls of the Bot API and acts of people, of which most could be."""

    def __init__(self, chance: Random, telegram: Telegram, *, acts: bool) -> None:
        self._chance = chance
        self._telegram = telegram
        #: People who act wait for a bot that polls, which nobody is here: either they act, or the bot polls.
        self._acts = acts
        self._methods = sorted(set(schema.load().methods.values()) - ({"getUpdates"} if acts else set()))

    def draw(self) -> Knock:
        """A request."""
        return self._chance.choice((self._call, self._call, self._act) if self._acts else (self._call,))()

    def _call(self) -> Knock:
        token = next(iter(self._telegram.bots))
        method = schema.load().method(self._chance.choice(self._methods))
        assert method is not None
        fields = [one for one in method.parameters.values() if one.required or self._chance.random() < 0.3]
        values = {one.name: self._parameter(one) for one in fields}
        if method.name == "getUpdates":
            values |= {"timeout": 0}
        if method.name == "setWebhook":
            values |= {"url": ""}
        return self._posted(f"/bot{token}/{method.name}", values)

    def _parameter(self, one: schema.Field) -> Any:
        chats = [chat_id for chat_id, _ in self._telegram.chats]
        if self._chance.random() < 0.1:
            return Oddities(self._chance, known=()).value()
        if one.name in {"chat_id", "user_id", "from_chat_id"} and chats:
            return self._chance.choice(chats)
        if one.name.endswith("message_id"):
            return self._chance.randint(0, 200)
        if one.kind == "file":
            return self._chance.choice(("attach://a", "AgAC", "https://example.com/x.png"))
        objects = Objects(self._chance, now_s=self._telegram.clock.now_ms() // 1000)
        return objects.draw(one.type) if one.kind == "json" else objects.scalar(one)

    def _posted(self, path: str, values: Mapping[str, Any]) -> Knock:
        headers = [("host", "127.0.0.1")]
        if self._chance.random() < 0.5:
            body, kind = orjson.dumps(values, option=orjson.OPT_NON_STR_KEYS), "application/json"
        else:
            parts = [
                f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{_as_text(value)}\r\n'
                for name, value in values.items()
            ]
            file = '--b\r\nContent-Disposition: form-data; name="a"; filename="a.png"\r\n\r\nxx\r\n--b--\r\n'
            body, kind = ("".join(parts) + file).encode(errors="replace"), "multipart/form-data; boundary=b"
        return Knock(method="POST", path=path, headers=(*headers, ("content-type", kind)), body=body)

    def _act(self) -> Knock:
        operation = self._chance.choice(_OPERATIONS)
        people, bots = list(self._telegram.people), [bot.user_id for bot in self._telegram.bots.values()]
        path = operation.path.replace("{person}", str(self._chance.choice(people)))
        path = path.replace("{bot}", str(self._chance.choice(bots)))
        values = {
            field.name: self._field(field.kind, field.choices)
            for field in operation.fields
            if field.is_required or self._chance.random() < 0.4
        }
        if "timeout" in {field.name for field in operation.fields}:
            values["timeout"] = 0.01
        if operation.method != "GET":
            return self._posted_json(operation.method, ROOT + path, values)
        query = "&".join(f"{name}={value}" for name, value in values.items()).encode(errors="replace")
        return Knock(method="GET", path=ROOT + path, query=query, headers=(("host", "127.0.0.1"),))

    def _posted_json(self, method: str, path: str, values: Mapping[str, Any]) -> Knock:
        headers = (("host", "127.0.0.1"), ("content-type", "application/json"))
        return Knock(method=method, path=path, headers=headers, body=orjson.dumps(values))

    def _field(self, kind: str, choices: Sequence[str]) -> Any:
        objects = Objects(self._chance, now_s=self._telegram.clock.now_ms() // 1000)
        numbers = [*self._telegram.people, *self._telegram.groups, 0, 1, 60, -1, 2**53, 2**64 - 1]
        texts: Callable[[], str] = lambda: self._chance.choice(choices) if choices else objects.text(200)  # noqa: E731
        whole: Callable[[], int] = lambda: self._chance.choice((*numbers, self._chance.randint(0, 200)))  # noqa: E731
        drawn: Mapping[str, Callable[[], Any]] = {
            "text": texts,
            "integer": whole,
            "number": lambda: self._chance.choice((0, 0.01, 1.5, 1e308, -1)),
            "flag": lambda: self._chance.random() < 0.5,
            "bytes": lambda: "eA==",
            "object": lambda: Oddities(self._chance, known=()).value() or {},
            "value": lambda: self._chance.choice((texts(), whole())),
            "texts": lambda: [texts()],
            "integers": lambda: [whole()],
            "values": lambda: [texts(), whole()],
            "files": lambda: ["eA=="],
        }
        return Oddities(self._chance, known=()).value() if self._chance.random() < 0.1 else drawn[kind]()


_OPERATIONS = operations()


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def every_address(app: Starlette) -> list[tuple[str, tuple[str, ...]]]:
    """All that an app answers, and what it does not."""
    return [*addresses(app.routes), ("/{nowhere}", ()), ("/", ())]
