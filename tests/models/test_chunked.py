"""Sounds in pieces."""

import numpy as np
import pytest
import torch

from distill.models import chunked
from distill.models.chunked import (
    decode_codes,
    decode_evenly,
    decode_stream,
    encode_audio,
    encode_stream,
    frames_of,
)
from distill.models.fit import fit_codec
from distill.models.oscillators import Oscillators
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from tests.models.codecs import fitted, tones, untrained


@pytest.fixture(scope="module", params=[1, 2], ids=["mono", "stereo"])
def codec(request: pytest.FixtureRequest) -> VQVAE:
    return fitted(request.param)


def test_pieces_give_what_the_whole_gives(codec: VQVAE, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits in silence, so that gates open and close where pieces meet."""
    frames = codec.frame_hop * np.arange(90)[:, None]
    hits = np.where(np.random.default_rng(0).uniform(size=90) < 0.3, 0.3, 0.0)[:, None]
    audio = hits * np.sin(0.05 * (frames + np.arange(codec.frame_hop)))
    audio = (
        np.pad(audio.reshape(1, -1), ((0, 0), (0, 77))).repeat(codec.channels, 0).astype(np.float32)
    )
    whole = encode_audio(codec, audio)
    sound = decode_codes(codec, whole)
    for seconds in (0.4, 0.15):
        monkeypatch.setattr(chunked, "CHUNK_S", seconds)
        assert torch.equal(encode_audio(codec, audio), whole)
        assert np.abs(decode_codes(codec, whole) - sound).max() < 1e-5
    assert len(whole) == 91
    assert np.abs(sound).max() > 0.1


def test_pieces_side_by_side_are_those_one_after_the_other(
    codec: VQVAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunked, "CHUNK_S", 0.2)
    monkeypatch.setattr(chunked, "EVEN_S", 0.2)
    audio = np.random.default_rng(0).normal(0, 0.1, (codec.channels, 60_000)).astype(np.float32)
    results = []
    for workers in (1, 3):
        monkeypatch.setattr(codec, "workers", workers)
        codes = encode_audio(codec, audio)
        even = np.concatenate(list(decode_evenly(codec, codes)), 1)
        results.append((codes.numpy(), decode_codes(codec, codes), even))
    for alone, beside in zip(*results, strict=True):
        assert np.array_equal(alone, beside)


def test_silence_and_one_sample(codec: VQVAE) -> None:
    for audio in (
        np.zeros((codec.channels, 5000), np.float32),
        np.ones((codec.channels, 1), np.float32),
    ):
        sound = decode_codes(codec, encode_audio(codec, audio))
        assert np.isfinite(sound).all()
        assert sound.shape[1] == -(-audio.shape[1] // codec.frame_hop) * codec.frame_hop


@pytest.mark.parametrize(
    ("n_samples", "frames"), [(0, 0), (1, 1), (1024, 1), (1025, 2), (5 * 1024, 5)]
)
def test_frames_that_hold_samples(n_samples: int, frames: int) -> None:
    assert frames_of(n_samples, 1024) == frames


def test_blocks_of_any_lengths_encode_to_the_same_codes(codec: VQVAE) -> None:
    audio = tones(codec.channels, n=1)[0].numpy()
    blocks = np.split(audio, [1, 700, 3000, 3000, 9999], axis=1)
    assert torch.equal(torch.cat(list(encode_stream(codec, blocks))), encode_audio(codec, audio))


def test_silence_in_front_moves_the_codes(codec: VQVAE) -> None:
    audio = tones(codec.channels, n=1)[0].numpy()
    lead = 3 * codec.frame_hop
    delayed = np.pad(audio, ((0, 0), (lead, 0)))
    assert torch.equal(encode_audio(codec, audio, lead), encode_audio(codec, delayed))


@pytest.mark.parametrize("size", [None, 4])
def test_a_region_decodes_as_in_the_whole(codec: VQVAE, size: int | None) -> None:
    codes = encode_audio(codec, tones(codec.channels, n=1)[0].numpy())
    whole = decode_codes(codec, codes)
    region = np.concatenate(list(decode_stream(codec, codes, 5, 16, size=size)), axis=1)
    hop = codec.frame_hop
    assert np.abs(region - whole[:, 5 * hop : 16 * hop]).max() < 1e-5


def test_even_pieces_begin_alike_however_much_follows(
    codec: VQVAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunked, "EVEN_S", 0.2)
    longer = encode_audio(codec, tones(codec.channels, n=1, frames=100)[0].numpy())
    shorter = longer[:70]
    long_sound = np.concatenate(list(decode_evenly(codec, longer)), axis=1)
    short_sound = np.concatenate(list(decode_evenly(codec, shorter)), axis=1)
    hop = codec.frame_hop
    assert (short_sound.shape[1], long_sound.shape[1]) == (70 * hop, 100 * hop)
    same = (70 - codec.receptive_field[1]) * hop
    assert np.array_equal(long_sound[:, :same], short_sound[:, :same])


def test_the_frame_memory_sounds_alike_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = untrained(memory_frames=90, memory_width=4)
    fit_codec(codec, tones().split(4), torch.Generator().manual_seed(0))
    codes = torch.randint(8, (90, 3), generator=torch.Generator().manual_seed(0))
    codec.memory.fit(codes[::2])
    torch.nn.init.normal_(codec.memory.vectors, std=5)
    sound = decode_codes(codec, codes)
    for seconds in (0.4, 0.15):
        monkeypatch.setattr(chunked, "CHUNK_S", seconds)
        assert np.abs(decode_codes(codec, codes) - sound).max() < 1e-5


@pytest.mark.parametrize("channels", [1, 2])
def test_oscillators_run_on_from_piece_to_piece(
    channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = untrained(channels, oscillators=True)
    fit_codec(codec, tones(channels).split(4), torch.Generator().manual_seed(0))
    # Shares of all sizes, so that tones come and go.
    torch.nn.init.normal_(codec.shares.weight, std=0.5)
    codes = torch.randint(8, (90, 3), generator=torch.Generator().manual_seed(0))
    sound = decode_codes(codec, codes)
    codec.oscillators = None
    without = decode_codes(codec, codes)
    assert np.abs(without - sound).max() > 1e-3
    codec.oscillators = Oscillators(SAMPLE_RATE, codec.n_fft, codec.frame_hop, channels)
    for seconds in (0.4, 0.15):
        monkeypatch.setattr(chunked, "CHUNK_S", seconds)
        assert np.abs(decode_codes(codec, codes) - sound).max() < 1e-5
