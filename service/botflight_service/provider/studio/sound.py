"""A little music: soft chords, a melody that comes back, an echo; wind or rain where the prompt has it."""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from random import Random
from typing import Final

RATE_HZ: Final = 22_050
LONGEST_SECONDS: Final = 30.0
SHORTEST_SECONDS: Final = 1.0
_LOUDEST: Final = 0.82
_FADE_SECONDS: Final = 0.6
_ECHO_SECONDS: Final = 0.31
_SAD_SHARE: Final = 0.35
_REST_SHARE: Final = 0.12
_A4_HZ: Final = 440.0

#: Steps of the scale in half-tones; none of them clash.
_MAJOR: Final = (0, 2, 4, 7, 9)
_MINOR: Final = (0, 3, 5, 7, 10)
#: Chords as half-tones above the key, in orders that please.
_MAJOR_CHORDS: Final = (
    ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14)),
    ((0, 4, 7), (5, 9, 12), (9, 12, 16), (7, 11, 14)),
)
_MINOR_CHORDS: Final = (
    ((0, 3, 7), (8, 12, 15), (3, 7, 10), (10, 14, 17)),
    ((0, 3, 7), (5, 8, 12), (8, 12, 15), (7, 10, 14)),
)

_SAD: Final = ("sad", "dark", "night", "minor", "rain", "lonely", "mystery", "груст", "печал", "ноч", "тайн", "дожд")
_FAST: Final = ("fast", "dance", "happy", "party", "energ", "run", "быстр", "танец", "весел", "энерг")
_SLOW: Final = ("slow", "calm", "ambient", "sleep", "quiet", "медлен", "спокой", "тих", "сон")
_AIR: Final = (
    "wind",
    "sea",
    "ocean",
    "rain",
    "wave",
    "noise",
    "storm",
    "ветер",
    "море",
    "океан",
    "дожд",
    "волн",
    "шум",
)

Samples = list[float]


@dataclass(frozen=True, slots=True)
class _Song:
    """What a piece is made of."""

    key_hz: float
    scale: tuple[int, ...]
    chords: tuple[tuple[int, ...], ...]
    beat_seconds: float


def composed(rng: Random, text: str, *, seconds: float) -> bytes:
    """A WAV of 16 bits, mono, for the words of `text`; of 1 to 30 seconds."""
    length = round(bounded(seconds) * RATE_HZ)
    said = text.lower()
    song = _song(rng, said)
    track = [0.0] * length
    _play_chords(track, song)
    _play_melody(track, song, rng)
    _echo(track)
    if any(word in said for word in _AIR):
        _blow(track, rng)
    return _wav(track)


def bounded(seconds: float) -> float:
    """How long a piece is that was asked to be so long."""
    return min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)


def _song(rng: Random, said: str) -> _Song:
    sad = any(word in said for word in _SAD) or (rng.random() < _SAD_SHARE and not any(word in said for word in _FAST))
    fast, slow = any(word in said for word in _FAST), any(word in said for word in _SLOW)
    tempo = rng.uniform(112, 132) if fast else rng.uniform(58, 70) if slow else rng.uniform(76, 98)
    return _Song(
        key_hz=_A4_HZ * 2 ** ((rng.randint(-7, 4) - 12) / 12),
        scale=_MINOR if sad else _MAJOR,
        chords=rng.choice(_MINOR_CHORDS if sad else _MAJOR_CHORDS),
        beat_seconds=60 / tempo,
    )


