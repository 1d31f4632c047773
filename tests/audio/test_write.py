import os
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.audio.formats import FORMATS, Encoding
from distill.audio.io import probe, read_audio
from distill.audio.tags import read_tags
from distill.audio.write import write_sound
from distill.errors import AudioError, OutputError, UsageError
from tests.audio.test_io import tone


@pytest.mark.parametrize(
    ("bits", "subtype"), [("16", "PCM_16"), ("24", "PCM_24"), ("32f", "FLOAT")]
)
@pytest.mark.parametrize("ending", ["wav", "aiff", "aif"])
def test_write_and_read_back(tmp_path: Path, ending: str, bits: str, subtype: str) -> None:
    audio = np.concatenate(
        [tone(channels=2), np.array([[1.0, -1.5], [-1.0, 1.5]], np.float32)], axis=1
    )
    path = tmp_path / f"a.{ending}"
    assert write_sound(path, audio, encoding=Encoding(bits=bits)) == path
    expected = audio if subtype == "FLOAT" else audio.clip(-1, 1)
    np.testing.assert_allclose(read_audio(path), expected, atol=2**-14)
    assert probe(path).subtype == subtype


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    write_sound(tmp_path / "a.wav", tone(0.01))
    old = (tmp_path / "a.wav").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OutputError, match=r"Cannot write .*a\.wav"):
            write_sound(tmp_path / "a.wav", tone(1.0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "a.wav").read_bytes() == old
    assert os.listdir(tmp_path) == ["a.wav"]


def test_impossible_outputs(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        write_sound(tmp_path / "no" / "a.wav", tone(0.01))
    with pytest.raises(AudioError, match="MP3 cannot hold this sound as MPEG"):
        write_sound(tmp_path / "a.mp3", np.zeros((3, 10), np.float32))
    with pytest.raises(UsageError, match="WAV has no bitrate"):
        write_sound(tmp_path / "a.wav", tone(0.01), encoding=Encoding(bitrate=128))
    assert os.listdir(tmp_path) == []


def test_longer_than_a_wav_file_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.audio.write._LARGEST_WAV", 100_000)
    with pytest.raises(OutputError, match="longer than a WAV file can be"):
        write_sound(tmp_path / "a.wav", tone(1.0))
    assert os.listdir(tmp_path) == []


RATES = {".opus": [8_000, 12_000, 16_000, 24_000, 48_000], ".mp3": [8_000, 22_050, 44_100, 48_000]}


@settings(max_examples=80)
@given(data=st.data(), channels=st.integers(1, 2), text=st.text("ab{}\"'\\u", max_size=6_000))
@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_keeps_length_channels_and_texts(
    tmp_path_factory: pytest.TempPathFactory,
    ending: str,
    data: st.DataObject,
    channels: int,
    text: str,
) -> None:
    rate = data.draw(st.sampled_from(RATES.get(ending, [11_025, 44_100, 48_000, 96_000])))
    n_samples = data.draw(st.integers(1, 3 * rate // 10))
    bits = data.draw(st.sampled_from([None, *FORMATS[ending].depths]))
    audio = np.random.default_rng(n_samples).uniform(-0.3, 0.3, (channels, n_samples))
    path = tmp_path_factory.mktemp("formats") / f"a{ending}"
    tags = {"comment": f'{{"distill": "{text}"}}', "software": "Distill 1"}
    write_sound(path, audio.astype(np.float32), rate, Encoding(bits=bits), tags)
    read = read_audio(path, rate)
    assert read.shape == audio.shape
    assert (probe(path).sample_rate, probe(path).frames) == (rate, n_samples)
    assert read_tags(path)["comment"] == tags["comment"]
    if bits:
        np.testing.assert_allclose(read, audio, atol=2**-14)


def test_sixteen_bits_are_dithered_alike_each_time(tmp_path: Path) -> None:
    # A third of a step: rounded alone, nothing would be left of it.
    audio = np.full((1, 48_000), 1 / 3 / 32_768, np.float32)
    first = write_sound(tmp_path / "a.wav", audio, encoding=Encoding(bits="16"))
    second = write_sound(tmp_path / "b.wav", audio, encoding=Encoding(bits="16"))
    steps, _ = sf.read(first, dtype="int16")
    assert first.read_bytes() == second.read_bytes()
    assert steps.mean() == pytest.approx(1 / 3, abs=0.02)
    assert set(np.unique(steps)) == {-1, 0, 1}
    # Noise of two steps at most, and of one more by rounding: a quarter of a step's square.
    assert np.var(steps) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(("ending", "name"), [("mp3", "MP3"), ("opus", "Opus")])
def test_an_old_libsndfile_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, name: str
) -> None:
    check = sf.check_format

    def old(container: str, subtype: str) -> bool:
        return subtype not in ("OPUS", "MPEG_LAYER_III") and check(container, subtype)

    monkeypatch.setattr(sf, "check_format", old)
    with pytest.raises(AudioError, match=rf"libsndfile [\d.]+ writes no {name}: update it"):
        write_sound(tmp_path / f"a.{ending}", tone(0.01))
    assert os.listdir(tmp_path) == []
    write_sound(tmp_path / "a.wav", tone(0.01))
