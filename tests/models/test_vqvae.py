import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from distill.models import chunked
from distill.models.chunked import decode_codes, encode_audio
from distill.models.fit import fit_codec, log_magnitudes
from distill.models.layers import WideLinear
from distill.models.losses import MelLoss
from distill.models.phase_noise import NOISE_FRAMES, noise_table
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE


def zeros(B: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros(B, dtype=torch.long), torch.full((B,), 7)


def untrained(channels: int = 1, **settings: int) -> VQVAE:
    torch.manual_seed(0)
    small = {"codebook_size": 16, "num_quantizers": 3, "hidden_size": 32, "latent_dim": 8}
    return VQVAE(SAMPLE_RATE, channels=channels, **small, **settings).eval()


def tones(channels: int = 1, n: int = 8, frames: int = 24) -> torch.Tensor:
    """`[n, channels, frames * 1024]`: a decaying harmonic tone over faint noise each, all
    different."""
    draw = torch.Generator().manual_seed(0)
    t = torch.arange(frames * 1024) / SAMPLE_RATE
    pitch = 80 * 2 ** (4 * torch.rand(n, 1, 1, generator=draw))
    tone = sum(torch.sin(2 * torch.pi * pitch * k * t + k) / k for k in range(1, 12))
    level = 10 ** -(2 * torch.rand(n, channels, 1, generator=draw))
    noise = 1e-5 * torch.randn(n, channels, len(t), generator=draw)
    return 0.3 * level * tone * torch.exp(-4 * t) + noise


def fitted(channels: int = 1, seed: int = 0) -> VQVAE:
    codec = untrained(channels)
    fit_codec(codec, tones(channels).split(4), torch.Generator().manual_seed(seed))
    return codec


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


def test_chance_is_the_same_for_ever() -> None:
    """What a mono codec decodes to must not change under its codes; a second channel has noise of
    its own."""
    expected = np.random.RandomState(48).standard_normal((NOISE_FRAMES, 9)).astype(np.float32)
    assert np.array_equal(noise_table(9).numpy(), expected)
    assert abs(np.corrcoef(noise_table(9, 1).numpy().ravel(), expected.ravel())[0, 1]) < 0.05


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


def test_fit_repeats_by_its_seed() -> None:
    first, again, other = (fitted(seed=seed) for seed in (0, 0, 1))
    state = again.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in first.state_dict().items())
    assert first.codebook_hash() != other.codebook_hash()


def test_fit_leaves_what_is_trained_alone_but_for_the_outline(model: VQVAE) -> None:
    before = untrained(model.channels).state_dict()
    changed = {
        name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])
    }
    assert changed == {
        "analysis.mean",
        "analysis.basis",
        "rvq.codebooks",
        "outline.weight",
        "outline.bias",
    }


def test_codes_need_no_gradient_and_the_decoder_does(model: VQVAE) -> None:
    audio = tones(model.channels, 2, 8)
    model(audio, zeros(2)).audio.square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
    assert {name.split(".")[0] for name, _ in model.named_buffers()} == {"analysis", "rvq"}
    model.zero_grad()


@torch.no_grad()
def test_what_is_fitted_and_not_trained_has_the_spectrum_already(model: VQVAE) -> None:
    """Each level brings the outline, which is all that decodes at first, nearer to the sound's
    magnitudes."""
    audio = tones(model.channels)
    codes = model.encode(audio)
    wanted = log_magnitudes(model, audio)

    def error(q: int) -> float:
        return float(
            (model.spectrum(model.rvq.lookup(codes[..., :q])).log_magnitude - wanted)
            .square()
            .mean()
        )

    errors = [error(q) for q in (1, 2, 3)]
    assert errors[0] > errors[1] > errors[2]
    mean = wanted.mean((0, 2), keepdim=True)
    assert errors[2] < 0.4 * float((wanted - mean).square().mean())


def test_what_is_fitted_and_not_trained_decodes_to_something_alike(model: VQVAE) -> None:
    audio, mel = tones(model.channels), MelLoss(SAMPLE_RATE)
    decoded = model.decode(model.encode(audio))
    distance = float(mel(decoded, audio, (2, 4, 6)))
    assert distance < 0.3 * float(mel(torch.zeros_like(audio), audio, (2, 4, 6)))
    assert distance < 0.7 * float(mel(decoded.roll(1, 0), audio, (2, 4, 6)))


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


