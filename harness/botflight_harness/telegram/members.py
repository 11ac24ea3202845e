"""Who is in a chat, with which rights: the ChatMember objects of the Bot API."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from botflight_harness.telegram.chats import Account

Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

#: What an administrator may be allowed; the second group exists in channels only, the third in groups only.
RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
)
CHANNEL_RIGHTS = ("can_post_messages", "can_edit_messages", "can_manage_direct_messages")
GROUP_RIGHTS = ("can_pin_messages", "can_manage_topics", "can_manage_tags")
#: What a member may be forbidden.
PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)
#: What a new group lets its members do.
OPEN_PERMISSIONS: Mapping[str, bool] = dict.fromkeys(PERMISSIONS, True)
#: What a permission is needed for; other content needs can_send_messages.
_NEEDED = {
    "audio": "can_send_audios",
    "document": "can_send_documents",
    "photo": "can_send_photos",
    "live_photo": "can_send_photos",
    "video": "can_send_videos",
    "video_note": "can_send_video_notes",
    "voice": "can_send_voice_notes",
    "poll": "can_send_polls",
    "animation": "can_send_other_messages",
    "sticker": "can_send_other_messages",
    "dice": "can_send_other_messages",
    "game": "can_send_other_messages",
}
_HERE = frozenset({"creator", "administrator", "member"})


@dataclass(frozen=True, slots=True)
class Member:
    """What somebody is in a chat."""

    account: "Account"
    status: Status = "member"
    #: of an administrator
    rights: frozenset[str] = frozenset()
    #: of somebody restricted
    permissions: frozenset[str] = frozenset()
    #: a restricted one may be outside
    is_inside: bool = True
    is_anonymous: bool = False
    custom_title: str = ""
    #: what a plain member is called beside the name
    tag: str = ""
    #: when a ban, a restriction or a paid membership ends, in seconds since 1970; 0 is never
    until_s: int = 0
    #: who made this one an administrator: only they and the owner may change it
    promoted_by: int = field(default=0, compare=False)

    @property
    def is_here(self) -> bool:
        """Whether they are in the chat."""
        return self.status in _HERE or (self.status == "restricted" and self.is_inside)

    @property
    def is_administrator(self) -> bool:
        """Whether they run the chat, as its owner or for its owner."""
        return self.status in {"creator", "administrator"}

    def may(self, right: str) -> bool:
        """Tell whether they have the right of an administrator."""
        return self.status == "creator" or (self.status == "administrator" and right in self.rights)

    def as_json(self, *, for_user: int = 0, is_channel: bool = False) -> dict[str, Any]:
        """Return the ChatMember object, as it is told to `for_user`."""
        json: dict[str, Any] = {"status": self.status, "user": self.account.as_json()}
        match self.status:
            case "creator":
                json["is_anonymous"] = self.is_anonymous
            case "administrator":
                names = RIGHTS + (CHANNEL_RIGHTS if is_channel else GROUP_RIGHTS)
                json["can_be_edited"] = bool(for_user) and self.promoted_by == for_user
                json["is_anonymous"] = self.is_anonymous
                json |= {name: name in self.rights for name in names}
            case "restricted":
                json |= {"is_member": self.is_inside, "until_date": self.until_s}
                json |= {name: name in self.permissions for name in PERMISSIONS}
            case "kicked":
                json["until_date"] = self.until_s
            case "member" if self.until_s:
                json["until_date"] = self.until_s
            case _:
                pass
        if self.tag and self.status in {"member", "restricted"}:
            json["tag"] = self.tag
        return json | {"custom_title": self.custom_title} if self.custom_title else json

    def over(self, now_s: int) -> "Member":
        """Return what they are once a ban or restriction has run out."""
        if self.status not in {"restricted", "kicked"} or not self.until_s or self.until_s > now_s:
            return self
        if self.status == "restricted" and self.is_inside:
            return Member(self.account)
        return Member(self.account, "left")

    def promoted(self, rights: frozenset[str], *, by: int, is_anonymous: bool = False) -> "Member":
        """Return them as an administrator, or as a member when no right is left."""
        if not rights and not is_anonymous:
            return Member(self.account)
        return replace(
            self,
            status="administrator",
            rights=rights | {"can_manage_chat"},
            permissions=frozenset(),
            is_anonymous=is_anonymous,
            until_s=0,
            promoted_by=by,
        )


def all_rights(*, is_channel: bool) -> frozenset[str]:
    """Return every right of an administrator."""
    return frozenset(RIGHTS + (CHANNEL_RIGHTS if is_channel else GROUP_RIGHTS))


def needed_permission(content: Mapping[str, Any]) -> str:
    """Return the permission that sending this content takes."""
    return next((_NEEDED[kind] for kind in content if kind in _NEEDED), "can_send_messages")
