"""What Unicode calls an emoji: one sign with what may follow it, or several that are joined into one."""

import re

_SIGN = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_WITH_MORE = f"{_SIGN}\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
_EMOJI = (
    f"{_WITH_MORE}(?:\u200d{_WITH_MORE})*"
    "|[\U0001f1e6-\U0001f1ff]{2}"  # a flag
    "|[0-9#*]\ufe0f?\u20e3"  # a key
)


def is_emoji(text: str) -> bool:
    """Tell whether a text is one emoji."""
    return re.fullmatch(_EMOJI, text) is not None
