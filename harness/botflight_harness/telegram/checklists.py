"""Checklists: what is to be done, and who has done it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.entities import Formatted
from botflight_harness.telegram.errors import bad_request

if TYPE_CHECKING:
    from botflight_harness.telegram.chats import Account

TITLE_CHARACTERS_MOST, TASK_CHARACTERS_MOST, TASKS_MOST = 255, 100, 30

#: What a title may be adorned with; a task may have the links that Telegram finds in it, too.
_ADORNMENTS = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji", "date_time"})
_LINKS = frozenset({"mention", "hashtag", "cashtag", "url", "email", "phone_number", "bank_card_number"})


@dataclass(slots=True, eq=False)
class Task:
    """Something to do."""

    task_id: int
    text: Formatted
    done_by: "Account | None" = None
    #: seconds since 1970
    done_s: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the ChecklistTask object."""
        json: dict[str, Any] = {"id": self.task_id, "text": self.text.text}
        if entities := _kept(self.text, _ADORNMENTS | _LINKS):
            json["text_entities"] = entities
        if self.done_by is not None:
            json |= {"completed_by_user": self.done_by.as_json(), "completion_date": self.done_s}
        return json


@dataclass(slots=True, eq=False)
class Checklist:
    """What stands behind a message with a checklist."""

    title: Formatted
    tasks: list[Task] = field(default_factory=list)
    others_can_add: bool = False
    others_can_mark: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the Checklist object."""
        json: dict[str, Any] = {"title": self.title.text, "tasks": [task.as_json() for task in self.tasks]}
        if entities := _kept(self.title, _ADORNMENTS):
            json["title_entities"] = entities
        flags = {"others_can_add_tasks": self.others_can_add, "others_can_mark_tasks_as_done": self.others_can_mark}
        return json | {name: True for name, given in flags.items() if given}

    def task(self, number: int) -> Task | None:
        """Return the task of that id, or None."""
        return next((task for task in self.tasks if task.task_id == number), None)

    def check(self) -> None:
        """Check that Telegram would take it. Raises Refusal."""
        _check_text(self.title, "checklist title", TITLE_CHARACTERS_MOST)
        for task in self.tasks:
            _check_text(task.text, "checklist task text", TASK_CHARACTERS_MOST)
            if task.task_id <= 0:
                raise bad_request("checklist task identifier must be positive")
        if not self.tasks:
            raise bad_request("checklist must have at least 1 task")
        if len(self.tasks) > TASKS_MOST:
            raise bad_request(f"checklist must have at most {TASKS_MOST} tasks")
        if len({task.task_id for task in self.tasks}) < len(self.tasks):
            raise bad_request("TODO_ITEM_DUPLICATE")

    def keep_marks_of(self, former: "Checklist") -> None:
        """Let tasks that were there before be as done as they were."""
        for task in self.tasks:
            if (known := former.task(task.task_id)) is not None:
                task.done_by, task.done_s = known.done_by, known.done_s


def _check_text(text: Formatted, what: str, most: int) -> None:
    if not text.text:
        raise bad_request("message must be non-empty")
    if len(text.text) > most:
        raise bad_request(f"{what} length must not exceed {most}")


def _kept(text: Formatted, kinds: frozenset[str]) -> list[dict[str, Any]]:
    return [entity for entity in text.entities if entity["type"] in kinds]
