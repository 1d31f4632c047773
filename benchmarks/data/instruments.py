"""Library: notes of multisampled instruments, from a soundfont and from formulas."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common import import_fluidsynth
from distill.settings import SAMPLE_RATE

PROGRAMS = {
    "piano": 0,
    "vibraphone": 11,
    "marimba": 12,
    "drawbar organ": 16,
    "church organ": 19,
    "guitar": 24,
    "bass": 32,
    "strings": 48,
    "flute": 73,
}
"""Instruments of a soundfont, with their General MIDI programs."""

DRUM_BANK = 128
"""Bank of a soundfont that holds its drums, one on each key."""

DRUM_KEYS = range(35, 82)
"""Keys of the drums in General MIDI."""

LENGTHS = {"staccato": (0.08, 0.3), "short": (0.4, 0.6), "long": (2.0, 1.0)}
"""Seconds of a note before and after its key is released."""

BEND = 4096
"""Steps of the pitch wheel for a semitone, in General MIDI."""

VELOCITY = 100
"""Velocity of a note, unless another is asked for."""

GAIN = 1.0
"""Gain of the player: notes peak between -30 and 0 dBFS."""

PAUSE_S = 0.2
"""Silence in s that the player computes between two notes, so that none rings into the next."""


class SoundFontPlayer:
    """Player of the notes of a soundfont, one by one; needs the library FluidSynth."""

    def __init__(self, path: Path) -> None:
        """Load the soundfont at `path`."""
        # Reverb and chorus would differ from note to note.
        dry: dict[str, Any] = {"synth.reverb.active": 0, "synth.chorus.active": 0}
        self._synth = import_fluidsynth().Synth(gain=GAIN, samplerate=float(SAMPLE_RATE), **dry)
        self._font = self._synth.sfload(str(path))
        if self._font < 0:
            raise SystemExit(f"Cannot load the soundfont {path}.")

    def note(
        self,
        program: int,
        pitch: float,
        length: str,
        velocity: int = VELOCITY,
        bank: int = 0,
    ) -> np.ndarray:
        """Play one note.

        Args:
            program: Instrument.
            pitch: In semitones, as MIDI counts them.
            length: One of `LENGTHS`.
            velocity: 1 to 127.
            bank: `DRUM_BANK` for drums.

        Returns:
            Stereo sound `[N, 2]`.
        """
        key = int(pitch)
        return self.bent_note(program, key, pitch - key, length, velocity, bank)

    def bent_note(
        self, program: int, key: int, bend: float, length: str, velocity: int, bank: int
    ) -> np.ndarray:
        """Play one note of a key that the pitch wheel bends by `bend` semitones."""
        synth = self._synth
        synth.program_select(0, self._font, bank, program)
        synth.pitch_bend(0, round(BEND * bend))
        held_s, released_s = LENGTHS[length]
        synth.noteon(0, key, velocity)
        body = synth.get_samples(round(held_s * SAMPLE_RATE))
        synth.noteoff(0, key)
        tail = synth.get_samples(round(released_s * SAMPLE_RATE))
        synth.all_sounds_off(0)
        synth.get_samples(round(PAUSE_S * SAMPLE_RATE))
        return np.concatenate([body, tail]).reshape(-1, 2) / 32_768


# --- formulas -------------------------------------------------------------------------------------


class Note(NamedTuple):
    """What a formula needs.

    Attributes:
        hz: Fundamental.
        t: Time of each sample in s, `[N]`.
        held_s: When the key is released.
        rng: Draws phases and noise.
    """

    hz: float
    t: np.ndarray
    held_s: float
    rng: np.random.Generator


def sine(note: Note) -> np.ndarray:
    """One partial, with the fades of a key."""
    phase = note.rng.uniform(0, 2 * np.pi)
    return np.sin(2 * np.pi * note.hz * note.t + phase) * _key(note)


def kick(note: Note) -> np.ndarray:
    """A low partial that falls by an octave and dies away: a tuned drum of a machine."""
    fall = note.hz * (note.t + 0.03 * (1 - np.exp(-note.t / 0.03)))
    return np.sin(2 * np.pi * fall) * np.exp(-note.t / 0.12) * _key(note)


def pluck(note: Note) -> np.ndarray:
    """Partials a little out of tune that die away, the higher the sooner, after a noisy attack."""
    sound = np.zeros_like(note.t)
    for k in range(1, 13):
        hz = note.hz * k * np.sqrt(1 + 0.0004 * k * k)
        decay = np.exp(-note.t * (1.0 + 0.4 * k) * np.sqrt(note.hz / 220))
        phase = note.rng.uniform(0, 2 * np.pi)
        sound += decay / k**1.2 * np.sin(2 * np.pi * hz * note.t + phase)
    noise = note.rng.standard_normal(len(note.t)) * np.exp(-note.t / 0.01)
    return (sound + 0.05 * noise) * _key(note)


def additive(note: Note) -> np.ndarray:
    """Steady partials that swell and fade."""
    sound = np.zeros_like(note.t)
    for k in range(1, 13):
        phase = note.rng.uniform(0, 2 * np.pi)
        sound += np.sin(2 * np.pi * note.hz * k * note.t + phase) / k**1.5
    return sound * np.minimum(1.0, note.t / 0.05) * _key(note)


def _key(note: Note) -> np.ndarray:
    """Gain `[N]` of a key: up within 2 ms, down within 100 ms of its release."""
    release = (note.held_s + 0.1 - note.t) / 0.1
    return np.clip(np.minimum(note.t / 0.002, release), 0.0, 1.0)


FORMULAS: dict[str, Callable[[Note], np.ndarray]] = {
    "sine": sine,
    "kick": kick,
    "plucked": pluck,
    "additive": additive,
}
"""Synthetic instruments."""


def synthetic_note(instrument: str, pitch: float, length: str) -> np.ndarray:
    """A note of one of `FORMULAS`, mono `[N, 1]`.

    Args:
        instrument: Its name.
        pitch: In semitones, as MIDI counts them.
        length: One of `LENGTHS`.
    """
    held_s, released_s = LENGTHS[length]
    t = np.arange(round((held_s + released_s) * SAMPLE_RATE)) / SAMPLE_RATE
    hz = 440.0 * 2 ** ((pitch - 69) / 12)
    rng = np.random.default_rng(round(100 * pitch))
    sound = FORMULAS[instrument](Note(hz=hz, t=t, held_s=held_s, rng=rng))
    return (0.7 * sound / np.abs(sound).max())[:, None]
