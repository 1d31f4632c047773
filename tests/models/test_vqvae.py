import numpy as np
import pytest
import torch

from distill.models import chunked
from distill.models.chunked import decode_codes, encode_audio
from distill.models.vqvae import NOISE_FRAMES, VQVAE, noise_table
from distill.settings import SAMPLE_RATE


def zeros(B: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros(B, dtype=torch.long), torch.full((B,), 7)


@pytest.fixture(scope="module", params=[1, 2], ids=["mono", "stereo"])
def model(request: pytest.FixtureRequest) -> VQVAE:
    torch.manual_seed(0)
    codec = VQVAE(
        SAMPLE_RATE, channels=request.param, codebook_size=16, num_quantizers=3, hidden_size=32, latent_dim=8
    ).eval()
    audio = torch.randn(4, codec.channels, 24 * codec.frame_hop) * 0.1
    latents = codec.latents(codec.log_magnitude(audio)).detach().flatten(0, 1)
    codec.rvq.start_from(latents, torch.Generator().manual_seed(0))
    return codec


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
    """What a mono codec decodes to must not change under its codes; a second channel has noise of its own."""
    expected = np.random.RandomState(48).standard_normal((NOISE_FRAMES, 9)).astype(np.float32)
    assert np.array_equal(noise_table(9).numpy(), expected)
    assert abs(np.corrcoef(noise_table(9, 1).numpy().ravel(), expected.ravel())[0, 1]) < 0.05


def test_left_is_told_from_right() -> None:
    codec = VQVAE(SAMPLE_RATE, channels=2, hidden_size=32)
    one, nothing = torch.randn(1, 1, 4 * codec.frame_hop), torch.zeros(1, 1, 4 * codec.frame_hop)
    left, right = (codec.log_magnitude(torch.cat(pair, 1)) for pair in ((one, nothing), (nothing, one)))
    assert torch.allclose(left[:, :2], right[:, :2], atol=1e-4)
    assert (left[:, 2] - right[:, 2]).mean() > 1


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
    one, all_levels = model.decode(codes[..., :1]), model.decode(codes)
    assert one.shape == all_levels.shape
    assert not torch.allclose(one, all_levels)


def test_receptive_field_is_as_stated(model: VQVAE) -> None:
    hop, T, middle = model.frame_hop, 80, 40
    encoding, decoding = model.receptive_field
    audio = torch.randn(1, model.channels, T * hop) * 0.1
    changed = audio.clone()
    changed[..., middle * hop : (middle + 1) * hop] += 1.0
    z, z_changed = (model.latents(model.log_magnitude(x)) for x in (audio, changed))
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


def test_pieces_give_what_the_whole_gives(model: VQVAE, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = (np.random.default_rng(0).standard_normal((model.channels, 90 * model.frame_hop + 77)) * 0.1).astype(
        np.float32
    )
    whole = encode_audio(model, audio)
    sound = decode_codes(model, whole)
    monkeypatch.setattr(chunked, "CHUNK_S", 0.4)
    pieces = encode_audio(model, audio)
    assert len(whole) == 91
    assert (pieces != whole).float().mean() < 1e-4
    assert np.abs(decode_codes(model, whole) - sound).max() < 1e-4


def test_silence_and_one_sample(model: VQVAE) -> None:
    for audio in (np.zeros((model.channels, 5000), np.float32), np.ones((model.channels, 1), np.float32)):
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