@pytest.mark.parametrize("outputs", [1, 16, 21, 1025])
def test_wide_layers_are_what_linear_ones_are(outputs: int) -> None:
    """In what they give, and in all gradients."""
    torch.manual_seed(0)
    layer, x = WideLinear(6, outputs), torch.randn(2, 5, 6, requires_grad=True)
    weights = torch.randn(2, 5, outputs)
    results = []
    for given in (layer(x), F.linear(x, layer.weight, layer.bias)):
        results.append(
            (given, *torch.autograd.grad((given * weights).sum(), (x, layer.weight, layer.bias)))
        )
    assert results[0][0].shape == (2, 5, outputs)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(*results, strict=True))


def test_noise_differs_by_place_and_is_the_same_every_time(model: VQVAE) -> None:
    codes = model.encode(torch.randn(1, model.channels, 6 * model.frame_hop))
    assert torch.equal(model.decode(codes), model.decode(codes))
    assert not torch.allclose(model.decode(codes), model.decode(codes, first_frame=5))


def test_fewer_levels_decode_too(model: VQVAE) -> None:
    codes = model.encode(torch.randn(1, model.channels, 6 * model.frame_hop))
    one, all_levels = model.decode(codes[..., :1]), model.decode(codes)
    assert one.shape == all_levels.shape
    assert not torch.allclose(one, all_levels)


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
    heard = (difference > 1e-6).nonzero()[:, 0]
    assert heard.min() >= middle - decoding
    assert heard.max() <= middle + decoding


def test_a_memory_has_frames_and_width_or_neither() -> None:
    for settings in ({"memory_frames": 5}, {"memory_width": 16}):
        with pytest.raises(ValueError, match="memory of"):
            untrained(**settings)


# --- what is known by heart -----------------------------------------------------------------------


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


def frames_that_differ(codec: VQVAE, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return ((one - other).abs()[0, 0].unflatten(0, (-1, codec.frame_hop)).amax(1) > 1e-6).nonzero()[
        :, 0
    ]


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
    heard = frames_that_differ(codec, codec.decode(others), without_memory(codec, others))
    assert 45 - reach <= heard.min() <= 45 <= heard.max() <= 45 + reach


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


def test_what_is_known_is_known_in_pieces_too(
    remembering: tuple[VQVAE, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    codec, codes = remembering
    codec.memory.fit(codes[0, ::2])
    sound = decode_codes(codec, codes[0])
    for seconds in (0.4, 0.15):
        monkeypatch.setattr(chunked, "CHUNK_S", seconds)
        assert np.abs(decode_codes(codec, codes[0]) - sound).max() < 1e-5


# --- in pieces, and the smallest ------------------------------------------------------------------


def test_pieces_give_what_the_whole_gives(model: VQVAE, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits in silence, so that gates open and close where pieces meet."""
    frames = model.frame_hop * np.arange(90)[:, None]
    hits = np.where(np.random.default_rng(0).uniform(size=90) < 0.3, 0.3, 0.0)[:, None]
    audio = hits * np.sin(0.05 * (frames + np.arange(model.frame_hop)))
    audio = (
        np.pad(audio.reshape(1, -1), ((0, 0), (0, 77))).repeat(model.channels, 0).astype(np.float32)
    )
    whole = encode_audio(model, audio)
    sound = decode_codes(model, whole)
    for seconds in (0.4, 0.15):
        monkeypatch.setattr(chunked, "CHUNK_S", seconds)
        assert torch.equal(encode_audio(model, audio), whole)
        assert np.abs(decode_codes(model, whole) - sound).max() < 1e-5
    assert len(whole) == 91
    assert np.abs(sound).max() > 0.1


def test_silence_and_one_sample(model: VQVAE) -> None:
    for audio in (
        np.zeros((model.channels, 5000), np.float32),
        np.ones((model.channels, 1), np.float32),
    ):
        sound = decode_codes(model, encode_audio(model, audio))
        assert np.isfinite(sound).all()
        assert sound.shape[1] == -(-audio.shape[1] // model.frame_hop) * model.frame_hop


def test_codebook_hash_follows_the_codebooks_only(model: VQVAE) -> None:
    before = model.codebook_hash()
    with torch.no_grad():
        model.magnitude.bias += 1
        assert model.codebook_hash() == before
        model.rvq.codebooks[0, 0] += 1
        assert model.codebook_hash() != before
        model.rvq.codebooks[0, 0] -= 1


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
