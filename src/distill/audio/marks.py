"""Marks for samplers in WAV files: root note, loop and cue points.

Chunks `smpl` and `cue ` ("New multimedia data types and data techniques", Microsoft 1994). Other
formats have no place for them.
"""

import struct
from dataclasses import dataclass

UNITY_NOTE = 60
"""MIDI note at which a sound plays as recorded, where its pitch is not known: C4, as in most
files."""

# Manufacturer, product, sample period (ns), unity note, pitch fraction, SMPTE format and offset,
# loops, bytes that follow them. Then each loop: number, type (0: forward), first and last sample
# frame, fraction, how often it plays (0: without end).
SAMPLER = "9I"
LOOP = "6I"

# Number, place in the order of playing, chunk, its begin, begin of a block, sample frame.
_CUE = "II4sIII"

# Steps of a pitch fraction in a semitone.
_FRACTION = 1 << 32


@dataclass(frozen=True)
class Marks:
    """Facts about a sound that a sampler reads.

    Attributes:
        note: MIDI note of its pitch, in fractions; None where it has none.
        is_loop: Whether its end flows into its start.
        cues: Sample frames of its onsets, increasing.
    """

    note: float | None = None
    is_loop: bool = False
    cues: tuple[int, ...] = ()

    @property
    def root(self) -> int:
        """The nearest MIDI note, 0 to 127."""
        return UNITY_NOTE if self.note is None else min(max(round(self.note), 0), 127)

    @property
    def cents(self) -> int:
        """How far the pitch lies above that note, in cents, -50 to 50."""
        return 0 if self.note is None else round(100 * (self.note - self.root))


def mark_chunks(marks: Marks, frames: int, sample_rate: int) -> list[tuple[bytes, bytes]]:
    """Names and contents of the chunks of a WAV file: `smpl`, and `cue ` where there are cues.

    Args:
        marks: The marks.
        frames: Samples per channel of the file.
        sample_rate: In Hz.
    """
    chunks = [(b"smpl", _sampler(marks, frames, sample_rate))]
    cues = [cue for cue in marks.cues if 0 <= cue < frames]
    if cues:
        points = [
            struct.pack(f"<{_CUE}", number, cue, b"data", 0, 0, cue)
            for number, cue in enumerate(cues, 1)
        ]
        chunks.append((b"cue ", struct.pack("<I", len(cues)) + b"".join(points)))
    return chunks


def _sampler(marks: Marks, frames: int, sample_rate: int) -> bytes:
    """Contents of a `smpl` chunk, with one loop over all of a sound that is one."""
    period_ns = round(1e9 / sample_rate)
    # A fraction goes upwards alone. Flat sounds have none: programs that read no fraction are then
    # never more than 50 cents off.
    fraction = round(max(0, marks.cents) / 100 * _FRACTION)
    loops = int(marks.is_loop and frames > 0)
    sampler = struct.pack(f"<{SAMPLER}", 0, 0, period_ns, marks.root, fraction, 0, 0, loops, 0)
    if not loops:
        return sampler
    return sampler + struct.pack(f"<{LOOP}", 0, 0, 0, frames - 1, 0, 0)


def size_of(marks: Marks | None) -> int:
    """Bytes that the chunks take at most, headers included."""
    if marks is None:
        return 0
    return 8 + struct.calcsize(SAMPLER + LOOP) + 12 + struct.calcsize(f"<{_CUE}") * len(marks.cues)
