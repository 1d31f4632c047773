"""Pulse of a recording: tempo, beats and downbeats.

A loop is the usual input: its length is a whole number of beats, which gives the tempo exactly.
Shapes: `C` channels, `N` samples, `T` frames of the onset envelope, `n` beats.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter1d

from distill.audio.beats import STEADY_S, cover, fit_grid, track_beats
from distill.audio.onsets import OnsetEnvelope, onset_envelope
from distill.audio.tempo import (
    FASTEST_BPM,
    SLOWEST_BPM,
    WINDOW_S,
    Tempo,
    autocorrelation,
    beat_likeness,
    circular_autocorrelation,
    find_tempo,
    tempo_weight,
)

SHORTEST_S = 1.5
"""Seconds below which a recording has no pulse: it holds too few beats to tell."""

LONGEST_LOOP_S = 60.0
"""Seconds up to which a recording may be a loop."""

FEWEST_ONSETS = 4
"""Onsets without which there is no pulse."""

ONSETS_PER_S = 0.5
"""Onsets per second below which there is no pulse: chords that follow each other slowly."""

LOOP_SCORE = 0.7
"""Score of a whole number of beats, relative to that of any tempo, from which it is taken: that the
length fits is strong evidence."""

MEASURED_BEATS = 8
"""Beats of a loop from which its tempo is also measured: a whole number of beats is then never far
from any tempo."""

EXACT_SHARE = 0.9
"""Onset strength on the grid of a loop, relative to that on the best grid of a tempo near it, from
which the grid fits."""

START_SHARE = 0.75
"""Onset strength on a grid that begins with the loop, or low onsets on a bar that does, relative to
the strongest grid or bar, from which the beginning counts as the beat: loops are cut there."""

BARS_START_SHARE = 0.45
"""The same for loops of a few whole bars: by chance, few other recordings last as long."""

MOST_BARS_BEATS = 32
"""Beats of such a loop at most."""

START_S = 0.02
"""Seconds from the beginning of a loop within which an onset counts as its beginning."""

TRIPLE_LEAD = 0.1
"""Likeness after three beats, beyond those after two and four, from which a bar has three."""

# Weight of all onsets beside the low ones, for downbeats: some recordings have no bass.
_FULL_WEIGHT = 0.2

# Seconds around a beat in which its onsets are looked for: players are as exact as that.
_NEAR_S = 0.02


@dataclass(frozen=True)
class Pulse:
    """The pulse of a recording.

    Attributes:
        tempo: In beats per minute (BPM).
        beats: Times `[n]` in seconds from the beginning of the recording, float64, increasing, at
            least 2. They cover the whole recording, evenly where nothing tells where they lie.
        bar_beats: Beats of a bar.
        first_downbeat: Index in `beats` of a downbeat, below `bar_beats`.
        confidence: 0 to 1.
    """

    tempo: float
    beats: np.ndarray
    bar_beats: int
    first_downbeat: int
    confidence: float

    def beat_at(self, seconds: np.ndarray) -> np.ndarray:
        """Beats `[n]` from the first downbeat to each of `seconds` `[n]`, fractional."""
        inside = np.interp(seconds, self.beats, np.arange(len(self.beats)))
        # Before the first beat and after the last one, time goes on at the same tempo.
        early = np.minimum(seconds - self.beats[0], 0) * self.tempo / 60
        late = np.maximum(seconds - self.beats[-1], 0) * self.tempo / 60
        position: np.ndarray = inside + early + late - self.first_downbeat
        return position

    def metre_at(self, seconds: np.ndarray) -> np.ndarray:
        """Phases `[n, 2]` of beat and bar, 0 to 1, at each of `seconds` `[n]`."""
        beat = self.beat_at(seconds)
        bar = beat / self.bar_beats
        return np.stack([beat % 1, bar % 1], 1)


class _Loop(NamedTuple):
    """A recording as a whole number of beats.

    Attributes:
        n_beats: The number.
        likeness: How alike the onsets are some beats later, the end followed by the beginning.
        score: The same, weighted by how usual the tempo and the number are.
    """

    n_beats: int
    likeness: float
    score: float


def find_pulse(audio: np.ndarray, sample_rate: int) -> Pulse | None:
    """Find the pulse of a recording.

    Args:
        audio: Samples `[C, N]`, full scale at 1.
        sample_rate: In Hz.

    Returns:
        The pulse; None for drones, single hits, and whatever else has no trustworthy one.

    Example:
        pulse = find_pulse(read_audio("loop.wav"), 48_000)
    """
    duration = audio.shape[1] / sample_rate
    if duration < SHORTEST_S:
        return None
    envelope = onset_envelope(audio, sample_rate)
    if len(envelope.onsets()) < max(FEWEST_ONSETS, ONSETS_PER_S * duration):
        return None
    tempo = find_tempo(envelope.strength(envelope.rise_db), envelope.frame_s)
    loop = _find_loop(envelope, duration)
    has_tempo = tempo.likeness >= _least_likeness(duration)
    least_score = LOOP_SCORE * tempo.score if has_tempo else 0.0
    if loop is not None and loop.score >= least_score:
        return _loop_pulse(envelope, duration, loop)
    return _tracked_pulse(envelope, duration, tempo) if has_tempo else None


def _least_loop_likeness(duration: float) -> float:
    """Likeness from which a loop of `duration` seconds has a pulse.

    It lies above that of nearly all onsets at random times, measured on 600 envelopes of them.
    """
    return float(0.1 + 0.3 / np.sqrt(duration))


def _least_likeness(duration: float) -> float:
    """The same for other recordings, of which less is compared."""
    return 0.1 + 1.8 / min(duration, WINDOW_S)


# --- loops ----------------------------------------------------------------------------------------


def _find_loop(envelope: OnsetEnvelope, duration: float) -> _Loop | None:
    """The best whole number of beats; None where none fits."""
    fewest = max(2, int(np.ceil(SLOWEST_BPM * duration / 60)))
    most = int(FASTEST_BPM * duration / 60)
    if duration > LONGEST_LOOP_S or most < fewest:
        return None
    strength = envelope.strength(envelope.rise_db, is_loop=True)
    n = np.arange(fewest, most + 1)
    correlation = circular_autocorrelation(strength)
    likeness = beat_likeness(correlation, duration / envelope.frame_s / n, is_loop=True)
    score = likeness * tempo_weight(60 * n / duration) * _usual(n)
    best = int(score.argmax())
    loop = _Loop(int(n[best]), float(likeness[best]), float(score[best]))
    if loop.likeness < _least_loop_likeness(duration):
        return None
    return loop if _keeps_to_end(envelope, duration, loop) else None


def _usual(n_beats: np.ndarray) -> np.ndarray:
    """How usual loops of `n_beats` are, as a weight: most have bars of four."""
    is_even = (n_beats % 2 == 0) | (n_beats % 3 == 0)
    return np.where(n_beats % 4 == 0, 1.0, np.where(is_even, 0.9, 0.8))


def _keeps_to_end(envelope: OnsetEnvelope, duration: float, loop: _Loop) -> bool:
    """Whether no tempo near that of the loop fits its onsets better."""
    n = loop.n_beats
    if n < MEASURED_BEATS:
        return True
    period = duration / n
    strength = envelope.strength(envelope.rise_db, is_loop=True)
    # Up to half a beat at the end, in frames.
    steps = round(period / 2 / envelope.frame_s)
    drifts_s = np.arange(-steps, steps + 1) * envelope.frame_s
    tops = [_grid_strength(envelope, strength, period + s / n, n).max() for s in drifts_s]
    return bool(tops[steps] >= EXACT_SHARE * max(tops))


def _grid_strength(
    envelope: OnsetEnvelope, strength: np.ndarray, period: float, n: int
) -> np.ndarray:
    """Mean of the onset strength on `n` beats, for each frame that the first of them may lie on."""
    offsets = np.arange(0.0, period, envelope.frame_s)
    times = offsets[:, None] + period * np.arange(n)
    frames = (times - envelope.first_s) / envelope.frame_s
    at_beats = np.interp(frames, np.arange(len(strength)), strength, period=len(strength))
    means: np.ndarray = at_beats.mean(1)
    return means


def _loop_pulse(envelope: OnsetEnvelope, duration: float, loop: _Loop) -> Pulse:
    """The pulse of a loop: its grid divides the recording exactly."""
    n = loop.n_beats
    period = duration / n
    strength = envelope.strength(envelope.rise_db, is_loop=True)
    phase = _loop_phase(envelope, strength, period, n)
    beats = phase + period * np.arange(n)
    low = envelope.strength(envelope.low_db, is_loop=True)
    correlation = circular_autocorrelation(strength) + circular_autocorrelation(low)
    bar_beats = _bar_beats(correlation / 2, period / envelope.frame_s, n)
    first = _first_downbeat(envelope, beats, bar_beats, is_loop=True)
    return Pulse(
        tempo=60 / period,
        beats=beats,
        bar_beats=bar_beats,
        first_downbeat=first,
        confidence=float(np.clip(loop.likeness, 0.0, 1.0)),
    )


def _loop_phase(envelope: OnsetEnvelope, strength: np.ndarray, period: float, n: int) -> float:
    """Time of the first beat of a loop in seconds: 0, unless onsets say otherwise."""
    near = round(START_S / envelope.frame_s)
    if envelope.rise_db[:near].max() >= np.median(envelope.rise_db[envelope.onsets()]):
        return 0.0
    by_offset = _grid_strength(envelope, strength, period, n)
    at_start = max(by_offset[:near].max(), by_offset[-near:].max())
    has_bars = n % 4 == 0 and n <= MOST_BARS_BEATS
    share = BARS_START_SHARE if has_bars else START_SHARE
    if at_start >= share * by_offset.max():
        return 0.0
    return float(by_offset.argmax()) * envelope.frame_s


# --- other recordings -----------------------------------------------------------------------------


def _tracked_pulse(envelope: OnsetEnvelope, duration: float, tempo: Tempo) -> Pulse | None:
    """The pulse of any recording: an even grid where its beats keep one, else beat by beat."""
    strength = envelope.strength(envelope.rise_db)
    times = envelope.times(np.arange(len(strength)))
    period_s = np.interp(times, tempo.centre_s, tempo.period_s)
    beat_s = envelope.times(track_beats(strength, period_s / envelope.frame_s))
    if len(beat_s) < 2:
        return None
    grid = fit_grid(beat_s, STEADY_S)
    if grid is not None:
        beat_s = grid.first + grid.period * np.arange(len(beat_s))
    beats = cover(beat_s, duration)
    period = float(np.median(np.diff(beats)))
    low = envelope.strength(envelope.low_db)
    correlation = autocorrelation(strength) + autocorrelation(low)
    bar_beats = _bar_beats(correlation / 2, period / envelope.frame_s, len(beats))
    return Pulse(
        tempo=60 / period,
        beats=beats,
        bar_beats=bar_beats,
        first_downbeat=_first_downbeat(envelope, beats, bar_beats, is_loop=False),
        confidence=float(np.clip(tempo.likeness, 0.0, 1.0)),
    )


# --- bars -----------------------------------------------------------------------------------------


def _bar_beats(correlation: np.ndarray, period: float, n_beats: int) -> int:
    """Beats of a bar: 3 where the likeness after three beats stands out, else 4.

    Args:
        correlation: Likeness of the onsets after each lag, `[T]`.
        period: Frames of a beat.
        n_beats: Beats of the recording.
    """
    if n_beats == 3:
        return 3
    # A loop of four beats is equal to itself after four.
    if n_beats < 6:
        return 4
    two, three, four = np.interp(period * np.arange(2, 5), np.arange(len(correlation)), correlation)
    return 3 if three >= max(two, four) + TRIPLE_LEAD else 4


def _first_downbeat(
    envelope: OnsetEnvelope, beats: np.ndarray, bar_beats: int, is_loop: bool
) -> int:
    """Index of the first beat of those a bar apart that carry most low onsets."""
    weight = _at_beats(envelope, envelope.low_db, beats, is_loop)
    weight += _FULL_WEIGHT * _at_beats(envelope, envelope.rise_db, beats, is_loop)
    count = min(bar_beats, len(beats))
    means = np.array([weight[first::bar_beats].mean() for first in range(count)])
    best = int(means.argmax())
    return 0 if is_loop and means[0] >= START_SHARE * means[best] else best


def _at_beats(
    envelope: OnsetEnvelope, rise_db: np.ndarray, beats: np.ndarray, is_loop: bool
) -> np.ndarray:
    """The strongest onset near each of the `beats` `[n]`."""
    strength = envelope.strength(rise_db, is_loop)
    side = round(_NEAR_S / envelope.frame_s)
    mode = "wrap" if is_loop else "nearest"
    nearest = maximum_filter1d(strength, 2 * side + 1, mode=mode)
    frames = np.rint((beats - envelope.first_s) / envelope.frame_s).astype(int)
    at_beats: np.ndarray = nearest[np.clip(frames, 0, len(nearest) - 1)]
    return at_beats
