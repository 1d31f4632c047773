import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.audio.io import read_audio
from distill.audio.pulse import Pulse, find_pulse
from tests.audio.clicks import SAMPLE_RATE, rhythm

CORPORA = os.environ.get("DISTILL_CORPORA")
needs_corpora = pytest.mark.skipif(not CORPORA, reason="DISTILL_CORPORA names no folder")

TEMPOS = np.linspace(63, 158, 20)


def pulse_of(audio: np.ndarray) -> Pulse:
    pulse = find_pulse(audio, SAMPLE_RATE)
    assert pulse is not None
    check(pulse, audio.shape[1] / SAMPLE_RATE)
    return pulse


def check(pulse: Pulse, duration: float) -> None:
    """Hold a pulse to its contract."""
    assert pulse.beats.dtype == np.float64
    assert len(pulse.beats) >= 2
    steps = np.diff(pulse.beats)
    assert (steps > 0).all()
    assert 0 <= pulse.beats[0] < 1.01 * steps[0]
    assert duration - 1.01 * steps[-1] <= pulse.beats[-1] < duration
    assert 0 <= pulse.first_downbeat < min(pulse.bar_beats, len(pulse.beats))
    assert 0 <= pulse.confidence <= 1
    assert pulse.tempo == pytest.approx(60 / np.median(steps))


def octave(pulse: Pulse, bpm: float) -> float:
    """The tempo relative to `bpm`, as a power of two."""
    power = np.log2(pulse.tempo / bpm)
    assert power == pytest.approx(round(power), abs=0.01)
    return float(2 ** round(power))


def is_in_phase(pulse: Pulse, beats: np.ndarray) -> bool:
    """Whether the pulse has all `beats`, or is among them at half the tempo."""
    distance = np.abs(pulse.beats[:, None] - beats)
    return min(distance.min(0).max(), distance.min(1).max()) < 0.03


@pytest.mark.parametrize("bpm", TEMPOS)
@pytest.mark.parametrize("swing", [0.5, 0.6, 0.66])
def test_loops_are_cut_into_even_beats(bpm: float, swing: float) -> None:
    clicks = rhythm(bpm, 8 * 60 / bpm, swing=swing, noise=0.01)
    pulse = pulse_of(clicks.audio)
    n = 8 * octave(pulse, bpm)
    exact = clicks.audio.shape[1] / SAMPLE_RATE / n
    assert pulse.beats == pytest.approx(exact * np.arange(n), abs=1e-9)
    assert pulse.tempo == pytest.approx(60 / exact, rel=1e-9)
    assert pulse.first_downbeat == 0


@pytest.mark.parametrize("bpm", TEMPOS)
@pytest.mark.parametrize("start", [0.13, 0.31])
def test_other_recordings_are_in_phase_from_end_to_end(bpm: float, start: float) -> None:
    clicks = rhythm(bpm, 20.3, start=start, swing=0.6, noise=0.01)
    pulse = pulse_of(clicks.audio)
    octave(pulse, bpm)
    assert is_in_phase(pulse, clicks.beats)
    downbeat = pulse.beats[pulse.first_downbeat]
    # At twice the tempo, a bar is half as long.
    bars = clicks.beats[:: 4 if pulse.tempo < 1.5 * bpm else 2]
    assert np.abs(bars - downbeat).min() < 0.03


@pytest.mark.parametrize("bpm", [90, 118, 145])
def test_bars_of_three(bpm: float) -> None:
    for clicks in (
        rhythm(bpm, 20.3, start=0.2, bar_beats=3),
        rhythm(bpm, 12 * 60 / bpm, bar_beats=3),
    ):
        pulse = pulse_of(clicks.audio)
        assert pulse.bar_beats == 3
        downbeat = pulse.beats[pulse.first_downbeat]
        assert np.abs(clicks.beats[::3] - downbeat).min() < 0.03


def test_a_changing_tempo_is_followed_beat_by_beat() -> None:
    clicks = rhythm(117, 150, start=0.4, wobble=0.05)
    pulse = pulse_of(clicks.audio)
    assert np.ptp(np.diff(pulse.beats)) > 0.03
    assert is_in_phase(pulse, clicks.beats)


