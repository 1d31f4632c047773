"""Codes are settled before training."""

import pytest
import torch
import torch.nn.functional as F

from distill.models.fit import fit_codec, log_magnitudes
from distill.models.losses import MelLoss
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from tests.models.codecs import fitted, tones, untrained


@pytest.fixture(scope="module", params=[1, 2], ids=["mono", "stereo"])
def codec(request: pytest.FixtureRequest) -> VQVAE:
    return fitted(request.param)


def test_fit_repeats_by_its_seed() -> None:
    first, repeat, other = (fitted(seed=seed) for seed in (0, 0, 1))
    state = repeat.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in first.state_dict().items())
    assert first.codebook_hash() != other.codebook_hash()


def test_fit_changes_analysis_codebooks_and_outline_alone(codec: VQVAE) -> None:
    before = untrained(codec.channels).state_dict()
    changed = {
        name for name, tensor in codec.state_dict().items() if not torch.equal(tensor, before[name])
    }
    assert changed == {
        "analysis.mean",
        "analysis.basis",
        "rvq.codebooks",
        "outline.weight",
        "outline.bias",
    }


@torch.no_grad()
def test_each_level_of_an_untrained_codec_brings_the_spectrum_nearer(codec: VQVAE) -> None:
    """At first the outline alone decodes."""
    audio = tones(codec.channels)
    codes = codec.encode(audio)
    source = log_magnitudes(codec, audio)

    def error(q: int) -> float:
        return float(
            (codec.spectrum(codec.rvq.lookup(codes[..., :q])).log_magnitude - source)
            .square()
            .mean()
        )

    errors = [error(q) for q in (1, 2, 3)]
    assert errors[0] > errors[1] > errors[2]
    mean = source.mean((0, 2), keepdim=True)
    assert errors[2] < 0.4 * float((source - mean).square().mean())


def test_an_untrained_codec_decodes_to_something_alike(codec: VQVAE) -> None:
    audio, mel = tones(codec.channels), MelLoss(SAMPLE_RATE)
    decoded = codec.decode(codec.encode(audio))
    distance = float(mel(decoded, audio, (2, 4, 6)))
    assert distance < 0.3 * float(mel(torch.zeros_like(audio), audio, (2, 4, 6)))
    assert distance < 0.7 * float(mel(decoded.roll(1, 0), audio, (2, 4, 6)))


def test_codebooks_leave_room_for_brighter_sounds_than_those_of_the_corpus() -> None:
    codec = VQVAE(SAMPLE_RATE, codebook_size=64, hidden_size=32, latent_dim=32).eval()
    fit_codec(codec, tones(n=32).split(8), torch.Generator().manual_seed(0))
    brighter = 8 * F.pad(tones(n=32).diff(dim=-1), (1, 0))

    def error() -> float:
        latents = codec.latents(brighter).flatten(0, 1)
        return float((codec.rvq.lookup(codec.rvq(latents)) - latents).square().mean())

    with_room = error()
    codec.rvq.fit(codec.latents(tones(n=32)).flatten(0, 1), torch.Generator().manual_seed(0))
    assert with_room < 0.75 * error()
