"""A corpus of music of any length: free scores, played by a soundfont as if they were recorded.

    python -m benchmarks.scale.music FOLDER --font FluidR3_GM.sf2 --minutes 60

Needs the extra `bench`, the library FluidSynth and a soundfont (Debian: libfluidsynth3 and
fluid-soundfont-gm). Takes 4 minutes for an hour of music on 1 thread.

Each file is a passage of 20 to 75 s of one score. One of nine ensembles plays it: strings, winds,
brass, choir, organ, piano, guitars, mallets, or a folk band with bass and drums. Notes come up to
20 ms early or late, swell within a phrase, and differ in force. Each file has a room, a distance
from the microphone, a level and a noise floor of its own. A file is mono, 48 kHz, 16 bits.

The corpus is `FOLDER/sounds`. Its files are numbered, and a longer corpus begins with the shorter
one. `FOLDER/held-out` has 10 minutes of other scores, the same for each length.
"""

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import scipy.signal
import soundfile as sf

from benchmarks.common import import_fluidsynth, parser_of, run_main
from benchmarks.scale.scores import (
    BASS,
    BEATS_PER_MINUTE,
    CHORDS,
    COLLECTIONS,
    DRUMS,
    ScoreNote,
    accompany,
    list_scores,
    read_notes,
)
from distill.settings import SAMPLE_RATE

ENSEMBLES = {
    "strings": (40, 40, 41, 42),
    "winds": (73, 68, 71, 70),
    "brass": (56, 60, 57, 58),
    "choir": (52, 52, 52, 52),
    "organ": (19, 19, 19, 19),
    "piano": (0, 0, 0, 0),
    "guitars": (24, 24, 24, 32),
    "mallets": (11, 12, 12, 12),
}
"""Programs of General MIDI for the parts of a score, highest first; more parts take the last."""

LEADS = (40, 73, 21, 105, 22, 24)
"""Programs that play a tune: violin, flute, accordion, banjo, harmonica, guitar."""

BAND = {BASS: (32, 33), CHORDS: (24, 25, 0)}
"""Programs of its accompaniment: basses; guitars and piano."""

DRUM_CHANNEL = 9
"""Channel of the drums in General MIDI."""

DRUM_BANK = 128
"""Bank of a soundfont that holds its drums."""

PASSAGE_S = (20.0, 75.0)
"""Length of a file in s."""

RING_S = 2.0
"""Seconds for which the last note rings."""

HELD_OUT_MINUTES = 10.0
"""Minutes of the held-out scores."""

HELD_OUT_EVERY = 6
"""One score in six is held out."""


@dataclass(frozen=True)
class Take:
    """How one file is recorded.

    Attributes:
        programs: Program of each part.
        tempo: Quarters a minute.
        room: Size of the room, 0 to 1.
        wet: Level of the room, 0 to 1.
        cutoff_hz: Above it the microphone hears 6 dB an octave less.
        noise_db: Noise floor in dBFS.
        peak_db: Peak of the music in dBFS.
    """

    programs: dict[int, int]
    tempo: float
    room: float
    wet: float
    cutoff_hz: float
    noise_db: float
    peak_db: float


def write_music(folder: Path, font: Path, minutes: float) -> None:
    """Write a corpus and its held-out files, unless they are there from an earlier run.

    Args:
        folder: Where they are to lie.
        font: A General MIDI soundfont.
        minutes: Minutes of the corpus.
    """
    _write_files(folder / "sounds", font, minutes, held_out=False)
    _write_files(folder / "held-out", font, HELD_OUT_MINUTES, held_out=True)


def _write_files(folder: Path, font: Path, minutes: float, *, held_out: bool) -> None:
    """Write numbered files until their length is reached."""
    folder.mkdir(parents=True, exist_ok=True)
    scores = {kind: _part_of(list_scores(kind), held_out) for kind in COLLECTIONS}
    kinds = sorted(COLLECTIONS)
    seconds = 0.0
    for number in count():
        if seconds >= 60 * minutes:
            return
        kind = kinds[number % len(kinds)]
        path = folder / f"{number:04d}-{kind}.flac"
        if not path.exists():
            # A generator for each file: a longer corpus begins with the shorter one.
            rng = np.random.default_rng([number, held_out])
            score = scores[kind][int(rng.integers(len(scores[kind])))]
            sf.write(path, _record(score, kind, font, rng), SAMPLE_RATE, "PCM_16")
        seconds += sf.info(path).duration


def _part_of(scores: list[Path], held_out: bool) -> list[Path]:
    """The scores that are held out, or all others."""
    return [s for n, s in enumerate(scores) if (n % HELD_OUT_EVERY == 0) == held_out]


def _record(score: Path, kind: str, font: Path, rng: np.random.Generator) -> np.ndarray:
    """A recording of a passage of a score, mono `[N]`."""
    notes = read_notes(score)
    if kind == "tune":
        notes = notes + accompany(notes, rng)
    take = _draw_take(kind, rng)
    passage = draw_passage(notes, take.tempo, rng)
    sound = _play(passage, take, font, rng)
    return hear(sound, take, rng)


