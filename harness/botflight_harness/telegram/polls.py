"""Polls and quizzes: their options, who has voted for what, and when they close."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.updates import Lane, Update

if TYPE_CHECKING:
    from botflight_harness.telegram.chats import Account, Message
    from botflight_harness.telegram.world import Telegram


@dataclass(frozen=True, slots=True)
class Option:
    """One answer."""

    persistent_id: str
    text: str
    entities: tuple[dict[str, Any], ...] = ()


@dataclass(slots=True, eq=False)
class Poll:
    """A poll, the same in every chat to which it is forwarded."""

    poll_id: str
    #: None when a person made it
    bot: BotAccount | None
    question: str
    question_entities: tuple[dict[str, Any], ...]
    options: tuple[Option, ...]
    is_anonymous: bool = True
    is_quiz: bool = False
    allows_multiple_answers: bool = False
    allows_revoting: bool = True
    members_only: bool = False
    correct_option_ids: tuple[int, ...] = ()
    #: explanation, description and the like, as the Poll object carries them
    details: dict[str, Any] = field(default_factory=dict)
    is_closed: bool = False
    #: by user id
    votes: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def as_json(self, *, shows_solution: bool = True) -> dict[str, Any]:
        """Return the Poll object. Its solution is shown to who made it, who has answered, and when it is closed."""
        counts = [sum(number in chosen for chosen in self.votes.values()) for number in range(len(self.options))]
        poll: dict[str, Any] = {
            "id": self.poll_id,
            "question": self.question,
            "options": [_option(option, count) for option, count in zip(self.options, counts, strict=True)],
            "total_voter_count": len(self.votes),
            "is_closed": self.is_closed,
            "is_anonymous": self.is_anonymous,
            "type": "quiz" if self.is_quiz else "regular",
            "allows_multiple_answers": self.allows_multiple_answers,
            "allows_revoting": self.allows_revoting,
            "members_only": self.members_only,
            **self.details,
        }
        if self.question_entities:
            poll["question_entities"] = list(self.question_entities)
        if self.is_quiz and shows_solution:
            poll["correct_option_ids"] = list(self.correct_option_ids)
        return poll

    def number(self, option: str | int) -> int | None:
        """Return the place of an option by its text or its place, or None."""
        if isinstance(option, int):
            return option if 0 <= option < len(self.options) else None
        return next((number for number, found in enumerate(self.options) if found.text == option), None)


def _option(option: Option, count: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"persistent_id": option.persistent_id, "text": option.text, "voter_count": count}
    return shown | {"text_entities": list(option.entities)} if option.entities else shown


def show(world: "Telegram", poll: Poll) -> None:
    """Let every message with the poll show it as it is now."""
    for message in world.poll_messages.get(poll.poll_id, ()):
        message.content["poll"] = poll.as_json()
        if not message.is_deleted:
            world.tell("message_edited", message.chat, message=message)


def place(world: "Telegram", poll: Poll, message: "Message") -> None:
    """Remember that a message shows the poll."""
    message.behind = poll
    world.poll_messages.setdefault(poll.poll_id, []).append(message)


def vote(world: "Telegram", poll: Poll, voter: "Account", chosen: tuple[int, ...]) -> list[Update]:
    """Count a vote; nothing chosen takes it back. Tell the bot that made the poll."""
    if chosen:
        poll.votes[voter.user_id] = chosen
    else:
        poll.votes.pop(voter.user_id, None)
    show(world, poll)
    if poll.bot is None:
        return []
    made = [_told(world, poll, poll.bot)]
    if not poll.is_anonymous:
        payload = {
            "poll_id": poll.poll_id,
            "user": voter.as_json(),
            "option_ids": list(chosen),
            "option_persistent_ids": [poll.options[number].persistent_id for number in chosen],
        }
        made.append(world.update(poll.bot, "poll_answer", payload, lane=Lane("poll", voter.user_id)))
    return [update for update in made if update is not None]


def close(world: "Telegram", poll: Poll) -> list[Update]:
    """Take no votes any more, and tell the bot that made the poll."""
    if poll.is_closed:
        return []
    poll.is_closed = True
    show(world, poll)
    update = None if poll.bot is None else _told(world, poll, poll.bot)
    return [] if update is None else [update]


def _told(world: "Telegram", poll: Poll, bot: BotAccount) -> Update | None:
    return world.update(bot, "poll", poll.as_json(), lane=Lane("poll", int(poll.poll_id) % 2**31))
