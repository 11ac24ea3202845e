"""The methods that the world models, by family. What is not here is not modelled, and says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from botflight_harness.telegram.methods import (
    albums,
    attachments,
    callbacks,
    chats,
    dealing,
    editing,
    forwarding,
    inline,
    invites,
    media,
    members,
    messages,
    payments,
    polls,
    profile,
    reactions,
    receiving,
    topics,
)
from botflight_harness.telegram.methods.request import Handler, Request


@dataclass(frozen=True, slots=True)
class Late:
    """A method whose family is imported when it is first called."""

    family: str
    name: str

    def load(self) -> Handler:
        """Import the family, and return what runs the method."""
        family: Mapping[str, Handler] = import_module(f"{__name__}.{self.family}").METHODS
        METHODS.update(family)
        return family[self.name]

    def __call__(self, request: Request) -> Any:  # noqa: ANN401 -- JSON
        """Run the method, as its handler does."""
        return self.load()(request)


_FAMILIES = (
    albums,
    attachments,
    callbacks,
    chats,
    dealing,
    editing,
    forwarding,
    inline,
    invites,
    media,
    members,
    messages,
    payments,
    polls,
    profile,
    reactions,
    receiving,
    topics,
)

#: Families that few bots call: what their methods are, so that their modules are imported by the first call only.
LATE: Mapping[str, str] = {
    "business": (
        "deleteBusinessMessages setBusinessAccountName setBusinessAccountUsername setBusinessAccountBio "
        "setBusinessAccountGiftSettings setBusinessAccountProfilePhoto removeBusinessAccountProfilePhoto "
        "getBusinessAccountStarBalance transferBusinessAccountStars"
    ),
    "checklists": "sendChecklist editMessageChecklist",
    "closing": "close logOut",
    "ephemeral": (
        "editEphemeralMessageText editEphemeralMessageCaption editEphemeralMessageMedia "
        "editEphemeralMessageReplyMarkup deleteEphemeralMessage"
    ),
    "games": "sendGame setGameScore getGameHighScores",
    "gifts": (
        "getAvailableGifts sendGift giftPremiumSubscription getUserGifts getChatGifts getBusinessAccountGifts "
        "convertGiftToStars upgradeGift transferGift"
    ),
    "guarding": "answerChatJoinRequestQuery sendChatJoinRequestWebApp",
    "passport": "setPassportDataErrors",
    "portraits": (
        "getUserProfilePhotos getUserProfileAudios setMyProfilePhoto removeMyProfilePhoto "
        "getUserPersonalChatMessages setUserEmojiStatus"
    ),
    "rich": "sendRichMessage sendRichMessageDraft",
    "senders": "banChatSenderChat unbanChatSenderChat",
    "sticker_sets": (
        "createNewStickerSet addStickerToSet replaceStickerInSet getStickerSet setStickerPositionInSet "
        "deleteStickerFromSet setStickerSetTitle setStickerSetThumbnail setCustomEmojiStickerSetThumbnail "
        "deleteStickerSet setChatStickerSet deleteChatStickerSet"
    ),
    "stickers": (
        "uploadStickerFile setStickerEmojiList setStickerKeywords setStickerMaskPosition getCustomEmojiStickers "
        "getForumTopicIconStickers"
    ),
    "stories": "postStory repostStory editStory deleteStory",
    "suggestions": "approveSuggestedPost declineSuggestedPost",
    "verifying": "verifyUser verifyChat removeUserVerification removeChatVerification",
    "web_apps": "answerWebAppQuery savePreparedInlineMessage savePreparedKeyboardButton",
}

METHODS: dict[str, Handler | Late] = {
    **{name: handler for family in _FAMILIES for name, handler in family.METHODS.items()},
    **{name: Late(family, name) for family, names in LATE.items() for name in names.split()},
}
