"""Library: notes of free scores, and an accompaniment by rules for tunes that have none.

The scores come with music21: chorales of Bach, masses of Palestrina, quartets of Haydn and Mozart,
and fiddle tunes of Ryan's Mammoth Collection (1883). None is under copyright.
"""

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

COLLECTIONS = {
    "chorale": ("bach/", ".mxl"),
    "mass": ("palestrina/", ".krn"),
    "quartet": ("haydn/", ".mxl"),
    "serenade": ("mozart/", ".mxl"),
    "tune": ("ryansMammoth/", ".abc"),
}
"""Folder and ending of the scores of each kind, within music21."""

BEATS_PER_MINUTE = {
    "chorale": (66, 92),
    "mass": (100, 140),
    "quartet": (96, 144),
    "serenade": (96, 144),
    "tune": (96, 132),
}
"""Range of the tempo of each kind, in quarters a minute; the scores seldom name one."""

BASS_OCTAVE = 36
"""Lowest key of the bass of an accompaniment."""

CHORD_OCTAVE = 55
"""Lowest key of its chords."""

BASS = -1
"""Part of the bass of an accompaniment."""

CHORDS = -2
"""Part of its chords."""

DRUMS = -3
"""Part of its drums."""

KICK, SNARE, HAT = 36, 38, 42
"""Keys of drums in General MIDI."""


@dataclass(frozen=True)
class ScoreNote:
    """One note.

    Attributes:
        start: When it begins, in quarters.
        length: How long it lasts, in quarters.
        key: Its key, as MIDI counts them.
        part: Who plays it: 0 is the highest part of the score; the accompaniment is negative.
    """

    start: float
    length: float
    key: int
    part: int


def list_scores(kind: str) -> list[Path]:
    """Scores of one of `COLLECTIONS`, in the order of their names."""
    folder, ending = COLLECTIONS[kind]
    paths = (Path(path) for path in _music21().corpus.getCorePaths())
    return sorted(p for p in paths if f"/corpus/{folder}" in p.as_posix() and p.suffix == ending)


def read_notes(path: Path) -> list[ScoreNote]:
    """All notes of a score, in the order of their beginnings.

    Args:
        path: A file of music21.

    Raises:
        ValueError: If music21 finds no notes there.
    """
    score = _music21().corpus.parse(path)
    notes = [note for part, stream in enumerate(score.parts) for note in _notes_of(stream, part)]
    if not notes:
        raise ValueError(f"{path.name} has no notes")
    return sorted(notes, key=lambda note: (note.start, note.part, note.key))


def _notes_of(stream: Any, part: int) -> list[ScoreNote]:
    """Notes of a part, ties joined."""
    return [
        ScoreNote(
            start=float(element.offset),
            length=max(float(element.quarterLength), 0.125),
            key=int(pitch.midi),
            part=part,
        )
        for element in stream.stripTies().flatten().notes
        for pitch in element.pitches
    ]


def _music21() -> Any:
    """The library, without its warnings about scores."""
    # Here, since the other benchmarks do without it.
    import music21

    warnings.filterwarnings("ignore", module="music21")
    return music21


def accompany(tune: list[ScoreNote], rng: np.random.Generator) -> list[ScoreNote]:
    """Bass, chords and drums for a tune, two quarters a chord.

    The root of a chord is the pitch that sounds longest in its two quarters. So the harmony follows
    the tune. Drums play in half of the tunes.

    Args:
        tune: Notes of one part.
        rng: Draws the rhythm and whether there are drums.
    """
    last = max(note.start + note.length for note in tune)
    has_drums = rng.random() < 0.5
    offbeat = float(rng.choice([0.5, 1.0]))
    notes: list[ScoreNote] = []
    for start in np.arange(0.0, last, 2.0):
        root = _root(tune, start)
        notes += _bar(float(start), root, offbeat, has_drums)
    return notes


def _root(tune: list[ScoreNote], start: float) -> int:
    """Pitch class that sounds longest in the two quarters from `start`."""
    weights: Counter[int] = Counter()
    for note in tune:
        overlap = min(note.start + note.length, start + 2.0) - max(note.start, start)
        if overlap > 0:
            weights[note.key % 12] += overlap
    return weights.most_common(1)[0][0] if weights else 0


def _bar(start: float, root: int, offbeat: float, has_drums: bool) -> list[ScoreNote]:
    """Two quarters of accompaniment."""
    bass = BASS_OCTAVE + (root - BASS_OCTAVE) % 12
    chord = CHORD_OCTAVE + (root - CHORD_OCTAVE) % 12
    notes = [
        ScoreNote(start=start, length=0.9, key=bass, part=BASS),
        ScoreNote(start=start + 1.0, length=0.9, key=bass + 7, part=BASS),
    ]
    for step in np.arange(offbeat, 2.0, 1.0):
        for interval in (0, 7, 12):
            at = start + float(step)
            notes.append(ScoreNote(start=at, length=0.4, key=chord + interval, part=CHORDS))
    if has_drums:
        notes.append(ScoreNote(start=start, length=0.25, key=KICK, part=DRUMS))
        notes.append(ScoreNote(start=start + 1.0, length=0.25, key=SNARE, part=DRUMS))
        for step in np.arange(0.0, 2.0, 0.5):
            notes.append(ScoreNote(start=start + float(step), length=0.1, key=HAT, part=DRUMS))
    return notes
