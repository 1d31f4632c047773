import os
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.audio.channels import fold_sound
from distill.audio.io import AUDIO_EXTENSIONS, probe, read_audio, read_blocks, stream_audio
from distill.audio.resampling import resample_blocks
from distill.audio.write import write_sound
from distill.errors import AudioError, OutputError
from distill.settings import SAMPLE_RATE

FORMATS = [
    ("a.wav", "WAV", "PCM_U8", 0.01),
    ("a.wav", "WAV", "PCM_16", 1e-3),
    ("a.wav", "WAV", "PCM_24", 1e-4),
    ("a.wav", "WAV", "PCM_32", 1e-4),
    ("a.wav", "WAV", "FLOAT", 1e-4),
    ("a.wav", "WAV", "DOUBLE", 1e-4),
    ("a.aif", "AIFF", "PCM_S8", 0.01),
    ("a.aiff", "AIFF", "PCM_24", 1e-4),
    ("a.aifc", "AIFF", "FLOAT", 1e-4),
    ("a.flac", "FLAC", "PCM_S8", 0.01),
    ("a.flac", "FLAC", "PCM_24", 1e-4),
    ("a.ogg", "OGG", "VORBIS", 0.05),
    ("a.opus", "OGG", "OPUS", 0.2),
    ("a.mp3", "MP3", "MPEG_LAYER_III", 0.05),
]


def tone(seconds: float = 0.5, rate: float = SAMPLE_RATE, channels: int = 1) -> np.ndarray:
    """Sines `[C, N]`, a third apart, faded at both ends so that lossy formats start and end
    clean."""
    time = np.arange(round(seconds * rate)) / rate
    waves = np.stack(
        [np.sin(2 * np.pi * 330 * 1.25**channel * time) for channel in range(channels)]
    )
    return (0.5 * waves * np.sin(np.pi * time / seconds) ** 2).astype(np.float32)


@pytest.mark.parametrize(("name", "container", "subtype", "tolerance"), FORMATS)
def test_reads_every_format(
    tmp_path: Path, name: str, container: str, subtype: str, tolerance: float
) -> None:
    sf.write(tmp_path / name, tone(channels=2).T, SAMPLE_RATE, subtype, format=container)
    info = probe(tmp_path / name)
    assert info[:5] == (SAMPLE_RATE, 2, info.frames, container, subtype)
    assert info.remark == info.layout.remark == ""
    audio = read_audio(tmp_path / name)
    assert audio.dtype == np.float32
    np.testing.assert_allclose(audio[:, :24000], tone(channels=2), atol=tolerance)
    assert Path(name).suffix in AUDIO_EXTENSIONS


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 88_200, 96_000, 192_000])
def test_resamples_every_rate_in_place(tmp_path: Path, rate: int) -> None:
    sf.write(tmp_path / "a.wav", tone(0.64, rate).T, rate, "FLOAT")
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), tone(0.64), atol=1e-4)


@pytest.mark.parametrize("channels", range(1, 9))
def test_every_channel_is_heard(tmp_path: Path, channels: int) -> None:
    # Quiet enough to fold within full scale.
    audio = 0.2 * tone(channels=channels)
    source = 0.2 * tone(channels=channels, rate=44_100)
    sf.write(tmp_path / "a.wav", source.T, 44_100, "PCM_24")
    expected = fold_sound(audio)
    assert len(expected) == min(channels, 2)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), expected, atol=1e-4)
    mono = read_audio(tmp_path / "a.wav", mono=True)
    np.testing.assert_allclose(mono, expected.mean(0, keepdims=True), atol=1e-4)
    # As the file has them.
    whole = np.concatenate(list(read_blocks(tmp_path / "a.wav")), axis=1)
    np.testing.assert_allclose(whole, source, atol=1e-6)


