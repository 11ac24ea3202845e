"""The control API, driven over HTTP as a test in another language would."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.harness.control.conftest import Driver

from botflight_harness import BotAccount, Person, Telegram
from botflight_harness.control import ROOT, WORLDS_MOST
from botflight_harness.server import serving

TOO_MANY = 429


async def called(driver: Driver, bot: BotAccount, method: str, **parameters: Any) -> Any:
    """Call the Bot API once."""
    async with driver.session.post(f"{driver.url}/bot{bot.token}/{method}", json=parameters) as response:
        return await response.json()


async def insisted(driver: Driver, bot: BotAccount, method: str, **parameters: Any) -> Any:
    """Call the Bot API, again where it says "too many requests"."""
    while (answer := await called(driver, bot, method, **parameters)).get("error_code") == TOO_MANY:  # noqa: ASYNC110 - Telegram calls nobody
        await asyncio.sleep(answer["parameters"]["retry_after"])
    return answer


async def echoing(driver: Driver, bot: BotAccount) -> None:
    """A bot that polls, repeats texts with a button below, and tells which button was tapped."""
    offset = 0
    while True:
        for update in (await insisted(driver, bot, "getUpdates", offset=offset, timeout=5))["result"]:
            offset = update["update_id"] + 1
            if tap := update.get("callback_query"):
                await insisted(driver, bot, "answerCallbackQuery", callback_query_id=tap["id"], text="heard")
                await insisted(driver, bot, "sendMessage", chat_id=tap["from"]["id"], text=f"tapped {tap['data']}")
            elif text := update.get("message", {}).get("text"):
                keyboard = {"inline_keyboard": [[{"text": "Again", "callback_data": "again"}]]}
                await insisted(
                    driver,
                    bot,
                    "sendMessage",
                    chat_id=update["message"]["chat"]["id"],
                    text=text,
                    reply_markup=keyboard,
                )


@pytest.fixture
async def echo(driver: Driver, bot: BotAccount) -> Any:
    """The bot above, running."""
    running = asyncio.create_task(echoing(driver, bot))
    yield running
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.usefixtures("echo")
async def test_a_person_acts_and_sees_without_a_line_of_python(driver: Driver) -> None:
    """She writes, sees the answer, taps its button by label and sees what came of it."""
    alice = (await driver.post("/people", first_name="Alice", language="ru"))["id"]

    await driver.post(f"/people/{alice}/sends", text="hello")
    await driver.post(f"/people/{alice}/sees", text="hello", button="Again")
    await driver.post(f"/people/{alice}/taps", button="Again")
    await driver.post(f"/people/{alice}/sees", text="tapped again")

    assert "tapped again" in (await driver.get("/transcript"))["transcript"]
    assert [call["method"] for call in (await driver.get("/calls", method="answerCallbackQuery"))["calls"]]
    assert (await driver.post("/check"))["content"]


@pytest.mark.usefixtures("echo")
async def test_what_nobody_sees_is_told_with_the_chat(driver: Driver) -> None:
    """A wait that ends in vain answers 409, and its words show the chat."""
    alice = (await driver.post("/people", first_name="Alice"))["id"]
    await driver.post(f"/people/{alice}/sends", text="hello")

    status, words = await driver.refused(f"/people/{alice}/sees", text="goodbye", timeout=0.05)

    assert status == 409
    assert "hello" in words


async def test_a_fault_is_one_request_and_an_unused_one_is_told(driver: Driver, bot: BotAccount) -> None:
    """The next call is refused as asked for; a fault that never happened is a complaint."""
    alice = (await driver.post("/people", first_name="Alice"))["id"]
    await driver.post(f"/people/{alice}/send_text", text="hello")
    await driver.post("/faults", method="sendMessage", kind="flood", retry_after_s=7)
    await driver.post("/faults", method="sendPhoto", kind="lose_call")

    refused = await called(driver, bot, "sendMessage", chat_id=alice, text="hello")
    sent = await called(driver, bot, "sendMessage", chat_id=alice, text="hello")
    checked = await driver.post("/check")

    assert (refused["error_code"], refused["parameters"], sent["ok"]) == (429, {"retry_after": 7}, True)
    assert not checked["content"]
    assert "sendPhoto" in " ".join(checked["complaints"])


async def test_a_world_of_its_own_has_a_clock_and_a_seed(driver: Driver) -> None:
    """Two tests side by side disturb each other in nothing, and the same seed gives the same tokens."""
    paths = [(await driver.post("/worlds", seed=7))["path"] for _ in range(2)]
    tokens = []
    for path in paths:
        async with driver.session.post(f"{driver.url}{path}{ROOT}/bots", json={}) as response:
            tokens.append((await response.json())["token"])
    async with driver.session.post(f"{driver.url}{paths[0]}{ROOT}/clock/advance", json={"minutes": 5}) as response:
        moved = await response.json()
    async with driver.session.get(f"{driver.url}{paths[1]}{ROOT}/clock") as response:
        still = await response.json()
    async with driver.session.get(f"{driver.url}{paths[0]}/bot{tokens[0]}/getMe") as response:
        me = await response.json()

    assert tokens[0] == tokens[1]
    assert moved["now_ms"] - still["now_ms"] == 5 * 60_000
    assert me["ok"]
    assert (await driver.post("/worlds/close", name="w1"))["content"]
    assert (await driver.get("/worlds"))["names"] == ["w2"]


async def test_worlds_have_a_bound(driver: Driver) -> None:
    """One more than so many is refused, and says what to do."""
    for _ in range(WORLDS_MOST):
        await driver.post("/worlds")

    assert await driver.refused("/worlds") == (409, f"{WORLDS_MOST} worlds are open: close some")


async def test_every_operation_beside_the_acts_answers_as_the_document_says(driver: Driver, bot: BotAccount) -> None:
    """Each is asked once, and its answer has the shape that a generated client expects."""
    alice = (await driver.post("/people", first_name="Alice", username="alice", stars=7))["id"]
    at_bot = f"/bots/{bot.user_id}"
    helper = await driver.post("/bots", token="77:helper", inline_mode=True)
    group = await driver.post("/groups", title="Tea", kind="forum", members=[alice, helper["id"]], owner=alice)
    await driver.post(at_bot, privacy_mode=False)
    await driver.post(f"/people/{alice}/send_text", text="one", where=bot.user_id)
    await driver.get(f"/people/{alice}/screen", where=bot.user_id)
    for path in ("/world", "/clock", "/transcript", "/calls", "/faults", "/worlds", f"{at_bot}/updates"):
        await driver.get(path)
    await driver.post("/clock/advance", seconds=1)
    await driver.post("/rolls", values=[6])
    await driver.post("/sticker_sets", name="Animals", emoji=["🐱"])
    await driver.post("/topic_icons", emoji=["🐶"])
    await driver.post("/games", short_name="snake", bot=bot.user_id)
    await driver.post("/faults", method="sendPhoto")
    await driver.delete("/faults")
    await driver.post("/flood-limits", on=False)
    reading = asyncio.create_task(polling(driver, bot))
    await driver.post(f"{at_bot}/repeat")
    await driver.post(f"{at_bot}/together")
    reading.cancel()
    async with hooked(driver, bot):
        await driver.post(f"{at_bot}/reorder")
        await driver.post(f"{at_bot}/lose-acknowledgement")
    await driver.post("/worlds/close", name=(await driver.post("/worlds", clock="system"))["name"])
    await driver.post("/check")

    told = {one["operationId"] for operations in driver.document["paths"].values() for one in operations.values()}
    assert group["members"] == [alice, helper["id"]]
    assert {name for name in told - driver.done if not name.startswith("person_")} == set()


async def polling(driver: Driver, bot: BotAccount) -> None:
    """A bot that takes what comes."""
    offset = 0
    while True:
        for update in (await called(driver, bot, "getUpdates", offset=offset, timeout=5))["result"]:
            offset = update["update_id"] + 1


@contextlib.asynccontextmanager
async def hooked(driver: Driver, bot: BotAccount) -> AsyncIterator[list[int]]:
    """A bot with a webhook that takes what comes; the update_ids, as they came."""
    got: list[int] = []

    async def hook(request: Request) -> Response:
        got.append((await request.json())["update_id"])
        return Response()

    async with serving(Starlette(routes=[Route("/hook", hook, methods=["POST"])])) as address:
        await called(driver, bot, "setWebhook", url=f"{address.url}/hook")
        yield got
        await called(driver, bot, "deleteWebhook")


async def test_updates_come_again_and_out_of_order_by_one_request(driver: Driver, bot: BotAccount) -> None:
    """The request is answered when the bot has taken them."""
    alice = (await driver.post("/people", first_name="Alice"))["id"]
    async with hooked(driver, bot) as got:
        await driver.post(f"/people/{alice}/sends", text="one", update_id=1)
        await driver.post(f"/bots/{bot.user_id}/repeat")
        await driver.post(f"/bots/{bot.user_id}/repeat", update_id=1, times=2)
        await driver.post(f"/bots/{bot.user_id}/lose-acknowledgement")
        await driver.post(f"/people/{alice}/sends", text="two", update_id=2)

    assert got == [1, 1, 1, 1, 2, 2]


async def test_a_bot_that_polls_cannot_get_updates_out_of_order(driver: Driver, bot: BotAccount) -> None:
    """It is said, and what to do instead."""
    assert (await driver.refused(f"/bots/{bot.user_id}/reorder"))[0] == 409
    assert "use repeat" in (await driver.refused(f"/bots/{bot.user_id}/lose-acknowledgement"))[1]


async def test_in_a_world_without_a_bot_nobody_acts(driver: Driver) -> None:
    """Whoever forgot to make one is told so, and does not wait for what cannot come."""
    path = (await driver.post("/worlds"))["path"]
    url = f"{driver.url}{path}{ROOT}"
    async with driver.session.post(f"{url}/people", json={"first_name": "Alice"}) as response:
        alice = (await response.json())["id"]

    async with driver.session.post(f"{url}/people/{alice}/sends", json={"text": "hello"}) as response:
        assert (response.status, await response.json()) == (
            409,
            {"error": "no bot is here yet: POST /bots makes one and answers its token"},
        )


async def test_a_bot_that_a_person_had_made_is_waited_for(driver: Driver, bot: BotAccount) -> None:
    """What people do with it is known to /updates, as with every bot."""
    alice = (await driver.post("/people", first_name="Alice"))["id"]
    made = await driver.post(f"/people/{alice}/create_managed_bot", username="helper_bot")

    await driver.post(f"/people/{alice}/send_text", text="hello", where=made["id"])

    (update,) = (await driver.get(f"/bots/{made['id']}/updates"))["updates"]
    assert update["update"]["message"]["text"] == "hello"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/people", {}, 400),
        ("/people", {"first_name": "Alice", "colour": "red"}, 400),
        ("/people/77/sends", {"text": "hello"}, 404),
        ("/faults", {"method": "sendMessage", "kind": "explode"}, 400),
        ("/worlds/close", {"name": "w9"}, 404),
        ("/telepathy", {}, 404),
        ("/clock", {}, 404),
    ],
)
async def test_a_mistake_is_answered_in_words(driver: Driver, path: str, body: dict[str, Any], status: int) -> None:
    """What is missing, unknown or nowhere is named, and nothing happens."""
    answered, words = await driver.refused(path, **body)

    assert answered == status
    assert words


async def test_the_document_has_every_operation_once(driver: Driver, telegram: Telegram) -> None:
    """An OpenAPI document for generators of clients: ids are unique, and each has an answer."""
    told = [one for operations in driver.document["paths"].values() for one in operations.values()]
    ids = [one["operationId"] for one in told]

    assert driver.document["openapi"].startswith("3.")
    assert len(ids) == len({*ids}) > 60
    assert all("200" in one["responses"] for one in told)
    assert telegram.problems == []


async def test_another_origin_is_refused(driver: Driver) -> None:
    """A page of somebody else in the browser cannot drive it."""
    headers = {"Origin": "https://evil.example"}

    async with driver.session.post(f"{driver.url}{ROOT}/people", json={"first_name": "M"}, headers=headers) as response:
        assert response.status == 403
    async with aiohttp.ClientSession() as session, session.get(f"{driver.url}{ROOT}/world") as response:
        assert (await response.json())["people"] == []


@pytest.mark.process
@pytest.mark.usefixtures("echo")
async def test_the_javascript_of_the_tutorial_runs(driver: Driver, tmp_path: Path) -> None:
    """As it stands in docs/harness.md, by Node, against a bot over HTTP."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has node")
        pytest.skip("no node on this machine")
    page = (Path(__file__).parents[3] / "docs" / "harness.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```js\n(.*?)```", page, re.DOTALL)
    (tmp_path / "test.mjs").write_text(script)

    ended = await asyncio.create_subprocess_exec(
        node,
        str(tmp_path / "test.mjs"),
        env={**os.environ, "HARNESS": driver.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(ended.communicate(), 30)

    assert (ended.returncode, said.decode()) == (0, "the test has passed\n")


async def test_stickers_games_and_mini_apps_are_at_hand(driver: Driver, bot: BotAccount) -> None:
    """What the test makes beforehand, and what a person then does with it."""
    alice = (await driver.post("/people", first_name="Alice"))["id"]
    await driver.post("/sticker_sets", name="Animals", emoji=["🐱", "🐶"])
    await driver.post("/games", short_name="chess", title="Chess")
    menu = {"type": "web_app", "text": "Shop", "web_app": {"url": "https://example.com/shop"}}
    await called(driver, bot, "setChatMenuButton", menu_button=menu)

    sticker = await driver.post(f"/people/{alice}/send_sticker", of="Animals", emoji="🐶")
    await called(driver, bot, "sendGame", chat_id=alice, game_short_name="chess")
    played = await driver.post(f"/people/{alice}/play")
    app = await driver.post(f"/people/{alice}/open_web_app")

    assert sticker["message"]["sticker"]["set_name"] == "Animals"
    assert len(played["update_ids"]) == 1
    assert (app["url"], "hash=" in app["init_data"]) == ("https://example.com/shop", True)


async def test_a_mini_app_below_the_chat_sends_its_data(driver: Driver, bot: BotAccount) -> None:
    """The app is named by its id."""
    alice = (await driver.post("/people", first_name="Alice"))["id"]
    await driver.post(f"/people/{alice}/send_text", text="/start")
    keyboard = {"keyboard": [[{"text": "Form", "web_app": {"url": "https://example.com/form"}}]]}
    await called(driver, bot, "sendMessage", chat_id=alice, text="x", reply_markup=keyboard)

    app = await driver.post(f"/people/{alice}/open_web_app", button="Form")
    sent = await driver.post(f"/people/{alice}/send_web_app_data", app=app["app_id"], data="size=3")

    assert sent["message"]["web_app_data"] == {"data": "size=3", "button_text": "Form"}
    status, _ = await driver.refused(f"/people/{alice}/send_web_app_data", app="nothing", data="x")
    assert status == 404


@pytest.mark.parametrize("times", [0, -1, 1_001, 2**63])
async def test_what_is_to_be_repeated_has_a_limit(driver: Driver, alice: Person, times: int) -> None:
    """A number that would keep the server busy for ever is refused, and the document tells the bounds."""
    status, words = await driver.refused(f"/people/{alice.user_id}/taps", button="Go", times=times)

    assert (status, words) == (400, "times must be between 1 and 1000")
    body = driver.document["paths"]["/people/{person}/taps"]["post"]["requestBody"]["content"]["application/json"]
    told = body["schema"]["properties"]["times"]
    assert (told["minimum"], told["maximum"]) == (1, 1000)


@pytest.mark.parametrize("step", [{"hours": 1e308}, {"seconds": -1}, {"ms": 2**53 - 1}])
async def test_a_clock_is_not_moved_out_of_time(driver: Driver, step: dict[str, float]) -> None:
    """It goes forward by ten years at the most, and says so."""
    status, words = await driver.refused("/clock/advance", **step)

    assert (status, "at most ten years" in words) == (400, True)


async def test_channels_have_direct_messages_and_groups_guards(driver: Driver) -> None:
    """What stands behind suggested posts and join requests is set up like the rest."""
    guard = (await driver.post("/bots", join_request_queries=True))["id"]
    alice = (await driver.post("/people", first_name="Alice"))["id"]
    group = (await driver.post("/groups", title="Friends", guard=guard))["id"]
    channel = (await driver.post("/groups", title="News", kind="channel", administrators=[guard]))["id"]
    direct = (await driver.post("/groups", title="News", direct_messages_of=channel))["id"]

    asked = await driver.post(f"/people/{alice}/join", where=group)
    suggested = await driver.post(f"/people/{alice}/suggest_post", text="Tea", where=direct, stars=5)
    shown = await driver.post(f"/people/{alice}/web_app_to_join", group=group)

    assert (len(asked["update_ids"]), shown) == (1, {"url": ""})
    assert suggested["message"]["suggested_post_info"]["price"]["amount"] == 5
