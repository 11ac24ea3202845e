"""Checklists, as people use them: ticking off what is done, and adding more to do."""

from typing import Any

from botflight_harness.telegram.actor import Act, Actor
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.checklists import TASKS_MOST, Checklist, Task
from botflight_harness.telegram.dealing import BusinessConnection
from botflight_harness.telegram.entities import Formatted, find_entities
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.updates import Lane


class Ticking(Actor):
    """What somebody can do with the checklists of a business account."""

    def tick(self, connection: BusinessConnection, message: Message, *tasks: int) -> Act:
        """Tick off tasks by their ids; the chat says so."""
        self._mark(message, tasks, done=True)
        return self._tell_of(connection, message, "checklist_tasks_done", {"marked_as_done_task_ids": list(tasks)})

    def untick(self, connection: BusinessConnection, message: Message, *tasks: int) -> Act:
        """Take ticks away; the chat says so."""
        self._mark(message, tasks, done=False)
        return self._tell_of(connection, message, "checklist_tasks_done", {"marked_as_not_done_task_ids": list(tasks)})

    def add_tasks(self, connection: BusinessConnection, message: Message, *texts: str) -> Act:
        """Add tasks to a checklist; the chat says so."""
        checklist = self._checklist(message)
        if message.sender is not self and not checklist.others_can_add:
            raise ImpossibleAct(f"{self.first_name} may not add to this checklist")
        if len(checklist.tasks) + len(texts) > TASKS_MOST:
            raise ImpossibleAct(f"a checklist has at most {TASKS_MOST} tasks")
        first = max(task.task_id for task in checklist.tasks) + 1
        added = [Task(number, Formatted(text, tuple(find_entities(text)))) for number, text in enumerate(texts, first)]
        checklist.tasks += added
        return self._tell_of(
            connection, message, "checklist_tasks_added", {"tasks": [task.as_json() for task in added]}
        )

    async def ticks(self, connection: BusinessConnection, message: Message, *tasks: int) -> None:
        """Tick off tasks by their ids."""
        await self._travel(self.tick(connection, message, *tasks).updates)

    async def unticks(self, connection: BusinessConnection, message: Message, *tasks: int) -> None:
        """Take ticks away."""
        await self._travel(self.untick(connection, message, *tasks).updates)

    async def adds_tasks(self, connection: BusinessConnection, message: Message, *texts: str) -> None:
        """Add tasks to a checklist."""
        await self._travel(self.add_tasks(connection, message, *texts).updates)

    def _checklist(self, message: Message) -> Checklist:
        if not isinstance(message.behind, Checklist) or message.is_deleted:
            raise ImpossibleAct(f"{self.first_name} sees no such checklist")
        return message.behind

    def _mark(self, message: Message, numbers: tuple[int, ...], *, done: bool) -> None:
        checklist = self._checklist(message)
        if message.sender is not self and not checklist.others_can_mark:
            raise ImpossibleAct(f"{self.first_name} may not mark the tasks of this checklist")
        found = [checklist.task(number) for number in numbers]
        for task in found:
            if task is None or (task.done_by is not None) is done:
                raise ImpossibleAct(f"no task that is {'to do' if done else 'done'}: {numbers}")
        for task in found:
            assert task is not None
            task.done_by = self if done else None
            task.done_s = self._telegram.clock.now_ms() // 1000 if done else 0

    def _tell_of(self, connection: BusinessConnection, message: Message, kind: str, details: dict[str, Any]) -> Act:
        checklist, world = self._checklist(message), self._telegram
        message.content = {"checklist": checklist.as_json()}
        world.tell("message_edited", message.chat, message=message)
        told = {"checklist_message": message.as_json(with_reply=False), **details}
        extra = {"business_connection_id": connection.connection_id}
        notice = world.post(message.chat, self, {kind: told}, extra=extra)
        lane = Lane("business", self.user_id)
        update = world.update(connection.bot, "business_message", notice.as_json(), lane=lane)
        return Act(notice, () if update is None else (update,))