def test_the_grid_of_a_steady_recording_does_not_drift() -> None:
    clicks = rhythm(123.4, 240, start=0.27, noise=0.02)
    pulse = pulse_of(clicks.audio)
    assert np.ptp(np.diff(pulse.beats)) < 1e-9
    assert pulse.beats == pytest.approx(clicks.beats, abs=0.005)


def test_what_has_no_pulse() -> None:
    rng = np.random.default_rng(0)
    t = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    tone = 0.3 * np.sin(2 * np.pi * 110 * t)
    noise = 0.1 * rng.normal(size=len(t))
    hit = tone * np.exp(-t / 0.5)
    swell = noise * np.sin(np.pi * t / 6) ** 2
    for sound in (tone, noise, hit, swell, np.zeros_like(t)):
        assert find_pulse(sound[None], SAMPLE_RATE) is None


@pytest.mark.parametrize("seed", range(8))
def test_hits_at_random_times_have_no_pulse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    audio = np.zeros((1, 12 * SAMPLE_RATE))
    for start in rng.integers(0, 11 * SAMPLE_RATE, 40):
        audio[0, start : start + 2000] += rng.normal(size=2000) * np.exp(-np.arange(2000) / 400)
    assert find_pulse(audio, SAMPLE_RATE) is None


def test_a_short_recording_has_no_pulse() -> None:
    assert find_pulse(rhythm(160, 1.4).audio, SAMPLE_RATE) is None
    assert find_pulse(np.zeros((2, 0)), SAMPLE_RATE) is None


@settings(max_examples=40, deadline=None)
@given(
    st.floats(1.5, 9.0),
    st.lists(st.tuples(st.floats(0, 9), st.floats(0.01, 1.0)), max_size=30),
    st.sampled_from([4000, 22_050]),
)
def test_any_hits_keep_the_contract(
    duration: float, hits: list[tuple[float, float]], sample_rate: int
) -> None:
    audio = np.zeros((2, round(duration * sample_rate)), np.float32)
    for time, level in hits:
        audio[:, round(time * sample_rate) :][:, :200] += level
    pulse = find_pulse(audio, sample_rate)
    if pulse is not None:
        check(pulse, audio.shape[1] / sample_rate)


KNOWN_BEATS = {
    "amen": 4,
    "amen_full": 16,
    "breakbeat": 4,
    "compus": 16,
    "electric": 4,
    "garzul": 16,
    "mehackit1": 4,
    "mehackit2": 4,
    "mika": 16,
    "safari": 16,
    "tabla": 16,
}


@needs_corpora
@pytest.mark.parametrize("name", KNOWN_BEATS)
def test_known_loops(name: str) -> None:
    audio = read_audio(Path(str(CORPORA), "loops", f"loop_{name}.flac"), SAMPLE_RATE)
    pulse = pulse_of(audio)
    assert len(pulse.beats) == KNOWN_BEATS[name]
    assert pulse.beats[0] == 0
    assert pulse.first_downbeat == 0


@needs_corpora
@pytest.mark.parametrize("corpus", ["oneshots", "tabla", "ambient"])
def test_known_sounds_without_a_pulse(corpus: str) -> None:
    paths = sorted(Path(str(CORPORA), corpus).iterdir())
    assert [path.name for path in paths if find_pulse(read_audio(path), 48_000)] == []


def test_every_moment_has_a_beat_and_its_phases() -> None:
    pulse = Pulse(
        tempo=120.0,
        beats=np.array([0.5, 1.0, 1.5, 2.0]),
        bar_beats=3,
        first_downbeat=1,
        confidence=1.0,
    )
    seconds = np.array([0.0, 0.5, 1.0, 1.25, 2.0, 3.0])
    beat = pulse.beat_at(seconds)
    assert beat == pytest.approx([-2, -1, 0, 0.5, 2, 4])
    metre = pulse.metre_at(seconds)
    assert metre[:, 0] == pytest.approx(beat % 1)
    assert metre[:, 1] == pytest.approx(beat / 3 % 1)
