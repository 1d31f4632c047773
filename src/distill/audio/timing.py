"""Tempo of a sound in a chunk of WAV files, as samplers and music programs read it.

`acid` has tempo, beats and meter (no standard; layout as in libsndfile's `wav.c`). The `smpl` chunk
of `marks.py` tells of the loop.
"""

import math
import struct
from dataclasses import dataclass
from typing import BinaryIO

from distill.audio.marks import SAMPLER, UNITY_NOTE
from distill.audio.riff import byte_order, find_chunks

HIGHEST_TEMPO = 1_000.0
"""Tempo in beats per minute (BPM) up to which a file is believed."""

MOST_BAR_BEATS = 64
"""Beats of a bar up to which a file is believed."""

# Flags, root note, 0x8000, 0.0, number of beats, denominator and numerator of the meter, tempo.
_ACID = "IHHfIHHf"

# Flags of an `acid` chunk.
_ONE_SHOT = 0x01
_STRETCH = 0x04

# Note value of a beat: a quarter.
_DENOMINATOR = 4


@dataclass(frozen=True)
class Timing:
    """Tempo and length of a sound in beats.

    Attributes:
        tempo: In beats per minute (BPM), above 0.
        beats: Number of beats.
        bar_beats: Beats of a bar.
        is_loop: Whether its end flows into its beginning.
    """

    tempo: float
    beats: int
    bar_beats: int
    is_loop: bool

    def __post_init__(self) -> None:
        if not (0 < self.tempo < math.inf and self.beats >= 0 and self.bar_beats >= 1):
            raise ValueError(f"No sound has the timing {self}.")


def tempo_chunk(timing: Timing, note: int = UNITY_NOTE) -> tuple[bytes, bytes]:
    """Name and contents of the `acid` chunk of a WAV file.

    Args:
        timing: Tempo and beats.
        note: MIDI note at which the sound plays as recorded.
    """
    flags = _STRETCH if timing.is_loop else _ONE_SHOT
    meter = (_DENOMINATOR, timing.bar_beats)
    acid = struct.pack(f"<{_ACID}", flags, note, 0x8000, 0.0, timing.beats, *meter, timing.tempo)
    return b"acid", acid


def find_timing(file: BinaryIO) -> Timing | None:
    """The timing in the first `acid` chunk of an open file; None where it says nothing.

    A `smpl` chunk with a loop marks a loop where `acid` does not: not all programs write both.
    """
    order = byte_order(file)
    timing = None
    has_loop = False
    for chunk in find_chunks(file):
        file.seek(chunk.start)
        if chunk.name == b"acid" and timing is None:
            timing = _read_acid(file.read(min(chunk.size, struct.calcsize(_ACID))), order)
        elif chunk.name == b"smpl":
            has_loop |= _has_loop(file.read(min(chunk.size, struct.calcsize(SAMPLER))), order)
    if timing is None or not has_loop:
        return timing
    return Timing(timing.tempo, timing.beats, timing.bar_beats, is_loop=True)


def _read_acid(content: bytes, order: str) -> Timing | None:
    """Timing in the contents of an `acid` chunk; None where they are cut or make no sense."""
    if len(content) < struct.calcsize(f"{order}{_ACID}"):
        return None
    flags, _, _, _, beats, _, numerator, tempo = struct.unpack(f"{order}{_ACID}", content)
    if not (math.isfinite(tempo) and 0 < tempo <= HIGHEST_TEMPO):
        return None
    # Some programs leave the meter empty.
    bar_beats = numerator if 0 < numerator <= MOST_BAR_BEATS else 4
    return Timing(tempo=tempo, beats=beats, bar_beats=bar_beats, is_loop=not flags & _ONE_SHOT)


def _has_loop(content: bytes, order: str) -> bool:
    """Whether a `smpl` chunk, of which `content` is the beginning, has loops."""
    if len(content) < struct.calcsize(f"{order}{SAMPLER}"):
        return False
    n_loops = struct.unpack(f"{order}{SAMPLER}", content)[7]
    return bool(n_loops)
