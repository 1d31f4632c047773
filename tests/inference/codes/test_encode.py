import tracemalloc
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from distill.audio.level import active_rms_db
from distill.errors import AudioError, ModelFileError
from distill.inference.codes.decode import decode_blocks, decode_sound
from distill.inference.codes.encode import encode_blocks, encode_sound, encode_with_remark
from distill.inference.codes.file import load_codes, save_codes
from distill.models import chunked
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.mark.parametrize("n", [1, 1023, 1024, 1025, 50_001])
def test_decoding_gives_the_length_back_to_the_sample(loaded: LoadedVQModel, n: int) -> None:
    audio = np.random.default_rng(n).standard_normal((1, n)).astype(np.float32) * 0.1
    assert decode_sound(loaded, encode_sound(loaded, audio)).shape == (1, n)


def test_through_a_file_nothing_changes(loaded: LoadedVQModel, tmp_path: Path) -> None:
    audio = np.sin(np.arange(20_000) / 30)[None].astype(np.float32) * 0.3
    codes = encode_sound(loaded, audio, "sine.wav")
    second_run = load_codes(save_codes(tmp_path / "x.json", codes))
    assert np.array_equal(decode_sound(loaded, codes), decode_sound(loaded, second_run))
    assert second_run.source == "sine.wav"


@pytest.mark.parametrize("level", [1e-4, 1e-3, 3.0])
def test_levels_outside_the_corpus_come_back(loaded: LoadedVQModel, level: float) -> None:
    audio = np.sin(np.arange(48_000) * 0.05)[None].astype(np.float32)
    ordinary = decode_sound(loaded, encode_sound(loaded, audio * np.float32(0.1)))
    out = decode_sound(loaded, encode_sound(loaded, audio * np.float32(level)))
    ratio = np.sqrt(np.mean(out**2)) / np.sqrt(np.mean(ordinary**2))
    assert ratio == pytest.approx(level / 0.1, rel=0.7)


def test_silence_is_encoded_and_nothing_is_refused(loaded: LoadedVQModel) -> None:
    assert 0.1 < encode_sound(loaded, np.zeros((1, 4000), np.float32)).gain < 10
    with pytest.raises(AudioError):
        encode_sound(loaded, np.zeros((1, 0), np.float32))


def test_a_sound_that_no_codes_can_bring_back_is_refused(loaded: LoadedVQModel) -> None:
    loud = np.float32(1e15) * np.random.default_rng(0).standard_normal((1, 9000), np.float32)
    with pytest.raises(AudioError, match=r"'a\.wav' is \d+ dB above full scale"):
        encode_sound(loaded, loud, "a.wav")


def test_weights_that_decode_to_no_sound_are_said(trained: Path) -> None:
    broken = load_model_v2(trained)
    with torch.no_grad():
        for weights in broken.model.parameters():
            weights.fill_(1e38)
    sound = 0.1 * np.random.default_rng(0).standard_normal((1, 9000), np.float32)
    with pytest.raises(ModelFileError, match=r"\.sda decodes 'a\.wav' to no sound"):
        encode_sound(broken, sound, "a.wav")


