"""What the official server says when a parameter is not there, or empty: each has words of its own."""

from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    "action": "wrong parameter action in request",
    "animation": "there is no animation in the request",
    "audio": "there is no audio in the request",
    "business_connection_id": "business connection not found",
    "callback_query_id": "query is too old and response timeout expired or query ID is invalid",
    "chat_id": "chat_id is empty",
    "document": "there is no document in the request",
    "file_id": "file_id not specified",
    "latitude": "latitude is empty",
    "live_photo": "there is no live photo in the request",
    "longitude": "longitude is empty",
    "message_ids": "message identifiers are not specified",
    "photo": "there is no photo in the request",
    "sticker": "there is no sticker in the request",
    "text": "message text is empty",
    "user_id": "invalid user_id specified",
    "video": "there is no video in the request",
    "video_note": "there is no video note in the request",
    "voice": "there is no voice in the request",
}
#: Where a method says it otherwise: the words, and the methods with their parameters.
_WORDS_OF_METHODS: Mapping[str, tuple[str, ...]] = {
    "STARGIFT_INVALID": ("sendGift.gift_id",),
    "STICKERSET_INVALID": ("getStickerSet.name",),
    "STORY_PERIOD_INVALID": ("postStory.active_period", "repostStory.active_period"),
    "accepted gift types aren't specified": ("setBusinessAccountGiftSettings.accepted_gift_types",),
    "can't parse errors JSON object": ("setPassportDataErrors.errors",),
    "can't parse options JSON object": ("sendPoll.options",),
    "can't parse inline query result JSON object": ("answerWebAppQuery.result", "savePreparedInlineMessage.result"),
    "can't parse keyboard button JSON object": ("savePreparedKeyboardButton.button",),
    "chat identifier is not specified": ("deleteMessage.chat_id",),
    "can't parse emoji list JSON array": ("setStickerEmojiList.emoji_list",),
    "inputFile is not specified": ("uploadStickerFile.sticker",),
    "invalid gift identifier specified": (
        "convertGiftToStars.owned_gift_id",
        "transferGift.owned_gift_id",
        "upgradeGift.owned_gift_id",
    ),
    "invalid story identifier specified": ("deleteStory.story_id",),
    "invalid subscription pricing specified": (
        "createChatSubscriptionInviteLink.subscription_period",
        "createChatSubscriptionInviteLink.subscription_price",
    ),
    "message identifier is not specified": ("deleteMessage.message_id",),
    "photo isn't specified": ("setBusinessAccountProfilePhoto.photo", "setMyProfilePhoto.photo"),
    "story content isn't specified": ("postStory.content", "editStory.content"),
    "invalid sticker format specified": ("uploadStickerFile.sticker_format",),
    "sticker is not specified": (
        "deleteStickerFromSet.sticker",
        "replaceStickerInSet.old_sticker",
        "setStickerEmojiList.sticker",
        "setStickerKeywords.sticker",
        "setStickerMaskPosition.sticker",
        "setStickerPositionInSet.sticker",
    ),
    "sticker set name must be non-empty": (
        "addStickerToSet.name",
        "createNewStickerSet.name",
        "deleteStickerSet.name",
        "replaceStickerInSet.name",
        "setCustomEmojiStickerSetThumbnail.name",
        "setStickerSetThumbnail.name",
        "setStickerSetTitle.name",
    ),
    "sticker set title must be non-empty": ("createNewStickerSet.title", "setStickerSetTitle.title"),
    "sticker_set_name is empty": ("setChatStickerSet.sticker_set_name",),
    "there is no sticker file in the request": (
        "addStickerToSet.sticker",
        "createNewStickerSet.stickers",
        "replaceStickerInSet.sticker",
    ),
    "wrong sticker position specified": ("setStickerPositionInSet.position",),
}
_AS_EMPTY = frozenset({"sendPoll.question", "setChatAdministratorCustomTitle.custom_title", "setChatTitle.title"})
_BY_METHOD = {place: words for words, places in _WORDS_OF_METHODS.items() for place in places}


def words(method: str, parameter: str) -> str:
    """Return what is said when a method's parameter is not there."""
    said = _BY_METHOD.get(f"{method}.{parameter}") or _WORDS.get(parameter)
    return said or f'parameter "{parameter}" is required'


def is_missed_later(method: str, parameter: str) -> bool:
    """Tell whether a parameter that is not there is as good as an empty one, of which other words tell, or none."""
    if parameter == "message_id":
        return method != "deleteMessage"
    return f"{method}.{parameter}" in _AS_EMPTY


def has_words(method: str, parameter: str) -> bool:
    """Tell whether an empty parameter is as good as none."""
    return parameter in _WORDS or f"{method}.{parameter}" in _BY_METHOD
