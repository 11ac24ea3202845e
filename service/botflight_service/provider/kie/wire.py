"""What KIE says over HTTP, parsed once into frozen values.

Sources: docs.kie.ai, "Get Task Details", "Get Remaining Credits", "File Stream Upload" and the pages of the models.
KIE's texts (`msg`, `failMsg`) may quote the prompt: they are looked at here and go no further.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

import orjson
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

OK: Final = 200

#: Words in a refusal that mean: the content is not allowed, try other words.
_CONTENT: Final = ("nsfw", "content polic", "policies", "sensitive", "flagged", "moderat", "inappropriate", "unsafe")


class Unreadable(ValueError):
    """An answer has not the shape that KIE's documents give it. The text names the shape and quotes nothing."""


class TaskState(StrEnum):
    """Where a task stands, in KIE's words."""

    WAITING = "waiting"
    QUEUING = "queuing"
    GENERATING = "generating"
    SUCCESS = "success"
    FAIL = "fail"


def _text(value: object) -> str:
    """KIE writes the same field as a number here and as a text there, and null for nothing."""
    return "" if value is None else str(value)


_Text = Annotated[str, BeforeValidator(_text)]
#: Task ids are KIE's, but they go into our store, our logs and the next URL.
TaskId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:-]+$")]


@dataclass(frozen=True, slots=True)
class Answer:
    """What every answer of KIE's has: errors come as HTTP 200 with another code in here."""

    code: int
    msg: _Text = ""
    #: Some pages write `message` where others write `msg`.
    message: _Text = ""
    data: Any = None

    @property
    def is_about_content(self) -> bool:
        """Whether a refusal says that the content is not allowed."""
        return says_content(self.msg or self.message)


@dataclass(frozen=True, slots=True)
class Record:
    """A task, as `recordInfo` gives it."""

    task_id: Annotated[TaskId, Field(validation_alias="taskId")]
    state: TaskState
    model: _Text = ""
    #: JSON as a text: what was asked for, `callBackUrl` among it.
    param: _Text = ""
    #: JSON as a text: `{"resultUrls": [...]}`.
    result_json: Annotated[_Text, Field(validation_alias="resultJson")] = ""
    fail_code: Annotated[_Text, Field(validation_alias="failCode")] = ""
    fail_message: Annotated[_Text, Field(validation_alias="failMsg")] = ""

    @property
    def result_urls(self) -> tuple[str, ...]:
        """Where the files are; none where the task made none."""
        urls = _object(self.result_json).get("resultUrls")
        return tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else ()

    @property
    def callback_url(self) -> str:
        """The `callBackUrl` that came with the order; "" for none."""
        url = _object(self.param).get("callBackUrl")
        return url if isinstance(url, str) else ""


@dataclass(frozen=True, slots=True)
class _Created:
    task_id: Annotated[TaskId, Field(validation_alias="taskId")]


@dataclass(frozen=True, slots=True)
class _Uploaded:
    download_url: Annotated[str, Field(validation_alias="downloadUrl", pattern=r"^https?://", max_length=2048)]


@dataclass(frozen=True, slots=True)
class _CalledBack:
    data: _Created


def answer(body: bytes) -> Answer:
    """Read the frame of any answer. Raises Unreadable."""
    return _parsed(_ANSWER, body, "answer")


def created(found: Answer) -> str:
    """The id of a task that was made. Raises Unreadable."""
    return _valid(_CREATED, found.data, "createTask").task_id


def record(found: Answer) -> Record:
    """A task. Raises Unreadable."""
    return _valid(_RECORD, found.data, "recordInfo")


def credit(found: Answer) -> float:
    """What is left on the account, in KIE's credits. Raises Unreadable."""
    return _valid(_CREDIT, found.data, "credit")


def uploaded(found: Answer) -> str:
    """Where KIE finds a file that was uploaded. Raises Unreadable."""
    return _valid(_UPLOADED, found.data, "file-stream-upload").download_url


def called_back(body: bytes) -> str:
    """The task that a callback is about; nothing else of it is believed. Raises Unreadable."""
    return _parsed(_CALLED_BACK, body, "callback").data.task_id


def says_content(text: str) -> bool:
    """Whether a text of KIE's says that the content is not allowed."""
    lowered = text.lower()
    return any(word in lowered for word in _CONTENT)


_Shape = TypeVar("_Shape")
_ANSWER: Final = TypeAdapter(Answer)
_CREATED: Final = TypeAdapter(_Created)
_RECORD: Final = TypeAdapter(Record)
_CREDIT: Final[TypeAdapter[float]] = TypeAdapter(Annotated[float, Field(allow_inf_nan=False)])
_UPLOADED: Final = TypeAdapter(_Uploaded)
_CALLED_BACK: Final = TypeAdapter(_CalledBack)


def _parsed(shape: TypeAdapter[_Shape], body: bytes, name: str) -> _Shape:
    try:
        return shape.validate_json(body)
    except ValidationError:
        raise Unreadable(f"this is no {name} of KIE's") from None


def _valid(shape: TypeAdapter[_Shape], data: object, name: str) -> _Shape:
    try:
        return shape.validate_python(data)
    except ValidationError:
        raise Unreadable(f"this is no {name} of KIE's") from None


def _object(text: str) -> dict[str, Any]:
    """A JSON object that KIE keeps as a text; empty where it is none."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