def minute(channels: int = 1, seconds: float = 60) -> np.ndarray:
    """Hits of changing pitch and level over hiss, with pauses."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = np.exp(-6 * (t % 0.5)) * np.sin(2 * np.pi * (200 + 20 * (t // 0.5)) * t) * (t % 4 < 3)
    hiss = 1e-3 * np.random.default_rng(0).standard_normal((channels, len(t)))
    return (0.4 * tone + hiss).astype(np.float32)


def test_a_minute_in_pieces_is_a_minute_whole(
    loaded: LoadedVQModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = minute()
    pieces = encode_sound(loaded, audio)
    sound = decode_sound(loaded, pieces)
    monkeypatch.setattr(chunked, "CHUNK_S", 100.0)
    whole = encode_sound(loaded, audio)
    assert (pieces.codes != whole.codes).mean() < 1e-4
    assert (pieces.gain, pieces.width) == pytest.approx((whole.gain, whole.width), rel=1e-4)
    assert np.abs(decode_sound(loaded, pieces) - sound).max() < 1e-4


def test_how_a_sound_comes_does_not_matter(loaded: LoadedVQModel) -> None:
    audio = minute(2, 3.0)
    blocks = np.split(audio, [1, 1000, 50_000, 50_001], axis=1)
    assert encode_blocks(loaded, lambda: blocks) == encode_sound(loaded, audio)


def test_memory_does_not_grow_with_the_sound(loaded: LoadedVQModel) -> None:
    """Of what NumPy holds: blocks, windows and pieces, but for the codes themselves."""
    second = minute(1, 1.0)

    def peak(seconds: int) -> int:
        tracemalloc.start()
        grid = encode_blocks(loaded, lambda: repeat(second, seconds))
        assert sum(piece.shape[1] for piece in decode_blocks(loaded, grid)) == seconds * SAMPLE_RATE
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1)
    short, long = peak(60), peak(180)
    assert long - short < 0.1 * 120 * SAMPLE_RATE * 4


@pytest.mark.parametrize("seconds", [0.05, 2.3, 12.0])
def test_there_and_back_is_what_the_codec_itself_makes_of_a_sound(
    loaded: LoadedVQModel, seconds: float
) -> None:
    """But for its level, which encoding puts right. 12 s go through in two pieces."""
    model, audio = loaded.model, minute(1, seconds)
    # As loud as the corpus, so that it need not be brought to its level first.
    lift_db = np.mean(loaded.metadata["corpus_rms_range_db"]) - active_rms_db(audio, SAMPLE_RATE)
    audio *= np.float32(10 ** (lift_db / 20))
    codes = encode_sound(loaded, audio)
    whole = np.pad(audio, ((0, 0), (0, -audio.shape[1] % model.frame_hop)))
    zero = torch.zeros(1, dtype=torch.long)
    with torch.inference_mode():
        own = model(torch.from_numpy(whole)[None], (zero, zero))
    assert (own.codes[0].numpy() != codes.codes).mean() < 1e-4
    expected = own.audio[0].numpy()[:, : audio.shape[1]] * np.float32(codes.gain)
    assert np.abs(expected).max() < 1, "the limiter is at work"
    assert np.abs(decode_sound(loaded, codes) - expected).max() < 1e-4


def test_what_overshoots_is_limited_not_clipped(loaded: LoadedVQModel) -> None:
    codes = encode_sound(loaded, np.sin(np.arange(50_000) / 30)[None].astype(np.float32) * 0.3)
    quiet = decode_sound(loaded, codes)
    factor = 3 / float(np.abs(quiet).max())
    loud = decode_sound(loaded, replace(codes, gain=codes.gain * factor))
    assert np.abs(loud).max() <= 1.0
    # A limiter keeps the shape of each period, a clipper cuts it flat.
    assert np.count_nonzero(np.abs(loud) > 0.999) < 0.1 * np.count_nonzero(
        np.abs(quiet * factor) > 1
    )


def test_channels_that_cancel_are_remarked_upon(loaded: LoadedVQModel) -> None:
    """Independent ones and one dead one are not."""
    left, right = 0.1 * np.random.default_rng(0).standard_normal((2, 20_000)).astype(np.float32)
    for sides, lost in (
        ((left, -left), "120 dB"),
        ((left, right * np.float32(0.3) - left), "17 dB"),
        ((left, right - left * np.float32(5)), ""),
        ((left, left * np.float32(-0.9)), "26 dB"),
        ((left, right), ""),
        ((left, 0 * left), ""),
        ((left, left), ""),
    ):
        audio = np.stack(sides)
        encoding = encode_with_remark(loaded, lambda audio=audio: [audio], "pad.wav")
        assert encoding.grid == encode_sound(loaded, audio, "pad.wav")
        assert encoding.remark.startswith("Left and right of 'pad.wav' cancel") == bool(lost)
        assert lost in encoding.remark
