from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from distill.errors import AudioError, CodebookMismatchError
from distill.inference.codec import decode_sound, encode_sound
from distill.inference.codes import load_codes, save_codes
from distill.models.persistence import LoadedVQModel, load_model_v2


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
    again = load_codes(save_codes(tmp_path / "x.json", codes))
    assert np.array_equal(decode_sound(loaded, codes), decode_sound(loaded, again))
    assert again.source == "sine.wav"


@pytest.mark.parametrize("level", [1e-4, 1e-3, 3.0])
def test_levels_outside_the_corpus_come_back(loaded: LoadedVQModel, level: float) -> None:
    audio = np.sin(np.arange(48_000) * 0.05)[None].astype(np.float32)
    within = decode_sound(loaded, encode_sound(loaded, audio * np.float32(0.1)))
    out = decode_sound(loaded, encode_sound(loaded, audio * np.float32(level)))
    ratio = np.sqrt(np.mean(out**2)) / np.sqrt(np.mean(within**2))
    assert ratio == pytest.approx(level / 0.1, rel=0.7)


def test_silence_is_encoded_and_nothing_is_refused(loaded: LoadedVQModel) -> None:
    assert 0.1 < encode_sound(loaded, np.zeros((1, 4000), np.float32)).gain < 10
    with pytest.raises(AudioError):
        encode_sound(loaded, np.zeros((1, 0), np.float32))


def test_codes_of_another_model_are_refused(loaded: LoadedVQModel) -> None:
    codes = encode_sound(loaded, np.ones((1, 3000), np.float32))
    with pytest.raises(CodebookMismatchError, match="another model"):
        decode_sound(loaded, replace(codes, codebook_hash="0" * 64))


def test_what_overshoots_is_limited_not_clipped(loaded: LoadedVQModel) -> None:
    codes = encode_sound(loaded, np.sin(np.arange(50_000) / 30)[None].astype(np.float32) * 0.3)
    quiet = decode_sound(loaded, codes)
    factor = 3 / float(np.abs(quiet).max())
    loud = decode_sound(loaded, replace(codes, gain=codes.gain * factor))
    assert np.abs(loud).max() <= 1.0
    # A limiter keeps the shape of each period, a clipper cuts it flat.
    assert np.count_nonzero(np.abs(loud) > 0.999) < 0.1 * np.count_nonzero(np.abs(quiet * factor) > 1)
