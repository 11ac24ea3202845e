"""KIE as a state machine on a clock: it takes orders, answers questions, counts credits and keeps its limits.

Sources: docs.kie.ai ("Get Task Details", "Getting Started": limits and codes, "File Upload API", callbacks' pages).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from botflight_harness.clock import HOUR_MS, Clock, SystemClock, VirtualClock
from botflight_harness.kie.callbacks import Callbacks, Delivery, Post
from botflight_harness.kie.faults import Call, Fault, Faults, Loss, Turn
from botflight_harness.kie.files import file_of
from botflight_harness.kie.models import MODELS, KieModel
from botflight_harness.kie.refusals import KieLost, KieRefusal, Limit
from botflight_harness.kie.tasks import Task

KEY: Final = "a-key-of-the-simulated-kie"
CREATES_MOST, CREATES_WITHIN_MS = 20, 10_000
QUESTIONS_MOST, QUESTIONS_WITHIN_MS = 10, 1_000
#: Results and uploads are gone after so long.
FILES_KEPT_MS = 24 * HOUR_MS
MAX_TASKS = 20_000
MAX_UPLOAD_BYTES = 100 * 1024 * 1024


class FakeKie:
    """A simulated kie.ai. `kie_app(kie)` serves it over HTTP; its methods are its calls, in process.

    clock: decides where tasks stand; a VirtualClock fires callbacks as it moves.
    waits_ms, queues_ms, takes_ms: how long a task is in its states.
    credit: what is on the account. post: makes the callbacks; by HTTP to this machine where it is None.

        kie = FakeKie(clock=telegram.clock)
        kie.refuses(429, times=3)
        kie.loses_answer(taken=True)
        kie.calls_back(times=2)
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        key: str = KEY,
        credit: float = 10_000,
        waits_ms: int = 500,
        queues_ms: int = 500,
        takes_ms: int = 5_000,
        hmac_key: str | None = None,
        post: Post | None = None,
        models: Mapping[str, KieModel] = MODELS,
    ) -> None:
        self.clock = clock or SystemClock()
        self.key = key
        self.credit = credit
        self.waits_ms, self.queues_ms, self.takes_ms = waits_ms, queues_ms, takes_ms
        self.models = models
        self.faults = Faults()
        #: Every createTask that came in, whatever was answered.
        self.creates = 0
        self.questions = 0
        self.tasks: dict[str, Task] = {}
        self._uploads: dict[str, tuple[int, bytes]] = {}
        self._callbacks = Callbacks(post=post, hmac_key=hmac_key, now_ms=self.clock.now_ms)
        self._orders = Limit(most=CREATES_MOST, within_ms=CREATES_WITHIN_MS)
        self._asked = Limit(most=QUESTIONS_MOST, within_ms=QUESTIONS_WITHIN_MS)
        self._leave_clock = self.clock.wait_for(self.idle) if isinstance(self.clock, VirtualClock) else None
        #: Where its files are; the server sets it, a test may.
        self.files_url = "https://file.kie.ai/simulated"

    # -- what goes wrong, in one line

    def refuses(self, code: int, *, call: Call = "createTask", message: str = "", times: int = 1) -> None:
        """Answer the next calls with an error code in the body; nothing is done."""
        self.faults.add(Fault(call=call, code=code, message=message), times)

    def loses_answer(self, *, taken: bool, how: Loss = "reset", call: Call = "createTask", times: int = 1) -> None:
        """Lose the answers to the next calls; their work was done, or not."""
        self.faults.add(Fault(call=call, loss=how, taken=taken), times)

    def fails(
        self, code: str = "500", message: str = "Internal Error, Please try again later.", *, times: int = 1
    ) -> None:
        """The next tasks are taken and fail."""
        self.faults.turn(Turn(fate="fail", code=code, message=message), times)

    def hangs(self, *, times: int = 1) -> None:
        """The next tasks are taken and never end."""
        self.faults.turn(Turn(fate="hang"), times)

    def delays(self, *, ms: int, times: int = 1) -> None:
        """The next tasks take so much longer."""
        self.faults.turn(Turn(longer_ms=ms), times)

    def calls_back(self, *, times: int, early: bool = False, longer_ms: int = 0) -> None:
        """The end of the next task is told so often, 0 for never; `early` tells it before createTask is answered."""
        self.faults.turn(Turn(callbacks=times, early=early, longer_ms=longer_ms), 1)

    # -- its calls

    def check_key(self, authorization: str) -> None:
        """Raise KieRefusal(401) unless the key is right."""
        if authorization != f"Bearer {self.key}":
            raise KieRefusal(401)

    async def create(self, order: object) -> str:
        """createTask; the task's id. Raises KieRefusal or KieLost."""
        self.creates += 1
        fault = self._fault("createTask")
        self._orders.count(self.clock.now_ms())
        if fault is not None and not fault.taken:
            raise KieLost(fault.loss or "reset")
        task = self._take(order)
        if fault is not None:
            raise KieLost(fault.loss or "reset")
        await self._callbacks.idle()
        return task.task_id

    def record(self, task_id: str) -> dict[str, Any]:
        """RecordInfo. Raises KieRefusal or KieLost."""
        self._ask("recordInfo")
        task = self.tasks.get(task_id)
        if task is None:
            raise KieRefusal(404)
        return task.record(self.clock.now_ms(), files_url=self.files_url)

    def account(self) -> float:
        """The credits that are left. Raises KieRefusal or KieLost."""
        self._ask("credit")
        return self.credit

    def upload(self, name: str, content: bytes) -> str:
        """file-stream-upload; the URL of the file. Raises KieRefusal or KieLost."""
        self._lose(self._fault("upload"))
        if not content or len(content) > MAX_UPLOAD_BYTES:
            raise KieRefusal(400, "file is empty or too large")
        self._uploads[name] = (self.clock.now_ms(), content)
        return f"{self.files_url}/{name}"

    def file(self, name: str) -> bytes | None:
        """A file that was made or uploaded; None where it is not there, or no longer. Raises KieRefusal or KieLost."""
        self._lose(self._fault("download"))
        now_ms = self.clock.now_ms()
        uploaded_at_ms, content = self._uploads.get(name, (0, b""))
        if content:
            return content if now_ms < uploaded_at_ms + FILES_KEPT_MS else None
        task = self.tasks.get(name.rpartition(".")[0])
        if task is None or task.state(now_ms) != "success" or now_ms >= task.ends_at_ms + FILES_KEPT_MS:
            return None
        return file_of(task.order, task.suffix)

    # -- what a test looks at, and does

    @property
    def uploads(self) -> Mapping[str, bytes]:
        """The files that were given, by name."""
        return {name: content for name, (_, content) in self._uploads.items()}

    @property
    def last_task(self) -> Task:
        """The newest task."""
        return next(reversed(self.tasks.values()))

    @property
    def calls(self) -> list[Delivery]:
        """The callbacks that were made, in order."""
        return self._callbacks.made

    def reaches(self, post: Post) -> None:
        """Make callbacks this way from now on, such as into an app without a socket."""
        self._callbacks.post = post

    async def tells(self, task: Task) -> int:
        """Tell the end of a task now, whether it has ended or not; the status of the answer."""
        assert task.callback_url is not None, "the task came without a callBackUrl"
        return await self._callbacks.call(task.callback_url, self._told(task), task_id=task.task_id)

    async def forges(self, url: str, body: bytes | Mapping[str, Any]) -> int:
        """Call an address as somebody else would; the status of the answer."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self._callbacks.call(url, content, task_id="forged")

    async def idle(self) -> None:
        """Wait until no callback is under way."""
        await self._callbacks.idle()

    async def close(self) -> None:
        """Break off callbacks under way."""
        if self._leave_clock is not None:
            self._leave_clock()
            self._leave_clock = None
        await self._callbacks.close()

    def check(self) -> None:
        """Raise AssertionError where a fault that was asked for never happened."""
        unused = self.faults.unused()
        assert not unused, f"these faults of KIE never happened: {unused}"

    # -- inside

    def _take(self, order: object) -> Task:
        if len(self.tasks) >= MAX_TASKS:
            raise KieRefusal(500)
        asked, model = self._read(order)
        if self.credit < model.credits:
            raise KieRefusal(402)
        turn, now_ms = self.faults.take_turn(), self.clock.now_ms()
        runs_at_ms = now_ms + self.waits_ms + self.queues_ms
        task = Task(
            task_id=f"task_{secrets.token_hex(12)}",
            order=asked,
            created_at_ms=now_ms,
            queued_at_ms=now_ms + self.waits_ms,
            runs_at_ms=runs_at_ms,
            ends_at_ms=runs_at_ms + self.takes_ms + turn.longer_ms,
            credits=model.credits,
            suffix=model.suffix,
            fate=turn.fate or "success",
            fail_code=turn.code,
            fail_message=turn.message,
        )
        self.tasks[task.task_id] = task
        self.credit -= 0 if turn.fate == "fail" else model.credits
        self._plan(task, turn)
        return task

    def _read(self, order: object) -> tuple[dict[str, Any], KieModel]:
        if not isinstance(order, Mapping) or not isinstance(order.get("input"), dict):
            raise KieRefusal(422, "input cannot be null")
        model = self.models.get(str(order.get("model")))
        if model is None:
            raise KieRefusal(422, "The model name you specified is not supported. Please verify the model name.")
        mistake = model.mistake(order["input"])
        if mistake is not None:
            raise KieRefusal(422, mistake)
        return dict(order), model

    def _plan(self, task: Task, turn: Turn) -> None:
        """See to it that the end of a task is told."""
        times = 1 if turn.callbacks is None else turn.callbacks
        if task.callback_url is None or task.fate == "hang" or not times:
            return
        if turn.early:
            self._tell(task, times)
        else:
            self._at(task.ends_at_ms, lambda: self._tell(task, times))

    def _tell(self, task: Task, times: int) -> None:
        assert task.callback_url is not None
        self._callbacks.begin(task.callback_url, self._told(task), task_id=task.task_id, times=times)

    def _told(self, task: Task) -> bytes:
        return orjson.dumps(task.callback(files_url=self.files_url, remaining=self.credit))

    def _at(self, when_ms: int, callback: Callable[[], None]) -> None:
        if isinstance(self.clock, VirtualClock):
            self.clock.call_at(when_ms, callback)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later((when_ms - self.clock.now_ms()) / 1000, callback)

    def _ask(self, call: Call) -> None:
        self.questions += 1
        self._lose(self._fault(call))
        self._asked.count(self.clock.now_ms())

    def _fault(self, call: Call) -> Fault | None:
        """The fault of a call that loses its answer. Raises KieRefusal for one that refuses."""
        fault = self.faults.take(call)
        if fault is not None and fault.loss is None:
            raise KieRefusal(fault.code, fault.message)
        return fault

    @staticmethod
    def _lose(fault: Fault | None) -> None:
        if fault is not None:
            raise KieLost(fault.loss or "reset")
