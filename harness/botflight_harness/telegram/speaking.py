"""Writing in a group in the name of a channel."""

from botflight_harness.telegram.actor import Act, Actor
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.groups import Channel, Group
from botflight_harness.telegram.screen import Seen

#: Who stands for channels that write in groups.
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}


class Speaking(Actor):
    """What somebody can say in a channel's name."""

    def speak_as(self, channel: Group, text: str, *, where: Group) -> Act:
        """Write a text in a group in the name of one's channel."""
        if not isinstance(channel, Channel) or not channel.chat.may(self.user_id, "can_post_messages"):
            raise ImpossibleAct(f"{self.first_name} does not post in {channel}")
        owned = {
            number
            for number, group in self._telegram.groups.items()
            if (member := group.chat.member(self.user_id)) is not None and member.status == "creator"
        }
        if where.chat.banned_senders & (owned | {channel.chat_id}):
            raise ImpossibleAct(f"the channels of {self.first_name} are banned from {where}")
        extra = {"from": CHANNEL_BOT, "sender_chat": channel.chat.as_json()}
        return self.send_content({"text": text}, where=where, extra=extra)

    async def speaks_as(self, channel: Group, text: str, *, where: Group) -> Seen:
        """Write a text in a group in the name of one's channel."""
        return await self._done(self.speak_as(channel, text, where=where))
