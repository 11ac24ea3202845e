"""What people show of themselves, and tell of themselves in earnest."""

from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.actor import Actor
from botflight_harness.telegram.chats import Chat
from botflight_harness.telegram.errors import ImpossibleAct
from botflight_harness.telegram.groups import Group
from botflight_harness.telegram.parameters import Upload


class Presenting(Actor):
    """What somebody's profile shows."""

    #: the id of the custom emoji beside the name, and until when, in seconds since 1970; 0 is for good
    emoji_status: tuple[str, int] = ("", 0)
    #: the bots that may change it, by their ids
    emoji_status_bots: frozenset[int] = frozenset()
    #: the channel that the profile shows
    personal_chat: Chat | None = None

    def add_profile_photo(self, data: bytes) -> None:
        """Show a photo of oneself, before the former ones."""
        stored = self._telegram.files.add("photo", Upload("photo.jpg", data, "image/jpeg"))
        self._telegram.profile_photos.setdefault(self.user_id, []).insert(0, stored)

    def add_profile_audio(self, data: bytes, *, title: str = "", performer: str = "", duration_s: int = 1) -> None:
        """Show music that one likes, before the former."""
        named = {name: text for name, text in (("title", title), ("performer", performer)) if text}
        upload = Upload("music.mp3", data, "audio/mpeg")
        stored = self._telegram.files.add("audio", upload, duration_s=duration_s, shown=named)
        self._telegram.profile_audios.setdefault(self.user_id, []).insert(0, stored)

    def allow_emoji_status(self, bot: BotAccount | None = None) -> None:
        """Let a bot change the emoji beside one's name, as a Mini App asks to."""
        self.emoji_status_bots |= {(bot or self._telegram.sole_bot()).user_id}

    def forbid_emoji_status(self, bot: BotAccount | None = None) -> None:
        """Let a bot change it no more."""
        self.emoji_status_bots -= {(bot or self._telegram.sole_bot()).user_id}

    def show_personal_chat(self, channel: Group | None) -> None:
        """Show a channel of one's own in the profile, or none."""
        if channel is not None and not channel.chat.may(self.user_id, "can_post_messages"):
            raise ImpossibleAct(f"{self.first_name} does not post in {channel}")
        self.personal_chat = None if channel is None else channel.chat

    def passport_errors(self, bot: BotAccount | None = None) -> list[dict[str, object]]:
        """Return what a bot has found wrong in what one has given it with Telegram Passport."""
        return self._telegram.passport_errors.get((self.user_id, (bot or self._telegram.sole_bot()).user_id), [])
