"""The studio: what comes out of a request, and what cannot."""

from __future__ import annotations

import io
import wave
from array import array
from random import Random

import pytest
from PIL import Image, ImageChops, ImageStat

from botflight_service.generation.attempts import ResultKind
from botflight_service.provider.interface import GenerationRequest
from botflight_service.provider.studio import Studio, Unmakeable, animation, painting, retouch, seed, sound
from botflight_service.provider.studio.scenes import figures

SMALL = Studio(side_px=48)


def asked(kind: ResultKind = ResultKind.PHOTO, *, photo: bytes | None = None, **inputs: str) -> GenerationRequest:
    """A request with these inputs."""
    files = {"photo": photo} if photo is not None else {}
    return GenerationRequest(token="any", model="model", kind=kind, inputs=inputs, files=files)


def picture_in(content: bytes) -> Image.Image:
    """The picture in a file, whole."""
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def photo(width: int = 64, height: int = 48, kind: str = "JPEG") -> bytes:
    """A photo of a red disc on blue."""
    picture = Image.new("RGB", (width, height), (30, 60, 160))
    picture.paste((220, 40, 30), (width // 4, height // 4, width // 2, height // 2))
    written = io.BytesIO()
    picture.save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize(
    ("kind", "start"),
    [(ResultKind.PHOTO, b"\x89PNG"), (ResultKind.ANIMATION, b"GIF89a"), (ResultKind.AUDIO, b"RIFF")],
)
def test_each_kind_is_a_real_file_of_its_format(kind: ResultKind, start: bytes) -> None:
    """Telegram and people open them."""
    content = SMALL.make(asked(kind, prompt="a lake", seconds="1"))

    assert content.startswith(start)


@pytest.mark.parametrize("kind", ResultKind)
def test_the_same_request_gives_the_same_bytes(kind: ResultKind) -> None:
    """A repeat can be compared; nothing but the request goes into the file."""
    one, other = (SMALL.make(asked(kind, prompt="a lake at night", seconds="1")) for _ in range(2))

    assert one == other


@pytest.mark.parametrize("kind", ResultKind)
def test_another_prompt_gives_another_file(kind: ResultKind) -> None:
    """Nobody pays twice for one picture."""
    one, other = (SMALL.make(asked(kind, prompt=prompt, seconds="1")) for prompt in ("a lake", "a river"))

    assert one != other


def test_the_order_of_inputs_and_the_token_do_not_matter() -> None:
    """The seed follows from the model and what was answered."""
    one = GenerationRequest(token="1", model="m", kind=ResultKind.PHOTO, inputs={"a": "1", "b": "2"})
    other = GenerationRequest(token="2", model="m", kind=ResultKind.PHOTO, inputs={"b": "2", "a": "1"})

    assert seed(one) == seed(other)


def test_a_photo_counts_by_its_content_and_not_by_its_file_id() -> None:
    """Telegram gives the same photo many ids."""
    one = seed(asked(photo=b"pixels", prompt="x"))
    renamed = GenerationRequest(
        token="any",
        model="model",
        kind=ResultKind.PHOTO,
        inputs={"photo": "AgAC", "prompt": "x"},
        files={"photo": b"pixels"},
    )

    assert one == seed(renamed)
    assert one != seed(asked(photo=b"others", prompt="x"))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ("1:1", (1024, 1024)),
        ("16:9", (1368, 768)),
        ("9:16", (768, 1368)),
        ("3:4", (888, 1184)),
        ("", (1024, 1024)),
        ("1:1000", (1024, 1024)),
        ("0:1", (1024, 1024)),
        ("a:b", (1024, 1024)),
        ("²:1", (1024, 1024)),
    ],
)
def test_the_shape_is_that_of_the_request(shape: str, size: tuple[int, int]) -> None:
    """About as many pixels in any shape; an absurd one is a square."""
    assert Studio()._size(asked(shape=shape)) == size