def _draw_take(kind: str, rng: np.random.Generator) -> Take:
    """Who plays, how fast, and where the microphone stands."""
    if kind == "tune":
        programs = {0: int(rng.choice(LEADS))}
        programs |= {part: int(rng.choice(choices)) for part, choices in BAND.items()}
    else:
        ensemble = ENSEMBLES[str(rng.choice(sorted(ENSEMBLES)))]
        programs = dict(enumerate(ensemble))
    return Take(
        programs=programs,
        tempo=float(rng.uniform(*BEATS_PER_MINUTE[kind])),
        room=float(rng.uniform(0.2, 0.85)),
        wet=float(rng.uniform(0.1, 0.6)),
        cutoff_hz=float(np.exp(rng.uniform(*np.log((6_000, 18_000))))),
        noise_db=float(rng.uniform(-78, -60)),
        peak_db=float(rng.uniform(-12, -3)),
    )


def draw_passage(notes: list[ScoreNote], tempo: float, rng: np.random.Generator) -> list[ScoreNote]:
    """A passage that begins with a bar, as if the bars had four quarters."""
    end = max(note.start for note in notes)
    quarters = float(rng.uniform(*PASSAGE_S)) * tempo / 60
    first = 4 * int(rng.uniform(0, max(end - quarters, 1)) / 4)
    return [
        ScoreNote(
            start=note.start - first,
            length=min(note.length, first + quarters - note.start),
            key=note.key,
            part=note.part,
        )
        for note in notes
        if first <= note.start < first + quarters
    ]


def _play(notes: list[ScoreNote], take: Take, font: Path, rng: np.random.Generator) -> np.ndarray:
    """The sound of the notes in their room, mono `[N]`."""
    synth = _synth(take, font)
    blocks = []
    now = 0
    for sample, press, channel, key, velocity in _key_moves(notes, take, rng):
        if sample > now:
            blocks.append(synth.get_samples(sample - now))
            now = sample
        if press:
            synth.noteon(channel, key, velocity)
        else:
            synth.noteoff(channel, key)
    blocks.append(synth.get_samples(round(RING_S * SAMPLE_RATE)))
    synth.delete()
    return np.concatenate(blocks).reshape(-1, 2).mean(1) / 32_768


def _key_moves(
    notes: list[ScoreNote], take: Take, rng: np.random.Generator
) -> list[tuple[int, bool, int, int, int]]:
    """Keys that are pressed or released: sample, press, channel, key, velocity."""
    second = 60 / take.tempo
    moves = []
    for note in notes:
        late_s = float(np.clip(rng.normal(0, 0.007), -0.02, 0.02))
        # Two phrases a minute or so: force swells and falls by a third.
        swell = np.sin(2 * np.pi * note.start / 16)
        velocity = int(np.clip(80 + 15 * swell + rng.normal(0, 8), 20, 120))
        start = max(note.start * second + late_s, 0.0)
        end = start + max(note.length * second * 0.95, 0.05)
        channel = _channel(note.part, take)
        moves.append((round(start * SAMPLE_RATE), True, channel, note.key, velocity))
        moves.append((round(end * SAMPLE_RATE), False, channel, note.key, 0))
    # A key is released before it is pressed again.
    return sorted(moves)


def _channel(part: int, take: Take) -> int:
    """Channel of a part; parts without a program of their own take the last."""
    if part == DRUMS:
        return DRUM_CHANNEL
    own = sorted(take.programs)
    return own.index(part) if part in take.programs else len(own) - 1


def _synth(take: Take, font: Path) -> Any:
    """A player with the programs and the room of a take."""
    synth = import_fluidsynth().Synth(gain=0.4, samplerate=float(SAMPLE_RATE))
    loaded = synth.sfload(str(font))
    if loaded < 0:
        raise SystemExit(f"Cannot load the soundfont {font}.")
    synth.set_reverb(roomsize=take.room, damping=0.3, width=0.5, level=take.wet)
    for channel, part in enumerate(sorted(take.programs)):
        synth.program_select(channel, loaded, 0, take.programs[part])
    synth.program_select(DRUM_CHANNEL, loaded, DRUM_BANK, 0)
    for channel in range(16):
        # Controller 91: how much of a channel goes into the room.
        synth.cc(channel, 91, round(127 * take.wet))
    return synth


def hear(sound: np.ndarray, take: Take, rng: np.random.Generator) -> np.ndarray:
    """The sound as the microphone of a take hears it, `[N]`."""
    b, a = scipy.signal.butter(1, take.cutoff_hz, fs=SAMPLE_RATE)
    heard = scipy.signal.lfilter(b, a, sound)
    heard *= 10 ** (take.peak_db / 20) / max(float(np.abs(heard).max()), 1e-9)
    # Noise of a room falls by 3 dB an octave or more: one pole at 1 kHz.
    b, a = scipy.signal.butter(1, 1_000, fs=SAMPLE_RATE)
    noise = scipy.signal.lfilter(b, a, rng.standard_normal(len(heard)))
    noise *= 10 ** (take.noise_db / 20) / float(np.sqrt(np.mean(noise**2)))
    return np.clip(heard + noise, -1.0, 1.0)


def main() -> None:
    """Write the corpus that the command line asks for."""
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--font", type=Path, required=True, help="a General MIDI soundfont")
    parser.add_argument("--minutes", type=float, default=60.0)
    args = parser.parse_args()
    write_music(args.folder, args.font, args.minutes)
    files = list((args.folder / "sounds").glob("*.flac"))
    seconds = sum(sf.info(file).duration for file in files)
    print(f"{len(files)} files, {seconds / 60:.1f} min")


if __name__ == "__main__":
    run_main(main)
