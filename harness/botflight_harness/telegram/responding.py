"""Answering what is in a chat without a word: votes, reactions and pins."""

from botflight_harness.telegram import polls
from botflight_harness.telegram.actor import Act, Actor, Place
from botflight_harness.telegram.chats import Message
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.polls import Option, Poll
from botflight_harness.telegram.reactions import react, read_reaction
from botflight_harness.telegram.screen import Seen


class Responding(Actor):
    """What somebody can do to a message that is there."""

    def vote(self, *options: str | int, on: Message | Seen | int | None = None, where: Place | None = None) -> Act:
        """Vote for options by their text or their place, on a message or on the newest poll; for none to take it back.

        Raises ImpossibleAct when the poll is closed, has no such option, or takes no second vote.
        """
        message = self._find(on, where, kind=Poll)
        poll = message.behind
        assert isinstance(poll, Poll)
        numbers = [poll.number(option) for option in options]
        if None in numbers:
            raise ImpossibleAct(f"no option {options}: {[option.text for option in poll.options]}")
        if poll.is_closed:
            raise ImpossibleAct(f"the poll {poll.question!r} is closed")
        if len(numbers) > 1 and not poll.allows_multiple_answers:
            raise ImpossibleAct(f"the poll {poll.question!r} takes one answer")
        if self.user_id in poll.votes and not poll.allows_revoting:
            raise ImpossibleAct(f"{self.first_name} has voted already")
        chosen = tuple(number for number in numbers if number is not None)
        return Act(message, tuple(polls.vote(self._telegram, poll, self, chosen)))

    def send_poll(self, question: str, *options: str, anonymous: bool = True, where: Place | None = None) -> Act:
        """Send a poll of one's own."""
        number = str(self._telegram.random.randrange(10**17, 10**18))
        made = tuple(Option(str(place), text) for place, text in enumerate(options))
        poll = Poll(number, None, question, (), made, is_anonymous=anonymous)
        act = self.send_content({"poll": poll.as_json()}, where=where)
        assert act.message is not None
        polls.place(self._telegram, poll, act.message)
        return act

    def react(self, *emoji: str, to: Message | Seen | int | None = None, where: Place | None = None) -> Act:
        """Put reactions below a message, or below the newest; none takes them away."""
        message = self._find(to, where)
        given = [read_reaction({"type": "emoji", "emoji": one}) for one in emoji]
        return Act(message, tuple(react(self._telegram, message, self, given)))

    def pin(self, message: Message | Seen | int | None = None, *, where: Place | None = None) -> Act:
        """Pin a message; the chat says so."""
        found = self._find(message, where)
        notice = self._telegram.pin(found, self)
        return Act(notice, self._announce("message", notice, None))

    def delete(self, message: Message | Seen | int | None = None, *, where: Place | None = None) -> Act:
        """Delete a message, or the newest, for everybody. No bot hears of it, as on Telegram.

        In a private chat every message can be deleted, elsewhere one's own. Raises ImpossibleAct for another.
        """
        found = self._find(message, where)
        chat = found.chat
        if chat.kind != "private" and found.sender is not self and not chat.may(self.user_id, "can_delete_messages"):
            raise ImpossibleAct(f"{self.first_name} may not delete what others wrote in {chat.facts['title']}")
        self._telegram.remove(found)
        return Act(found, ())

    async def votes(
        self, *options: str | int, on: Message | Seen | int | None = None, where: Place | None = None
    ) -> None:
        """Vote for options by their text or their place; for none to take the vote back."""
        await self._travel(self.vote(*options, on=on, where=where).updates)

    async def sends_poll(
        self, question: str, *options: str, anonymous: bool = True, where: Place | None = None
    ) -> Seen:
        """Send a poll of one's own."""
        return await self._done(self.send_poll(question, *options, anonymous=anonymous, where=where))

    async def reacts(self, *emoji: str, to: Message | Seen | int | None = None, where: Place | None = None) -> None:
        """Put reactions below a message, or below the newest; none takes them away."""
        await self._travel(self.react(*emoji, to=to, where=where).updates)

    async def deletes(self, message: Message | Seen | int | None = None, *, where: Place | None = None) -> None:
        """Delete a message, or the newest, for everybody."""
        self.delete(message, where=where)

    async def pins(self, message: Message | Seen | int | None = None, *, where: Place | None = None) -> None:
        """Pin a message."""
        await self._travel(self.pin(message, where=where).updates)

    def _find(
        self, message: Message | Seen | int | None, where: Place | None, *, kind: type[object] = object
    ) -> Message:
        number = message if isinstance(message, int) or message is None else message.message_id
        for found in self.chat_in(where).seen_by(self.user_id):
            if number in {None, found.message_id} and (kind is object or isinstance(found.behind, kind)):
                return found
        raise ImpossibleAct(f"{self.first_name} sees no such message")
