"""Character of the sounds of a sampler kit: pitch, brightness, onsets, and a name.

`C` channels, `N` samples.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.descriptors import measure
from distill.audio.marks import Marks
from distill.audio.onsets import onset_envelope
from distill.inference.generate import Generated
from distill.inference.sampling.steering import Scale
from distill.models.vqvae import HOP_LENGTH
from distill.settings import SAMPLE_RATE

FRAME_S = HOP_LENGTH / SAMPLE_RATE
"""Length of a frame in seconds: that of codes."""

LOUD_DB = 24.0
"""Level in dB below the loudest frame down to which a frame counts: what is softer decides neither
pitch nor colour."""

PITCHED_SHARE = 0.5
"""Share of those frames that have a pitch, from which a sound has one."""

STEADY = 1.0
"""Semitones within which the middle half of the pitches of a sound lies: slides have no root."""

NOISY_DB = -10.0
"""Spectral flatness in dB from which a sound without pitch is called noise: white noise has -3."""

DARK, BRIGHT = 33.0, 67.0
"""Percentiles of the corpus below which a sound is called dark, and above which bright."""

DARK_HZ, BRIGHT_HZ = 400.0, 3_000.0
"""The same in Hz, for models that keep no percentiles."""

LONGEST_WORD = 24
"""Letters of a tag in a name."""

NOTES = ("c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b")
"""Names of notes in file names: `#` would have to be quoted."""


@dataclass(frozen=True)
class Character:
    """Character of a sound.

    Attributes:
        kind: A folder of the corpus, or `tone`, `noise` or `hit`; `loop` for loops.
        colour: `dark`, `mid` or `bright`.
        marks: Root note, loop and onsets.
    """

    kind: str
    colour: str
    marks: Marks

    def name(self, number: int, digits: int, tempo: float | None = None) -> str:
        """A name such as `kick-a1-bright-03.wav`."""
        note = note_name(self.marks.root) if self.marks.note is not None else ""
        speed = f"{round(tempo)}bpm" if tempo else ""
        words = (self.kind, note, speed, self.colour, f"{number:0{digits}d}")
        return "-".join(word for word in words if word) + ".wav"


def describe_sound(sound: Generated, scale: Scale | None) -> Character:
    """Measure a sound.

    Args:
        sound: The sound, as it is to be written.
        scale: Percentiles of the corpus; None where the model keeps none.
    """
    rate = sound.sample_rate
    rows = _loud_rows(sound.audio, rate)
    note = None if sound.is_loop else root_note(rows)
    return Character(
        kind="loop" if sound.is_loop else _tag(sound) or _kind(rows, note),
        colour=_colour(rows, scale),
        marks=Marks(note=note, is_loop=sound.is_loop, cues=onset_samples(sound.audio, rate)),
    )


def onset_samples(audio: np.ndarray, sample_rate: int) -> tuple[int, ...]:
    """Onsets of a sound `[C, N]` in samples, its beginning first."""
    envelope = onset_envelope(audio, sample_rate)
    seconds = envelope.times(envelope.onsets())
    samples = np.clip(np.rint(seconds * sample_rate), 0, audio.shape[1] - 1).astype(int)
    # An onset within one frame of the beginning is the beginning.
    later = samples[samples >= envelope.frame_s * sample_rate * 2]
    return (0, *later.tolist())


def _loud_rows(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Descriptors `[T, 5]` of the frames that decide; none of silence."""
    # About as long as a code frame, and even, for windows twice as long on both sides.
    rows = measure(audio, sample_rate, 2 * round(FRAME_S * sample_rate / 2))
    loudness = rows[:, DESCRIPTORS.index("loudness")]
    if np.isnan(loudness).all():
        return rows[:0]
    return rows[loudness >= np.nanmax(loudness) - LOUD_DB]


def root_note(rows: np.ndarray) -> float | None:
    """The MIDI note of a sound in fractions, from the descriptors `[T, 5]` of its loud frames.

    None where it has no pitch of its own, or slides.
    """
    pitch = rows[:, DESCRIPTORS.index("pitch")]
    hz = pitch[~np.isnan(pitch)]
    if not len(hz) or len(hz) < PITCHED_SHARE * len(rows):
        return None
    notes = 69 + 12 * np.log2(hz / 440)
    low, middle, high = np.percentile(notes, (25, 50, 75))
    return float(middle) if high - low <= STEADY else None


def note_name(note: int) -> str:
    """A MIDI note as letters and octave: 69 is `a4`."""
    return f"{NOTES[note % 12]}{note // 12 - 1}"


def _tag(sound: Generated) -> str:
    """The folder of the recording that is most like a sound; empty where it lies in none."""
    nearest = sound.copy.passage if sound.copy else None
    folder = PurePosixPath(nearest.source).parent.name if nearest else ""
    word = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")
    return word[:LONGEST_WORD].strip("-")


def _kind(rows: np.ndarray, note: float | None) -> str:
    if note is not None:
        return "tone"
    return "noise" if _median(rows, "noisiness") > NOISY_DB else "hit"


def _colour(rows: np.ndarray, scale: Scale | None) -> str:
    brightness = _median(rows, "brightness")
    dark, bright = DARK_HZ, BRIGHT_HZ
    column = DESCRIPTORS.index("brightness")
    if scale is not None and not np.isnan(scale.table.rows[column][0]):
        dark = scale.table.rows[column][round(DARK)]
        bright = scale.table.rows[column][round(BRIGHT)]
    if brightness < dark:
        return "dark"
    return "bright" if brightness > bright else "mid"


def _median(rows: np.ndarray, name: str) -> float:
    """The middle value of a descriptor; NaN where there is none."""
    values = rows[:, DESCRIPTORS.index(name)]
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else float("nan")
