"""The direct messages of a channel: a chat with a topic for each person who writes, and posts that they suggest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botflight_harness.clock import HOUR_MS, SECOND_MS
from botflight_harness.telegram.chats import CHANNEL_BOT, Account, Chat, Message
from botflight_harness.telegram.events import Event

if TYPE_CHECKING:
    from botflight_harness.telegram.paying import Paying
    from botflight_harness.telegram.world import Telegram

#: What a suggested post may cost in Stars.
STARS_LEAST, STARS_MOST = 5, 100_000
#: How far ahead its date may lie, and how long after that it can still be approved.
AHEAD_S_LEAST, AHEAD_S_MOST = 300, 2_678_400
LATE_S_MOST = 86_400
#: A paid post has to stay for so long, and the channel gets this part of the Stars.
STAYS_MS = 24 * HOUR_MS
EARNED_PER_MILLE = 850


@dataclass(frozen=True, slots=True)
class ChannelVoice:
    """Who writes for a channel in its direct messages when nobody of those who run it has."""

    user_id: int = int(str(CHANNEL_BOT["id"]))

    def as_json(self) -> dict[str, Any]:
        """Return the User object."""
        return dict(CHANNEL_BOT)


@dataclass(slots=True, eq=False)
class SuggestedPost:
    """A post that somebody would like to see in a channel."""

    message: Message
    person: "Paying"
    #: 0 is a post that is not paid for
    stars: int = 0
    #: seconds since 1970; 0 leaves it to who approves
    send_date_s: int = 0
    state: str = "pending"

    def info(self) -> dict[str, Any]:
        """Return the SuggestedPostInfo object."""
        return {"state": self.state, **self.price(), **({"send_date": self.send_date_s} if self.send_date_s else {})}

    def price(self) -> dict[str, Any]:
        """Return the price, under its name, or nothing."""
        return {"price": {"currency": "XTR", "amount": self.stars}} if self.stars else {}

    def settle(self, state: str) -> None:
        """Say what became of it."""
        self.state = state
        self.message.extra["suggested_post_info"] = self.info()

    def may_be_decided(self, now_s: int) -> bool:
        """Tell whether it waits, and is not too old."""
        return self.state == "pending" and not (self.send_date_s and self.send_date_s < now_s - LATE_S_MOST)


def direct_topic(person: Account) -> dict[str, Any]:
    """Return the DirectMessagesTopic object of somebody who writes to a channel."""
    return {"topic_id": person.user_id, "user": person.as_json()}


def approve(world: "Telegram", post: SuggestedPost, by: Account, send_date_s: int) -> None:
    """Take the Stars and publish the post when its time has come; without enough Stars nothing comes of it."""
    if post.person.stars < post.stars:
        _say(world, post, by, "suggested_post_approval_failed", post.price())
        return
    post.person.stars -= post.stars
    post.send_date_s = post.send_date_s or send_date_s or world.clock.now_ms() // SECOND_MS
    post.settle("approved")
    _say(world, post, by, "suggested_post_approved", {**post.price(), "send_date": post.send_date_s})
    at_ms = post.send_date_s * SECOND_MS
    if at_ms <= world.clock.now_ms():
        _publish(world, post, by)
    else:
        world.at(at_ms, lambda: _publish(world, post, by))


def decline(world: "Telegram", post: SuggestedPost, by: Account, comment: str) -> None:
    """Tell the person no."""
    post.settle("declined")
    _say(world, post, by, "suggested_post_declined", {"comment": comment} if comment else {})


def _publish(world: "Telegram", post: SuggestedPost, by: Account) -> None:
    channel = post.message.chat.parent
    assert channel is not None
    published = world.post(channel, by, dict(post.message.content), extra={"is_paid_post": True} if post.stars else {})
    world.announce("message", published)
    if post.stars:
        _Escrow(world, post, published, channel).watch()


@dataclass(slots=True, eq=False)
class _Escrow:
    """Stars that the channel gets once the post has stayed for a day; deleted before, they go back."""

    world: "Telegram"
    post: SuggestedPost
    published: Message
    channel: Chat
    _forget: Callable[[], None] | None = None

    def watch(self) -> None:
        self._forget = self.world.subscribe(self._heard)
        self.world.at(self.world.clock.now_ms() + STAYS_MS, self._earned)

    def _heard(self, event: Event) -> None:
        if event.kind == "message_deleted" and self.published.is_deleted and self._close():
            self.post.person.stars += self.post.stars
            _say(self.world, self.post, ChannelVoice(), "suggested_post_refunded", {"reason": "post_deleted"})

    def _earned(self) -> None:
        if self._close():
            stars = self.post.stars * EARNED_PER_MILLE // 1000
            self.channel.stars += stars
            paid = {"currency": "XTR", "star_amount": {"amount": stars}}
            _say(self.world, self.post, ChannelVoice(), "suggested_post_paid", paid)

    def _close(self) -> bool:
        """Stop watching; False when that was done before."""
        forget, self._forget = self._forget, None
        if forget is not None:
            forget()
        return forget is not None


def _say(world: "Telegram", post: SuggestedPost, by: Account, kind: str, told: Mapping[str, Any]) -> None:
    """Put a service message about the post into the person's topic, and tell the bots of the channel."""
    suggested = {"suggested_post_message": post.message.as_json(with_reply=False)}
    topic = {"direct_messages_topic": direct_topic(post.person)}
    message = world.post(post.message.chat, by, {kind: {**suggested, **told}}, reply_to=post.message, extra=topic)
    message.only_for = post.person.user_id
    world.announce("message", message)
