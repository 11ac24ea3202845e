"""Stories that bots post for business accounts, and how long they are shown (https://core.telegram.org/api/stories)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botflight_harness.clock import SECOND_MS
from botflight_harness.telegram.accounts import BotAccount
from botflight_harness.telegram.entities import Formatted
from botflight_harness.telegram.files import StoredFile

#: For how long a story may be shown.
PERIODS_S = frozenset({6 * 3600, 12 * 3600, 86_400, 2 * 86_400})
CAPTION_CHARACTERS_MOST = 2_048
#: What the picture of a story measures.
PHOTO_SIZE = (1080, 1920)
VIDEO_S_MOST = 60
#: The newest of so many are remembered.
STORIES_MOST = 100_000


@dataclass(slots=True, eq=False)
class Story:
    """A story of a business account."""

    story_id: int
    owner_id: int
    #: who posted it in the owner's place
    bot: BotAccount
    file: StoredFile
    caption: Formatted
    #: StoryArea objects
    areas: list[dict[str, Any]]
    expires_ms: int
    #: shown on the profile after it has expired
    stays: bool = False
    is_protected: bool = False

    def is_shown(self, now_ms: int) -> bool:
        """Tell whether it can be seen."""
        return self.stays or now_ms < self.expires_ms


@dataclass(slots=True)
class Stories:
    """Every story of a world."""

    _by_place: dict[tuple[int, int], Story] = field(default_factory=dict)
    _last_ids: dict[int, int] = field(default_factory=dict)

    def next_id(self, owner_id: int) -> int:
        """Return an id that no story of this account had."""
        self._last_ids[owner_id] = self._last_ids.get(owner_id, 0) + 1
        return self._last_ids[owner_id]

    def add(self, story: Story) -> None:
        """Keep a story."""
        self._by_place[story.owner_id, story.story_id] = story
        if len(self._by_place) > STORIES_MOST:
            del self._by_place[next(iter(self._by_place))]

    def get(self, owner_id: int, story_id: int) -> Story | None:
        """Return a story of an account, or None."""
        return self._by_place.get((owner_id, story_id))

    def remove(self, story: Story) -> None:
        """Delete a story."""
        del self._by_place[story.owner_id, story.story_id]

    def shown(self, owner_id: int, *, now_ms: int) -> Iterator[Story]:
        """Yield what others see on the profile of an account, the oldest first."""
        mine = (story for story in self._by_place.values() if story.owner_id == owner_id)
        return (story for story in mine if story.is_shown(now_ms))


def expiry_ms(now_ms: int, period_s: int) -> int:
    """Return when a story goes into the archive."""
    return now_ms + period_s * SECOND_MS
