"""The codec."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from distill.models.fit import fit_codec
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from tests.models.codecs import fitted, tones, untrained, zeros


@pytest.fixture(scope="module", params=[1, 2], ids=["mono", "stereo"])
def model(request: pytest.FixtureRequest) -> VQVAE:
    return fitted(request.param)


def test_shapes_and_rates(model: VQVAE) -> None:
    out = model(torch.randn(2, model.channels, 8 * model.frame_hop), zeros(2))
    assert out.audio.shape == (2, model.channels, 8 * model.frame_hop)
    assert out.codes.shape == (2, 8, 3)
    assert model.frame_rate == pytest.approx(SAMPLE_RATE / model.frame_hop)
    assert out.codes.max() < 16


@pytest.mark.parametrize("channels", [1, 2])
def test_channels_share_one_grid(channels: int) -> None:
    codec = VQVAE(SAMPLE_RATE, channels=channels, hidden_size=32)
    codes = codec.encode(torch.randn(1, channels, 4 * codec.frame_hop))
    assert codes.shape == (1, 4, codec.num_quantizers)
    assert codec.decode(codes).shape == (1, channels, 4 * codec.frame_hop)


def test_other_numbers_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or 2 channels"):
        VQVAE(SAMPLE_RATE, channels=3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hop_length": 512}, "envelope and analysis"),
        ({"envelope_block": 100}, "envelope"),
        ({"envelope_block": 1}, "even"),
        ({"n_fft": 1024}, "n_fft"),
    ],
)
def test_blocks_that_do_not_divide_are_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        VQVAE(SAMPLE_RATE, **settings)


# --- codes ----------------------------------------------------------------------------------------


def test_codes_need_no_gradient_and_the_decoder_does(model: VQVAE) -> None:
    audio = tones(model.channels, 2, 8)
    model(audio, zeros(2)).audio.square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
    assert {name.split(".")[0] for name, _ in model.named_buffers()} == {"analysis", "rvq"}
    model.zero_grad()


# --- sounds ---------------------------------------------------------------------------------------


def test_what_is_too_faint_is_silence_but_not_in_training(model: VQVAE) -> None:
    values = model.rvq.lookup(model.encode(tones(model.channels, 2, 8)))
    spectrum = model.spectrum(values)
    faint = spectrum._replace(log_magnitude=torch.full_like(spectrum.log_magnitude, -12.0))
    first = torch.zeros(2, dtype=torch.long)
    assert not model.synthesise(faint, first).any()
    assert model.train().synthesise(faint, first).any()
    assert model.eval().synthesise(spectrum, first).any()


def test_gains_shape_the_sound_block_by_block(model: VQVAE) -> None:
    spectrum = model.spectrum(model.rvq.lookup(model.encode(tones(model.channels, 2, 8))))
    assert spectrum.log_gain.shape == (2, 8 * model.frame_hop // model.envelope_block)
    assert (spectrum.log_gain <= 0).all()
    first = torch.zeros(2, dtype=torch.long)
    even = model.synthesise(spectrum._replace(log_gain=torch.zeros_like(spectrum.log_gain)), first)
    half = model.synthesise(
        spectrum._replace(log_gain=torch.full_like(spectrum.log_gain, -0.5)), first
    )
    # Where all is well above what becomes silence.
    loud = slice(0, 4 * model.frame_hop)
    assert torch.allclose(half[..., loud], even[..., loud] * math.exp(-0.5), atol=1e-5)


def test_a_side_that_is_learned_to_be_none_is_none() -> None:
    codec = VQVAE(SAMPLE_RATE, channels=2, hidden_size=32).eval()
    with torch.no_grad():
        codec.magnitude.bias[codec.bins :] = -10
    left, right = codec.decode(torch.zeros(1, 4, 4, dtype=torch.long))[0]
    assert torch.equal(left, right)
    assert left.abs().max() > 0


def test_forward_agrees_with_encode_then_decode(model: VQVAE) -> None:
    audio = torch.randn(1, model.channels, 10 * model.frame_hop) * 0.1
    out = model(audio, zeros(1))
    assert torch.equal(out.codes, model.encode(audio))
    assert torch.allclose(out.audio, model.decode(out.codes), atol=1e-5)


def test_noise_differs_by_place_and_is_the_same_every_time(model: VQVAE) -> None:
    codes = model.encode(torch.randn(1, model.channels, 6 * model.frame_hop))
    assert torch.equal(model.decode(codes), model.decode(codes))
    assert not torch.allclose(model.decode(codes), model.decode(codes, first_frame=5))


def test_fewer_levels_decode_too(model: VQVAE) -> None:
    codes = model.encode(torch.randn(1, model.channels, 6 * model.frame_hop))
    first_level = model.decode(codes[..., :1])
    all_levels = model.decode(codes)
    assert first_level.shape == all_levels.shape
    assert not torch.allclose(first_level, all_levels)


def test_receptive_field_is_as_stated(model: VQVAE) -> None:
    hop, T, middle = model.frame_hop, 80, 40
    encoding, decoding = model.receptive_field
    audio = torch.randn(1, model.channels, T * hop) * 0.1
    changed = audio.clone()
    changed[..., middle * hop : (middle + 1) * hop] += 1.0
    z, z_changed = (model.latents(x) for x in (audio, changed))
    touched = ((z - z_changed).abs().amax(2)[0] > 1e-6).nonzero()[:, 0]
    assert touched.min() >= middle - encoding
    assert touched.max() <= middle + encoding
    codes = model.encode(audio)
    other = codes.clone()
    other[:, middle] = (other[:, middle] + 1) % 16
    difference = (model.decode(codes) - model.decode(other)).abs()[0, 0].reshape(T, hop).amax(1)
    reached = (difference > 1e-6).nonzero()[:, 0]
    assert reached.min() >= middle - decoding
    assert reached.max() <= middle + decoding


def test_a_memory_has_frames_and_width_or_neither() -> None:
    for settings in ({"memory_frames": 5}, {"memory_width": 16}):
        with pytest.raises(ValueError, match="memory of"):
            untrained(**settings)


def test_oscillators_want_a_usual_rate_and_window() -> None:
    for settings in ({"sample_rate": 4000}, {"sample_rate": 48_000, "n_fft": 1 << 14}):
        with pytest.raises(ValueError, match="oscillators"):
            VQVAE(**settings, oscillators=True)


# --- frame memory ---------------------------------------------------------------------------------


@pytest.fixture
def remembering() -> tuple[VQVAE, torch.Tensor]:
    """A codec that knows all columns of the codes `[1, 90, 3]` beside it, and plays them otherwise
    than it would."""
    codec = untrained(memory_frames=90, memory_width=4)
    fit_codec(codec, tones().split(4), torch.Generator().manual_seed(0))
    codes = torch.randint(8, (1, 90, 3), generator=torch.Generator().manual_seed(0))
    codec.memory.fit(codes[0])
    torch.nn.init.normal_(codec.memory.vectors, std=5)
    return codec, codes


def without_memory(codec: VQVAE, codes: torch.Tensor) -> torch.Tensor:
    return codec.decode_values(codec.rvq.lookup(codes)).detach()


def frames_that_differ(codec: VQVAE, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    difference = (first - second).abs()[0, 0]
    per_frame = difference.unflatten(0, (-1, codec.frame_hop)).amax(1)
    return (per_frame > 1e-6).nonzero()[:, 0]


def test_known_columns_sound_as_they_were_learned(remembering: tuple[VQVAE, torch.Tensor]) -> None:
    codec, codes = remembering
    assert len(frames_that_differ(codec, codec.decode(codes), without_memory(codec, codes))) == 90


def test_unknown_columns_sound_as_if_nothing_were_known(
    remembering: tuple[VQVAE, torch.Tensor],
) -> None:
    codec, codes = remembering
    others = codes + 8
    assert torch.equal(codec.decode(others), without_memory(codec, others))


def test_a_known_column_reaches_as_far_as_any(remembering: tuple[VQVAE, torch.Tensor]) -> None:
    codec, codes = remembering
    others, reach = codes + 8, codec.receptive_field[1]
    others[:, 45] = codes[:, 45]
    frames = frames_that_differ(codec, codec.decode(others), without_memory(codec, others))
    assert 45 - reach <= frames.min() <= 45 <= frames.max() <= 45 + reach


def test_nothing_is_known_of_a_part_of_the_levels(remembering: tuple[VQVAE, torch.Tensor]) -> None:
    codec, codes = remembering
    assert torch.equal(codec.decode(codes[..., :2]), without_memory(codec, codes[..., :2]))
    assert codec.recall(codes, [0, 2]) is None
    assert torch.equal(codec.decode(codes, levels=[0, 1, 2]), codec.decode(codes))


def test_training_recalls_what_decoding_recalls(remembering: tuple[VQVAE, torch.Tensor]) -> None:
    codec, _ = remembering
    audio = tones(n=1)
    codec.memory.fit(codec.encode(audio)[0])
    out = codec(audio, zeros(1))
    assert torch.allclose(out.audio, codec.decode(out.codes), atol=1e-5)
    assert not torch.allclose(out.audio, without_memory(codec, out.codes), atol=1e-3)


def test_the_level_of_a_frame_is_the_mean_power_of_its_spectra(model: VQVAE) -> None:
    latents = model.latents(tones(model.channels))
    levels = model.frame_levels(latents)
    powers = 10 ** (model.analysis.levels(latents) / 10)
    assert levels.shape == latents.shape[:-1]
    assert torch.allclose(levels, 10 * powers.mean(-1).log10(), atol=1e-3)
    quieter = model.frame_levels(model.latents(tones(model.channels) / 4))
    assert quieter.max() < levels.max() - 6


def test_codebook_hash_follows_the_codebooks_only(model: VQVAE) -> None:
    before = model.codebook_hash()
    with torch.no_grad():
        model.magnitude.bias += 1
        assert model.codebook_hash() == before
        model.rvq.codebooks[0, 0] += 1
        assert model.codebook_hash() != before
        model.rvq.codebooks[0, 0] -= 1


EXPORT = """
import hashlib, sys
import torch
from distill.models.persistence import load_model_v2

codec = load_model_v2(sys.argv[1]).model
torch.set_num_threads(1)

class Part(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        self.codec = codec
        self.name = name

    def forward(self, x):
        return getattr(self.codec, self.name)(x)

with torch.no_grad():
    audio = torch.randn(1, codec.channels, 8 * codec.frame_hop, generator=torch.Generator())
    codes = torch.arange(8 * codec.num_quantizers).reshape(1, 8, -1) % codec.codebook_size
    for name, x in (("encode", audio), ("decode", codes)):
        if sys.argv[2] != "plain":
            program = torch.export.export(Part(name), (x,)).module()
            assert torch.equal(program(x), getattr(codec, name)(x))
        result = getattr(codec, name)(x)
        print(hashlib.sha256(result.numpy().tobytes()).hexdigest())
"""


def test_a_codec_is_the_same_to_the_bit_once_it_was_exported(trained: Path) -> None:
    """In processes of their own: what is made once must not be made by the export, for good."""

    def printed(way: str) -> str:
        command = [sys.executable, "-c", EXPORT, str(trained), way]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert printed("export") == printed("plain")
