"""Rhythms of clicks at known times, for tests of the pulse."""

from typing import NamedTuple

import numpy as np

SAMPLE_RATE = 24_000


class Clicks(NamedTuple):
    """A rhythm: its sound `[1, N]`, and the times of its beats in seconds."""

    audio: np.ndarray
    beats: np.ndarray


def hit(hz: float, level: float) -> np.ndarray:
    """A short drum `[n]` of a pitch in Hz; of 0 Hz is noise."""
    t = np.arange(SAMPLE_RATE // 8) / SAMPLE_RATE
    decay = level * np.exp(-t / 0.02)
    if not hz:
        return decay * np.random.default_rng(0).uniform(-1, 1, len(t))
    return decay * np.sin(2 * np.pi * hz * t)


def rhythm(
    bpm: float,
    duration: float,
    start: float = 0.0,
    swing: float = 0.5,
    noise: float = 0.0,
    bar_beats: int = 4,
    wobble: float = 0.0,
) -> Clicks:
    """Bass drum on the downbeat, snare on the beats, hi-hat on beats and off-beats.

    Args:
        bpm: Tempo.
        duration: In seconds.
        start: Time of the first downbeat in seconds.
        swing: Place of the off-beat in the beat, 0.5 to 0.67.
        noise: RMS of the noise under it, linear.
        bar_beats: Beats of a bar.
        wobble: Share by which the tempo rises and falls in 40 s.
    """
    audio = np.random.default_rng(1).normal(0, 1, round(duration * SAMPLE_RATE)) * noise
    beats = []
    time = start
    while time < duration - 1e-6:
        is_downbeat = len(beats) % bar_beats == 0
        period = 60 / bpm * (1 + wobble * np.sin(2 * np.pi * time / 40))
        _add(audio, time, hit(60, 0.8) if is_downbeat else hit(0, 0.4))
        _add(audio, time, hit(6000, 0.1))
        _add(audio, time + swing * period, hit(6000, 0.1))
        beats.append(time)
        time += period
    return Clicks(audio[None].astype(np.float32), np.array(beats))


def _add(audio: np.ndarray, time: float, sound: np.ndarray) -> None:
    start = round(time * SAMPLE_RATE)
    n = max(0, min(len(sound), len(audio) - start))
    audio[start : start + n] += sound[:n]
