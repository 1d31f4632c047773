"""Bitrates: what is asked for is what a file takes, within a tenth."""

from pathlib import Path

import numpy as np
import pytest

from distill.audio.encoding import vorbis_compression
from distill.audio.formats import MP3_BITRATES, Encoding
from distill.audio.io import read_audio
from distill.audio.write import write_sound
from distill.errors import UsageError
from tests.audio.test_conversion import noise
from tests.audio.test_io import tone

SECONDS = 12.0
"""Long enough that headers count for little."""


def kbps(path: Path, seconds: float) -> float:
    """Bitrate of a file in kb/s, all of it."""
    return path.stat().st_size * 8 / 1000 / seconds


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return noise(SECONDS, level=0.1)


@pytest.mark.parametrize("rate", [48_000, 22_050, 8_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3_takes_every_bitrate_of_its_table(
    tmp_path: Path, sound: np.ndarray, rate: int, channels: int
) -> None:
    bitrates = next(row.values for row in MP3_BITRATES if rate in row.rates)
    n_samples = 6 * rate
    for bitrate in bitrates:
        path = write_sound(
            tmp_path / "a.mp3", sound[:channels, :n_samples], rate, Encoding(bitrate=bitrate)
        )
        assert kbps(path, 6) == pytest.approx(bitrate, rel=0.1), bitrate
        assert read_audio(path, rate).shape == (channels, n_samples)


@pytest.mark.parametrize("ending", ["mp3", "opus", "ogg"])
@pytest.mark.parametrize("bitrate", [None, 96, 160, 192, 224, 256])
def test_a_sound_comes_back_as_loud_as_it_was(
    tmp_path: Path, ending: str, bitrate: int | None
) -> None:
    # No hiss, which every one of them leaves out; near full scale.
    audio = 1.95 * tone(2.0, channels=2)
    path = write_sound(tmp_path / f"a.{ending}", audio, encoding=Encoding(bitrate=bitrate))
    ratio = np.linalg.norm(read_audio(path)) / np.linalg.norm(audio)
    assert ratio == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("share", [24, 48, 64, 96, 160, 250])
def test_opus_takes_the_bitrate(
    tmp_path: Path, sound: np.ndarray, channels: int, share: int
) -> None:
    bitrate = share * channels
    path = write_sound(tmp_path / "a.opus", sound[:channels], encoding=Encoding(bitrate=bitrate))
    assert kbps(path, SECONDS) == pytest.approx(bitrate, rel=0.1)
    assert read_audio(path).shape == (channels, sound.shape[1])


def test_opus_says_its_range(tmp_path: Path, sound: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"^Opus has 48 to 512 kb/s for this sound: --bitrate 40 "):
        write_sound(tmp_path / "a.opus", sound, encoding=Encoding(bitrate=40))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("bitrate", [64, 96, 128, 192])
def test_vorbis_takes_the_bitrate_by_trials(
    tmp_path: Path, sound: np.ndarray, channels: int, bitrate: int
) -> None:
    path = write_sound(tmp_path / "a.ogg", sound[:channels], encoding=Encoding(bitrate=bitrate))
    assert kbps(path, SECONDS) == pytest.approx(bitrate, rel=0.1)
    assert read_audio(path).shape == (channels, sound.shape[1])


def test_vorbis_says_what_it_takes_at_least(tmp_path: Path, sound: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"^Ogg Vorbis takes \d+ kb/s for this sound at least"):
        write_sound(tmp_path / "a.ogg", sound, encoding=Encoding(bitrate=16))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("power", [0.3, 1.0, 3.0, 9.0])
@pytest.mark.parametrize("wanted", [60, 100, 200, 480])
def test_the_level_is_found_for_any_falling_curve(power: float, wanted: int) -> None:
    def measure(level: float) -> float:
        return 500 - 450 * level**power

    (level,) = vorbis_compression(measure, wanted).values()
    assert measure(level) == pytest.approx(wanted, rel=0.1)
