"""A task of KIE's. Where it stands follows from the clock alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

Fate = Literal["success", "fail", "hang"]


@dataclass(slots=True, kw_only=True)
class Task:
    """One task, and how it will go on."""

    task_id: str
    #: What came with createTask: `model`, `input`, perhaps `callBackUrl`.
    order: Mapping[str, Any]
    created_at_ms: int
    #: When its states begin.
    queued_at_ms: int
    runs_at_ms: int
    ends_at_ms: int
    credits: float
    suffix: str
    fate: Fate = "success"
    fail_code: str = ""
    fail_message: str = ""

    @property
    def callback_url(self) -> str | None:
        """Where its end is to be told."""
        url = self.order.get("callBackUrl")
        return url if isinstance(url, str) else None

    @property
    def file_name(self) -> str:
        """The name of the file that it makes."""
        return f"{self.task_id}{self.suffix}"

    def state(self, now_ms: int) -> str:
        """Where it stands, in KIE's words."""
        if now_ms < self.queued_at_ms:
            return "waiting"
        if now_ms < self.runs_at_ms:
            return "queuing"
        if now_ms < self.ends_at_ms or self.fate == "hang":
            return "generating"
        return self.fate

    def record(self, now_ms: int, *, files_url: str) -> dict[str, Any]:
        """The `data` of recordInfo."""
        state = self.state(now_ms)
        urls = {"resultUrls": [f"{files_url}/{self.file_name}"]}
        return {
            "taskId": self.task_id,
            "model": self.order["model"],
            "state": state,
            "param": orjson.dumps(self.order).decode(),
            "resultJson": orjson.dumps(urls).decode() if state == "success" else "",
            "failCode": self.fail_code if state == "fail" else "",
            "failMsg": self.fail_message if state == "fail" else "",
            "completeTime": self.ends_at_ms if state in {"success", "fail"} else None,
            "createTime": self.created_at_ms,
            "updateTime": min(now_ms, self.ends_at_ms),
        }

    def callback(self, *, files_url: str, remaining: float) -> dict[str, Any]:
        """The body of the call at its end."""
        failed = self.fate == "fail"
        data = {
            **self.record(self.ends_at_ms, files_url=files_url),
            "consumeCredits": 0 if failed else self.credits,
            "remainedCredits": remaining,
            "costTime": (self.ends_at_ms - self.runs_at_ms) // 1000,
        }
        said = f"Playground task failed: {self.fail_message}" if failed else "Playground task completed successfully."
        return {"code": 501 if failed else 200, "data": data, "msg": said}
