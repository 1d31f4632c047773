"""Width, channels, sample rate and loudness."""

from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile as sf

from distill.audio.conversion import deliver_blocks, shape_blocks, shape_sound
from distill.audio.delivery import AS_IS, Delivery
from distill.audio.io import read_audio
from distill.audio.limiter import CEILING_DB
from distill.audio.stereo import side_level_db
from distill.errors import UsageError
from distill.settings import SAMPLE_RATE
from tests.audio.test_io import tone


def noise(seconds: float = 3.0, channels: int = 2, level: float = 0.05) -> np.ndarray:
    """Bursts of noise `[C, N]`, with a common part."""
    rng = np.random.default_rng(0)
    n_samples = round(seconds * SAMPLE_RATE)
    pulse = np.exp(-(np.arange(n_samples) % 12_000) / 4_000)
    common = rng.standard_normal(n_samples)
    audio = level * pulse * (common + 0.5 * rng.standard_normal((channels, n_samples)))
    return audio.astype(np.float32)


def test_nothing_asked_for_changes_nothing() -> None:
    audio = noise()
    assert shape_sound(audio, SAMPLE_RATE, AS_IS) is audio
    assert shape_sound(audio, SAMPLE_RATE, Delivery(bits="16")) is audio


@pytest.mark.parametrize("target", [-9.0, -14.0, -23.0, -40.0])
@pytest.mark.parametrize("options", [{}, {"rate": 44_100}, {"mono": True}, {"width": 0.3}])
def test_loudness_is_what_is_asked_for(target: float, options: dict[str, float]) -> None:
    delivery = Delivery(loudness_target=target, **options)
    audio = shape_sound(noise(), SAMPLE_RATE, delivery)
    meter = pyloudnorm.Meter(delivery.rate or SAMPLE_RATE)
    assert meter.integrated_loudness(audio.T) == pytest.approx(target, abs=0.1)
    assert np.abs(audio).max() <= 10 ** (CEILING_DB / 20) + 1e-6


def test_more_than_the_limiter_can_give_is_said() -> None:
    with pytest.raises(
        UsageError, match=r"^The limiter brings this sound to -\d+\.\d LUFS at most"
    ):
        shape_sound(noise(), SAMPLE_RATE, Delivery(loudness_target=0.0))


def test_silence_stays_silence() -> None:
    silence = np.zeros((2, 4_800), np.float32)
    shaped = shape_sound(silence, SAMPLE_RATE, Delivery(loudness_target=-14.0, rate=44_100))
    assert shaped.shape == (2, 4_410)
    assert not shaped.any()


def test_width_is_a_factor_on_the_side() -> None:
    audio = noise(1.0)
    narrow = shape_sound(audio, SAMPLE_RATE, Delivery(width=0.0))
    assert np.array_equal(narrow[0], narrow[1])
    wide = shape_sound(audio, SAMPLE_RATE, Delivery(width=2.0))
    np.testing.assert_allclose(wide[0] - wide[1], 2 * (audio[0] - audio[1]), atol=1e-6)
    np.testing.assert_allclose(wide.sum(axis=0), audio.sum(axis=0), atol=1e-6)
    assert side_level_db([wide]) > side_level_db([audio]) + 4
    with pytest.raises(UsageError, match=r"^A mono sound has no width: leave out --width\.$"):
        shape_sound(audio[:1], SAMPLE_RATE, Delivery(width=2.0))


def test_mono_is_the_mean() -> None:
    audio = noise(1.0)
    mono = shape_sound(audio, SAMPLE_RATE, Delivery(mono=True))
    np.testing.assert_allclose(mono, audio.mean(axis=0, keepdims=True), atol=1e-7)


def test_a_tone_keeps_its_pitch_and_length_at_another_rate() -> None:
    audio = tone(1.0)
    shaped = shape_sound(audio, SAMPLE_RATE, Delivery(rate=44_100))
    np.testing.assert_allclose(shaped, tone(1.0, 44_100), atol=1e-3)


def test_peaks_that_a_new_rate_makes_do_not_clip() -> None:
    # Samples at full scale on both sides of each peak: between them, the wave goes higher.
    audio = np.sign(np.sin(np.arange(4_800) * np.pi / 2 + np.pi / 4))[None].astype(np.float32)
    shaped = shape_sound(audio, SAMPLE_RATE, Delivery(rate=96_000))
    assert np.abs(shaped).max() <= 1.0


def test_a_loop_is_one_at_another_rate_too() -> None:
    # 25 periods: the end goes on at the start, without a step.
    n_samples = SAMPLE_RATE // 10
    audio = (0.5 * np.sin(2 * np.pi * 25 * np.arange(n_samples) / n_samples))[None]
    shaped = shape_sound(audio.astype(np.float32), SAMPLE_RATE, Delivery(rate=44_100), is_loop=True)
    expected = 0.5 * np.sin(2 * np.pi * 25 * np.arange(4_410) / 4_410)
    np.testing.assert_allclose(shaped[0], expected, atol=1e-3)


@pytest.mark.parametrize(
    "delivery",
    [
        Delivery(rate=44_100),
        Delivery(mono=True),
        Delivery(width=1.5, rate=32_000),
        Delivery(loudness_target=-16.0, rate=44_100),
    ],
)
def test_a_stream_gives_the_same_as_the_whole(delivery: Delivery) -> None:
    audio = noise(2.0)
    blocks = (audio[:, start : start + 7_001] for start in range(0, audio.shape[1], 7_001))
    streamed = np.concatenate(list(shape_blocks(blocks, SAMPLE_RATE, delivery)), axis=1)
    whole = shape_sound(audio, SAMPLE_RATE, delivery)
    np.testing.assert_allclose(streamed, whole, atol=1e-6)


def test_a_file_is_written_in_the_form_that_is_asked_for(tmp_path: Path) -> None:
    audio = noise(1.0)
    delivery = Delivery(rate=44_100, mono=True, bits="16")
    path = deliver_blocks(tmp_path / "a.flac", [audio], 2, SAMPLE_RATE, delivery, {"comment": "x"})
    info = sf.info(path)
    assert (info.samplerate, info.channels, info.subtype) == (44_100, 1, "PCM_16")
    expected = shape_sound(audio, SAMPLE_RATE, delivery)
    np.testing.assert_allclose(read_audio(path, 44_100), expected, atol=2**-14)
