import subprocess
import sys

import numpy as np
import pytest

from distill.audio.blocks import PIECE_SAMPLES
from distill.audio.onsets import onset_envelope
from tests.audio.clicks import SAMPLE_RATE, hit, rhythm


@pytest.mark.parametrize("hz", [0, 60, 200, 4000])
@pytest.mark.parametrize("sample_rate", [24_000, 44_100, 96_000])
def test_onsets_lie_where_drums_begin(hz: float, sample_rate: int) -> None:
    sound = hit(hz, 0.5)
    times = 0.2137 + 0.311 * np.arange(9)
    audio = np.zeros((2, 3 * sample_rate))
    for time in times:
        start = round(time * sample_rate)
        audio[:, start : start + len(sound)] += sound
    envelope = onset_envelope(audio, sample_rate)
    onsets = envelope.times(envelope.onsets())
    assert onsets == pytest.approx(times, abs=0.007)


def test_an_even_noise_has_no_onsets() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 10 * SAMPLE_RATE))
    assert len(onset_envelope(noise, SAMPLE_RATE).onsets()) == 0


def test_opposite_channels_do_not_cancel() -> None:
    mono = rhythm(120, 4, start=0.2).audio
    stereo = np.concatenate((mono, -mono))
    expected = onset_envelope(mono, SAMPLE_RATE)
    assert onset_envelope(stereo, SAMPLE_RATE).rise_db == pytest.approx(expected.rise_db, abs=0.01)


def test_low_onsets_are_those_of_the_bass_drum() -> None:
    clicks = rhythm(120, 8, noise=0.02)
    envelope = onset_envelope(clicks.audio, SAMPLE_RATE)
    frames = np.rint(clicks.beats / envelope.frame_s).astype(int)
    near = np.stack([envelope.low_db[max(0, f - 3) : f + 4].max() for f in frames])
    is_bass = np.arange(len(frames)) % 4 == 0
    assert near[is_bass].min() > 2 * near[~is_bass].max()


def test_level_does_not_matter() -> None:
    audio = rhythm(120, 4).audio
    loud = onset_envelope(audio, SAMPLE_RATE)
    quiet = onset_envelope(audio * 1e-3, SAMPLE_RATE)
    assert quiet.rise_db == pytest.approx(loud.rise_db, abs=0.02)


def test_pieces_of_a_long_sound_join() -> None:
    """A pattern that returns after two seconds has the same envelope, wherever pieces end."""
    n = 2 * SAMPLE_RATE
    once = rhythm(120, 2).audio
    audio = np.tile(once, (1, PIECE_SAMPLES * 3 // n))
    envelope = onset_envelope(audio, SAMPLE_RATE)
    period = round(2 / envelope.frame_s)
    inner = envelope.rise_db[period:-period]
    assert inner[period:] == pytest.approx(inner[:-period], abs=1e-3)


@pytest.mark.parametrize("n", [0, 1, 100, 1000])
def test_short_and_silent_sounds(n: int) -> None:
    envelope = onset_envelope(np.zeros((1, n), np.float32), SAMPLE_RATE)
    assert len(envelope.onsets()) == 0


def test_the_pulse_does_without_torch() -> None:
    """`distill doctor` starts quickly."""
    code = "import sys, distill.audio.pulse; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