@pytest.mark.parametrize("scene", painting.SCENES, ids=lambda scene: scene.words[0])
@pytest.mark.parametrize("size", [(48, 48), (96, 32), (16, 64)], ids=str)
def test_every_scene_can_be_painted_in_every_shape(scene: painting.Scene, size: tuple[int, int]) -> None:
    """The words of a scene call it, and it fills the picture with more than one colour."""
    picture = painting.painted(Random(7), scene.words[0], size)

    assert picture.size == size
    assert picture.mode == "RGB"
    assert max(ImageStat.Stat(picture).stddev) > 3


@pytest.mark.parametrize(("prompt", "channel"), [("fire flame lava", 0), ("океан, ocean water", 2)])
def test_words_choose_the_colours(prompt: str, channel: int) -> None:
    """Fire is red and the sea is blue, in either language."""
    red, _, blue = ImageStat.Stat(painting.painted(Random(1), prompt, (48, 48))).mean

    assert (red > blue) == (channel == 0)


@pytest.mark.parametrize("look", retouch.LOOKS, ids=lambda look: look.words[0])
@pytest.mark.parametrize("size", [(64, 48), (1, 1), (3, 200)], ids=str)
def test_every_look_changes_the_photo_and_keeps_its_size(look: retouch.Look, size: tuple[int, int]) -> None:
    """What comes back is the photo, in the same shape, visibly changed."""
    given = photo(*size)

    changed = picture_in(retouch.retouched(Random(3), given, look.words[0]))

    assert changed.size == size
    if size == (64, 48):
        difference = ImageChops.difference(changed.convert("RGB"), picture_in(given).convert("RGB"))
        assert max(ImageStat.Stat(difference).mean) > 8


def test_a_large_photo_is_worked_on_in_a_size_for_chats() -> None:
    """The longest side is 1,280 pixels at most."""
    result = picture_in(retouch.retouched(Random(3), photo(2000, 1000), "pixel"))

    assert result.size == (1280, 640)


@pytest.mark.parametrize(
    ("factor", "size"), [("2", (128, 96)), ("4", (256, 192)), ("100", (256, 192)), ("0.5", (64, 48))]
)
def test_upscaling_multiplies_the_sides(factor: str, size: tuple[int, int]) -> None:
    """By two or four; never less, never more."""
    assert picture_in(SMALL.make(asked(photo=photo(), factor=factor))).size == size


def test_upscaling_stops_at_a_longest_side() -> None:
    """4,096 pixels are as many as a chat can show."""
    result = picture_in(SMALL.make(asked(photo=photo(2048, 20), factor="4")))

    assert result.size == (4096, 40)


def test_a_photo_too_large_for_the_bound_is_made_smaller() -> None:
    """The bound holds for photos that arrive beyond it as well."""
    result = picture_in(SMALL.make(asked(photo=photo(5000, 50, "PNG"), factor="2")))

    assert max(result.size) == 4096


def test_a_photo_that_lies_on_its_side_is_set_upright() -> None:
    """Phones write the turn beside the pixels."""
    lying = Image.new("RGB", (64, 32))
    exif = lying.getexif()
    exif[0x0112] = 6
    written = io.BytesIO()
    lying.save(written, "JPEG", exif=exif)

    assert retouch.opened(written.getvalue()).size == (32, 64)


@pytest.mark.parametrize(
    "content", [b"", b"text", photo()[:200], photo(kind="PNG")[:60], b"RIFF\x00\x00\x00\x00WEBPVP8 "]
)
def test_what_is_no_photo_cannot_be_worked_on(content: bytes) -> None:
    """Damaged and empty files end the job with one code."""
    with pytest.raises(Unmakeable) as unmakeable:
        SMALL.make(asked(photo=content, prompt="x"))

    assert unmakeable.value.code == "not_a_photo"


def test_a_small_file_that_claims_to_be_huge_is_not_opened() -> None:
    """A bomb is refused by its size on the label, before any pixel is made."""
    bomb = io.BytesIO()
    Image.new("1", (8_000, 6_000)).save(bomb, "PNG")

    with pytest.raises(Unmakeable) as unmakeable:
        retouch.opened(bomb.getvalue())

    assert unmakeable.value.code == "photo_too_large"