def _play_chords(track: Samples, song: _Song) -> None:
    """Four beats a chord, each swelling and fading, with a bass an octave below."""
    bar = round(4 * song.beat_seconds * RATE_HZ)
    for number, start in enumerate(range(0, len(track), bar)):
        chord = song.chords[number % len(song.chords)]
        for step in chord:
            _mix(track, start, _pad(song.key_hz * 2 ** (step / 12), bar * 5 // 4), 0.11)
        _mix(track, start, _pad(song.key_hz * 2 ** (chord[0] / 12 - 1), bar * 5 // 4), 0.2)


def _play_melody(track: Samples, song: _Song, rng: Random) -> None:
    """A phrase of two bars, repeated with a small change, answered, and repeated: A A' B A."""
    first, second = _phrase(rng), _phrase(rng)
    changed = [*first[:-2], *_phrase(rng)[-2:]]
    plucked: dict[float, Samples] = {}
    beats = 0.0
    for round_number in range(64):
        for degree, length in (first, changed, second, first)[round_number % 4]:
            start = round(beats * song.beat_seconds * RATE_HZ)
            beats += length
            if start >= len(track):
                return
            if degree is None:
                continue
            octave, place = divmod(degree, len(song.scale))
            pitch = song.key_hz * 2 ** (1 + octave + song.scale[place] / 12)
            if pitch not in plucked:
                plucked[pitch] = _pluck(pitch)
            _mix(track, start, plucked[pitch], rng.uniform(0.24, 0.34))


def _phrase(rng: Random) -> list[tuple[int | None, float]]:
    """Eight beats of notes: a walk along the scale with a rest here and there."""
    phrase: list[tuple[int | None, float]] = []
    degree, left = rng.randint(1, 5), 8.0
    while left > 0:
        length = min(left, rng.choice((0.5, 0.5, 1.0, 1.0, 1.5, 2.0)))
        degree = min(max(degree + rng.choice((-2, -1, -1, 1, 1, 2)), 0), 9)
        phrase.append((None if rng.random() < _REST_SHARE else degree, length))
        left -= length
    return phrase


def _pad(pitch_hz: float, length: int) -> Samples:
    """Two voices a little out of tune, that swell and fade."""
    one, other = (math.tau * pitch_hz * tune / RATE_HZ for tune in (0.9985, 1.0015))
    swell = math.pi / length
    sine = math.sin
    return [(sine(one * at) + sine(other * at)) * sine(swell * at) for at in range(length)]


def _pluck(pitch_hz: float) -> Samples:
    """A struck bar: its tone, and a shorter one two octaves above."""
    step = math.tau * pitch_hz / RATE_HZ
    length = round(1.5 * RATE_HZ)
    fade, soon = math.exp(-3.6 / RATE_HZ), math.exp(-14 / RATE_HZ)
    loud, bright = 1.0, 0.35
    sine = math.sin
    note = []
    for at in range(length):
        phase = step * at
        note.append(loud * sine(phase) + bright * sine(4 * phase))
        loud *= fade
        bright *= soon
    attack = RATE_HZ // 200
    note[:attack] = [value * at / attack for at, value in enumerate(note[:attack])]
    release = RATE_HZ // 20
    note[-release:] = [value * (release - at) / release for at, value in enumerate(note[-release:])]
    return note


def _mix(track: Samples, start: int, part: Sequence[float], loudness: float) -> None:
    """Add a part to the track from `start` on, as far as the track goes."""
    end = min(start + len(part), len(track))
    if start < end:
        track[start:end] = map(add, track[start:end], [value * loudness for value in part[: end - start]])


def _echo(track: Samples) -> None:
    """Two echoes, each fainter."""
    delay = round(_ECHO_SECONDS * RATE_HZ)
    dry = track[:]
    for count, loudness in ((1, 0.32), (2, 0.16)):
        _mix(track, count * delay, dry, loudness)


def _blow(track: Samples, rng: Random) -> None:
    """Noise without its sharpness, coming and going."""
    level, slow = 0.0, math.tau / (5.5 * RATE_HZ)
    for at in range(len(track)):
        level += 0.06 * (rng.random() - 0.5 - level)
        track[at] += level * 2.2 * (0.55 + 0.45 * math.sin(slow * at))


def _wav(track: Samples) -> bytes:
    """The track at full loudness, faded at both ends, as a file."""
    fade = min(round(_FADE_SECONDS * RATE_HZ), len(track) // 2)
    for at in range(fade):
        track[at] *= min(1.0, at * 12 / fade)
        track[-1 - at] *= at / fade
    loudest = max(map(abs, track)) or 1.0
    scale = _LOUDEST * 32_767 / loudest
    samples = array("h", [round(value * scale) for value in track])
    if sys.byteorder == "big":
        samples.byteswap()
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return content.getvalue()
