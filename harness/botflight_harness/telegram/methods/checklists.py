"""Sending and editing checklists in somebody's place."""

from typing import Any

from botflight_harness.telegram import objects
from botflight_harness.telegram.checklists import Checklist, Task
from botflight_harness.telegram.entities import Formatted, format_text
from botflight_harness.telegram.errors import bad_request
from botflight_harness.telegram.keyboards import read_markup
from botflight_harness.telegram.methods.editing import edit
from botflight_harness.telegram.methods.messages import SENDING, deliver
from botflight_harness.telegram.methods.request import Request, handler
from botflight_harness.telegram.objects import Fields, Unreadable


def send_checklist(request: Request) -> dict[str, Any]:
    """Send a checklist."""
    checklist = _read(request)
    checklist.check()
    message = deliver(request, {"checklist": checklist.as_json()}, read_markup(request.arguments.get("reply_markup")))
    message.behind = checklist
    return message.as_json()


def edit_message_checklist(request: Request) -> dict[str, Any] | bool:
    """Put another checklist in the place of one; what is done of the same tasks stays done."""
    checklist = _read(request)
    markup = read_markup(request.arguments.get("reply_markup"))
    chat = request.chat()
    checklist.check()
    message = chat.message(request.arguments.integer("message_id"))
    if message is None:
        raise bad_request("MESSAGE_ID_INVALID")
    former = message.behind
    if not isinstance(former, Checklist) or message.sender is not request.sender()[0]:
        raise bad_request("message can't be edited")
    checklist.keep_marks_of(former)
    answer = edit(request, message, {"checklist": checklist.as_json()}, markup)
    message.behind = checklist
    return answer


def _read(request: Request) -> Checklist:
    with objects.parsing("InputChecklist"):
        value = _fields(request.arguments.get("checklist"))
        title = _formatted(value, "title")
        others_can_add = objects.flag(value, "others_can_add_tasks")
        others_can_mark = objects.flag(value, "others_can_mark_tasks_as_done")
        tasks = [_task(task) for task in objects.array(value, "tasks")]
    return Checklist(title, tasks, others_can_add, others_can_mark)


def _task(value: object) -> Task:
    try:
        fields = _fields(value)
        number = objects.integer(fields, "id", required=True)
        text = _formatted(fields, "text")
    except Unreadable as why:
        raise Unreadable(f"Can't parse InputChecklistTask: {why}") from None
    return Task(number, Formatted(text.text.replace("\n", " "), text.entities))


def _fields(value: object) -> Fields:
    if not isinstance(value, dict):
        raise Unreadable("expected an Object")
    return value


def _formatted(fields: Fields, name: str) -> Formatted:
    return format_text(
        objects.text(fields, name, required=True),
        parse_mode=objects.text(fields, "parse_mode"),
        entities=fields.get(f"{name}_entities"),
    )


METHODS = {
    "sendChecklist": handler(send_checklist, f"{SENDING} checklist"),
    "editMessageChecklist": handler(
        edit_message_checklist, "business_connection_id chat_id message_id checklist reply_markup"
    ),
}