@pytest.mark.parametrize("loop", animation.LOOPS, ids=lambda loop: loop.words[0])
def test_every_loop_moves_and_comes_back(loop: animation.Loop) -> None:
    """24 frames that differ, and the last is as near to the first as any two neighbours."""
    gif = picture_in(animation.animated(Random(5), loop.words[0], (64, 64), seconds=3))
    frames = []
    for number in range(animation.FRAMES):
        gif.seek(number)
        frames.append(gif.convert("RGB"))
    steps = [_difference(one, other) for one, other in zip(frames, [*frames[1:], frames[0]], strict=True)]

    assert len(frames) == 24
    assert max(steps) > 0
    assert steps[-1] <= max(steps[:-1]) * 1.2


def _difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def test_an_animation_that_is_too_heavy_is_made_lighter() -> None:
    """Fewer colours and pixels until it is small enough; here, noise that no GIF can pack."""
    noise = [Image.frombytes("RGB", (100, 100), Random(n).randbytes(30_000)) for n in range(6)]

    content = animation.within_bytes(noise, frame_ms=100, most_bytes=60_000)

    assert len(content) <= 60_000


@pytest.mark.parametrize(("seconds", "heard"), [("1", 1.0), ("2.5", 2.5), ("0.1", 1.0)])
def test_a_sound_lasts_as_long_as_was_asked(seconds: str, heard: float) -> None:
    """At least a second; what comes out has one channel of 16 bits."""
    with wave.open(io.BytesIO(SMALL.make(asked(ResultKind.AUDIO, prompt="calm", seconds=seconds)))) as file:
        frames, rate, form = file.getnframes(), file.getframerate(), (file.getnchannels(), file.getsampwidth())

    assert form == (1, 2)
    assert frames / rate == pytest.approx(heard)


def test_a_sound_has_a_longest() -> None:
    """Thirty seconds, whatever was asked for."""
    assert sound.bounded(1e9) == 30


def test_a_sound_is_loud_enough_never_clips_and_fades_out() -> None:
    """Music and not a click."""
    with wave.open(io.BytesIO(sound.composed(Random(2), "a storm at sea", seconds=1.5))) as file:
        samples = array("h", file.readframes(file.getnframes()))

    assert 20_000 < max(map(abs, samples)) < 32_767
    assert abs(samples[-1]) < 200


@pytest.mark.parametrize("seconds", ["many", "nan", "-1", "0", "inf"])
def test_absurd_numbers_are_refused(seconds: str) -> None:
    """The bot checks its inputs; the provider does not rely on it."""
    with pytest.raises(Unmakeable):
        SMALL.make(asked(ResultKind.AUDIO, seconds=seconds))


@pytest.mark.parametrize(
    ("request_", "suffix"),
    [
        (asked(), ".png"),
        (asked(photo=b"x"), ".jpg"),
        (asked(ResultKind.ANIMATION), ".gif"),
        (asked(ResultKind.AUDIO), ".wav"),
    ],
)
def test_the_name_says_what_is_inside(request_: GenerationRequest, suffix: str) -> None:
    """Drawings are PNG, photos stay JPEG."""
    assert SMALL.suffix(request_) == suffix


@pytest.mark.parametrize("figure", figures.FIGURES, ids=lambda figure: figure.words[0])
@pytest.mark.parametrize("language", [0, -1], ids=["en", "ru"])
def test_whoever_asks_for_a_cat_gets_a_cat(figure: figures.Figure, language: int) -> None:
    """A figure that the prompt names stands in the picture, in either language; another word leaves it out."""
    word = figure.words[language]

    with_figure = painting.painted(Random(4), f"one {word}", (64, 64))

    assert figures.asked_for(f"one {word}") is figure
    assert with_figure.size == (64, 64)


def test_a_word_inside_another_names_no_figure() -> None:
    """A category is no cat."""
    assert figures.asked_for("education, vacation and the abdomen") is None
