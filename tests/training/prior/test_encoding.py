"""Encodings of sounds, made once for each codec."""

from pathlib import Path

import numpy as np
import pytest
import torch

from distill.cancellation import CancelledError
from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion
from distill.models.chunked import encode_audio
from distill.models.persistence import load_model_v2
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE, cache_dir
from distill.training.prior import encoding
from distill.training.prior.encoding import (
    SHIFTS,
    Encoder,
    Encoding,
    count_encodings,
    draw_gains,
    draw_offsets,
    encoder_hash,
    trim_inaudible_tail,
)

ENCODINGS = [Encoding(0, 0.0), Encoding(512, 0.0), Encoding(77, -3.125)]


@pytest.fixture
def codec(codec_only: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VQVAE:
    """A codec, and an empty cache."""
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    return load_model_v2(codec_only).model


@pytest.fixture
def region(codec: VQVAE, corpus_dir: Path) -> ClipRegion:
    """All of a sound but its first 1000 samples."""
    clip = scan_corpus(corpus_dir, codec.channels).clips[-1]
    return ClipRegion(clip, 1000, clip.n_samples)


def encode(codec: VQVAE, region: ClipRegion, count: int = 3) -> list[torch.Tensor]:
    return Encoder(codec, ENCODINGS[:count]).encode(region, lambda seconds: None)


def forbid_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise AssertionError("encoded again")

    monkeypatch.setattr(encoding, "encode_stream", fail)


def are_equal(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_long_corpora_have_fewer_encodings() -> None:
    hour = 3600.0
    counts = [count_encodings(16, hours * hour) for hours in (0.01, 0.25, 0.5, 1, 2, 3.1, 8, 100)]
    assert counts == [16, 16, 8, 4, 4, 3, 1, 1]
    assert count_encodings(2, 60.0) == 2


@pytest.mark.parametrize("n", [100, 5000, 3 * SAMPLE_RATE])
@pytest.mark.parametrize("tail", [0, 10, 2 * SAMPLE_RATE])
def test_tails_that_nobody_hears_go(n: int, tail: int) -> None:
    sound = np.full((1, n + tail), 1e-5, np.float32)
    sound[:, :n] = 0.1
    length = trim_inaudible_tail(sound, SAMPLE_RATE).shape[1]
    assert length == min(n + tail, n + round(0.02 * SAMPLE_RATE))


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_quiet_sounds_stay_whole(level: float) -> None:
    quiet = np.full((1, 2 * SAMPLE_RATE), level, np.float32)
    assert trim_inaudible_tail(quiet, SAMPLE_RATE).shape == quiet.shape


def test_offsets_begin_with_none_and_stay_within_a_frame() -> None:
    offsets = draw_offsets(8, 1024, seed=0)
    assert len(offsets) == 8
    assert offsets[:SHIFTS] == [0, 256, 512, 768]
    assert all(0 < offset < 1024 for offset in offsets[1:])
    assert offsets != draw_offsets(8, 1024, seed=1)
    assert draw_offsets(2, 1024, seed=0) == [0, 512]
    assert draw_offsets(1, 1024, seed=0) == [0]


def test_gains_begin_with_none_and_lift_and_lower() -> None:
    gains = draw_gains(12, seed=0)
    assert len(gains) == 12
    assert gains[:SHIFTS] == [0.0] * SHIFTS
    assert draw_gains(2, seed=0) == [0.0, 0.0]
    assert -6 <= min(gains) < 0 < max(gains) <= 6


def test_codes_are_those_of_the_louder_sound_with_silence_in_front(
    codec: VQVAE, region: ClipRegion
) -> None:
    audio = trim_inaudible_tail(np.array(region.audio()), SAMPLE_RATE)
    for entry, codes in zip(ENCODINGS, encode(codec, region), strict=True):
        louder = np.float32(10 ** (entry.gain / 20)) * audio
        assert codes.dtype == torch.uint8
        assert torch.equal(codes.long(), encode_audio(codec, louder, entry.offset))


def test_nothing_is_encoded_twice(
    codec: VQVAE, region: ClipRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = encode(codec, region)
    forbid_encoding(monkeypatch)
    assert are_equal(first, encode(codec, region))
    assert are_equal(first[:1], encode(codec, region, 1))


def test_an_encoding_is_added_to_those_that_are_there(
    codec: VQVAE, region: ClipRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode(codec, region, 2)
    both = encode(codec, region)
    forbid_encoding(monkeypatch)
    assert are_equal(both, encode(codec, region))


@pytest.mark.parametrize("part", [0.0, 0.5, 0.97])
def test_a_damaged_file_is_made_again(codec: VQVAE, region: ClipRegion, part: float) -> None:
    codes = encode(codec, region)
    (path,) = (cache_dir() / "codes").rglob("*.npz")
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    assert are_equal(codes, encode(codec, region))
    # Within the codes themselves: the checksum tells.
    path.write_bytes(content.replace(codes[0].numpy().tobytes(), bytes(codes[0].numel())))
    assert are_equal(codes, encode(codec, region))


def test_a_cancelled_encoding_keeps_those_before(
    codec: VQVAE, region: ClipRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "SAVE_EVERY_S", 0.0)
    seconds: list[float] = []

    def cancel(more: float) -> None:
        seconds.append(more)
        # The first call tells of what is there already.
        if len(seconds) == 4:
            raise CancelledError

    with pytest.raises(CancelledError):
        Encoder(codec, ENCODINGS).encode(region, cancel)
    forbid_encoding(monkeypatch)
    assert len(encode(codec, region, 2)) == 2
    with pytest.raises(AssertionError, match="encoded again"):
        encode(codec, region)


def test_another_codec_has_codes_of_its_own(codec: VQVAE) -> None:
    first = encoder_hash(codec)
    with torch.no_grad():
        codec.magnitude.bias += 1.0
    assert encoder_hash(codec) == first, "the decoder changes no codes"
    codec.analysis.mean += 1.0
    assert encoder_hash(codec) != first
