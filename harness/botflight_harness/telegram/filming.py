"""Round videos and photos that live, as people send them."""

from typing import Any

from botflight_harness.telegram.actor import Act, Actor, Place
from botflight_harness.telegram.parameters import Upload
from botflight_harness.telegram.screen import Seen


class Filming(Actor):
    """What somebody can do with a camera."""

    def send_video_note(self, data: bytes, *, duration_s: int = 1, where: Place | None = None) -> Act:
        """Send a round video."""
        stored = self._telegram.files.add("video_note", Upload("note.mp4", data, "video/mp4"), duration_s=duration_s)
        return self.send_content({"video_note": stored.content}, where=where)

    def send_live_photo(
        self, video: bytes, still: bytes, *, duration_s: int = 1, caption: str = "", where: Place | None = None
    ) -> Act:
        """Send a photo that moves for a moment: a video, and a picture that stands for it."""
        files = self._telegram.files
        photo = files.add("photo", Upload("photo.jpg", still, "image/jpeg")).content
        sides = {"photo": photo, "width": photo[-1]["width"], "height": photo[-1]["height"]}
        moving = files.add("live_photo", Upload("photo.mp4", video, "video/mp4"), duration_s=duration_s, shown=sides)
        content: dict[str, Any] = {"live_photo": moving.content, "photo": photo}
        return self.send_content(content | ({"caption": caption} if caption else {}), where=where)

    async def sends_video_note(self, data: bytes, *, duration_s: int = 1, where: Place | None = None) -> Seen:
        """Send a round video."""
        return await self._done(self.send_video_note(data, duration_s=duration_s, where=where))

    async def sends_live_photo(
        self, video: bytes, still: bytes, *, duration_s: int = 1, caption: str = "", where: Place | None = None
    ) -> Seen:
        """Send a photo that moves for a moment: a video, and a picture that stands for it."""
        act = self.send_live_photo(video, still, duration_s=duration_s, caption=caption, where=where)
        return await self._done(act)