@given(
    rate=st.sampled_from([8_000, 11_025, 44_100, 47_999, 48_000, 96_000, 192_000]),
    length=st.integers(1, 5_000),
    cuts=st.lists(st.integers(1, 4_999), max_size=5),
)
@settings(max_examples=60, deadline=None)
def test_pieces_do_not_matter(rate: int, length: int, cuts: list[int]) -> None:
    audio = np.random.default_rng(length).uniform(-1, 1, (2, length)).astype(np.float32)
    pieces = [piece for piece in np.split(audio, sorted(cuts), axis=1) if piece.size]
    whole = np.concatenate(list(resample_blocks([audio], rate)), axis=1)
    parts = np.concatenate(list(resample_blocks(pieces, rate)), axis=1)
    assert whole.shape[1] == max(1, round(length * SAMPLE_RATE / rate))
    np.testing.assert_allclose(parts, whole, atol=1e-5)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 192_000])
def test_one_sample_survives(tmp_path: Path, rate: int) -> None:
    sf.write(tmp_path / "a.wav", np.array([0.5]), rate, "PCM_16")
    assert np.abs(read_audio(tmp_path / "a.wav")).max() > 0.1


def test_streams_in_small_blocks(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", tone(3.0, 44_100).T, 44_100, "FLOAT")
    blocks = list(stream_audio(tmp_path / "a.wav", block_s=0.1))
    assert max(block.shape[1] for block in blocks) < 0.3 * SAMPLE_RATE
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), read_audio(tmp_path / "a.wav"))


@pytest.mark.parametrize(
    "name", ["two words.wav", "ünï 音 🥁.wav", "x" * 196 + ".wav", "[bold]%s.wav"]
)
def test_any_name(tmp_path: Path, name: str) -> None:
    write_sound(tmp_path / name, tone(0.01))
    assert read_audio(tmp_path / name).shape == (1, 480)


@pytest.mark.skipif(os.name == "nt", reason="names there are always Unicode")
def test_name_that_is_not_unicode(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    try:
        write_sound(path, tone(0.01))
    except OutputError:
        pytest.skip("this file system takes Unicode names only")
    assert read_audio(path).shape == (1, 480)


def test_no_audio_is_one_sentence(tmp_path: Path) -> None:
    for name in ("a.wav", "a.raw"):
        (tmp_path / name).write_text("hello " * 100)
        with pytest.raises(AudioError, match=rf"Cannot read .*{name}: not audio.*WAV.*\.$"):
            read_audio(tmp_path / name)


@pytest.mark.parametrize("content", [b"", None])
def test_empty_files(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.wav"
    if content is None:
        sf.write(path, np.zeros((0, 1)), SAMPLE_RATE)
    else:
        path.write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.wav: empty\."):
        read_audio(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="No such file"):
        probe(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="directory"):
        probe(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_numbers(tmp_path: Path, value: float) -> None:
    audio = tone()[0]
    audio[1000] = value
    sf.write(tmp_path / "a.wav", audio, SAMPLE_RATE, "FLOAT")
    with pytest.raises(AudioError, match="not numbers"):
        read_audio(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="not numbers"):
        write_sound(tmp_path / "b.wav", audio)


@pytest.mark.parametrize(("value", "loud"), [(9e5, ""), (-2e6, "126 dB"), (1e38, "760 dB")])
def test_samples_far_above_full_scale_are_damage(tmp_path: Path, value: float, loud: str) -> None:
    """Numbers of 16 bits in a file of floats are not."""
    audio = tone()[0]
    audio[1000] = value
    sf.write(tmp_path / "a.wav", audio, SAMPLE_RATE, "FLOAT")
    if not loud:
        assert read_audio(tmp_path / "a.wav").max() == np.float32(value)
        return
    with pytest.raises(AudioError, match=f"a.wav.*{loud} above full scale"):
        read_audio(tmp_path / "a.wav")


def test_a_sample_dump_is_refused(tmp_path: Path) -> None:
    """Of damage in one, libsndfile tells on stdout."""
    sf.write(tmp_path / "a.wav", tone().T, SAMPLE_RATE, "PCM_16", format="SDS")
    with pytest.raises(AudioError, match="format SDS; convert it"):
        probe(tmp_path / "a.wav")


def test_damaged_file(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.flac", tone().T, SAMPLE_RATE, "PCM_24")
    content = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match="damaged"):
        read_audio(tmp_path / "a.flac")
