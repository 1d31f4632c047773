"""What the codec hears: principal components that tell sounds apart."""

import pytest
import torch

from distill.models.analysis import Analysis
from distill.settings import SAMPLE_RATE

HOP = 1024
NAMES = ["mono", "stereo"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def analysis(channels: int = 1, dim: int = 16) -> Analysis:
    return Analysis(SAMPLE_RATE, channels, HOP, dim)


def sounds(channels: int = 1, n: int = 24, frames: int = 12) -> torch.Tensor:
    """Decaying tones over noise `[n, channels, frames * HOP]`, each of its own pitch, level and
    place."""
    draw = generator(1)
    t = torch.arange(frames * HOP) / SAMPLE_RATE
    pitch = 100 * 2 ** (6 * torch.rand(n, 1, 1, generator=draw))
    decay = 40 * torch.rand(n, 1, 1, generator=draw)
    level = 10 ** -(2 * torch.rand(n, channels, 1, generator=draw))
    noise = 0.02 * torch.randn(n, channels, len(t), generator=draw)
    return level * (torch.sin(2 * torch.pi * pitch * t) * torch.exp(-decay * t) + noise)


def fitted(channels: int = 1, dim: int = 16, seed: int = 0) -> tuple[Analysis, torch.Tensor]:
    """An analysis fitted to `sounds`, and the latents that it was given back."""
    encoder = analysis(channels, dim)
    return encoder, encoder.fit(encoder.features(sounds(channels)).flatten(0, 1), generator(seed))


def left_over(dim: int) -> float:
    """Share of the variance of the features that this number of components leaves out."""
    encoder, _ = fitted(dim=dim)
    centred = encoder.features(sounds()).flatten(0, 1) - encoder.mean
    directions = encoder.basis / encoder.basis.norm(dim=0)
    return float(
        (centred - centred @ directions @ directions.T).square().sum() / centred.square().sum()
    )


@pytest.mark.parametrize("channels", [1, 2], ids=NAMES)
def test_one_vector_a_frame(channels: int) -> None:
    encoder, latents = fitted(channels)
    assert encoder(sounds(channels)).shape == (24, 12, 16)
    assert torch.equal(encoder(sounds(channels)).flatten(0, 1), latents)


@pytest.mark.parametrize("channels", [1, 2], ids=NAMES)
def test_components_are_orthogonal_and_of_one_length(channels: int) -> None:
    encoder, _ = fitted(channels)
    gram = encoder.basis.T @ encoder.basis
    assert torch.allclose(gram / gram[0, 0], torch.eye(16), atol=1e-4)


def test_latents_have_unit_variance_over_all_and_fall_from_component_to_component() -> None:
    _, latents = fitted()
    assert float(latents.std()) == pytest.approx(1, abs=1e-3)
    assert latents.mean(0).abs().max() < 1e-3
    deviations = latents.std(0)
    assert (deviations.diff() <= 1e-4).all()
    assert deviations[0] > 3 * deviations[-1]


def test_more_components_leave_less_out_and_no_others_would_leave_out_less() -> None:
    shares = [left_over(dim) for dim in (2, 8, 32)]
    assert shares[0] > 1.5 * shares[1] > 2 * shares[2]
    features = analysis().features(sounds()).flatten(0, 1)
    variances = torch.linalg.svdvals(features - features.mean(0)).square()
    best = [float(variances[dim:].sum() / variances.sum()) for dim in (2, 8, 32)]
    assert shares == pytest.approx(best, rel=0.02)


def test_the_seed_decides_and_hardly_matters() -> None:
    (reference, _), (repeat, _), (other, _) = (fitted(seed=seed) for seed in (0, 0, 5))
    assert torch.equal(reference.basis, repeat.basis)
    assert not torch.equal(reference.basis, other.basis)
    first, same = reference.basis[:, 0], other.basis[:, 0]
    assert abs(float(first @ same) / float(first @ first)) == pytest.approx(1, abs=1e-3)


def test_another_sound_or_another_level_gives_other_latents() -> None:
    encoder, _ = fitted()
    sound = sounds()[:1]
    latents = encoder(sound)
    for other in (2 * sound, sound.flip(-1), sounds()[1:2]):
        assert (encoder(other) - latents).abs().mean() > 0.05


def test_polarity_makes_no_difference() -> None:
    encoder, _ = fitted()
    assert torch.allclose(encoder(-sounds()), encoder(sounds()), atol=1e-5)


def test_left_is_told_from_right() -> None:
    encoder, _ = fitted(2)
    sound = sounds(2)
    assert (encoder(sound.flip(1)) - encoder(sound)).abs().mean() > 0.05
    same = sound.mean(1, keepdim=True).expand(-1, 2, -1)
    assert torch.equal(encoder(same.flip(1)), encoder(same))


@pytest.mark.parametrize("channels", [1, 2], ids=NAMES)
def test_silence_and_nothing_but_one_sound(channels: int) -> None:
    encoder = analysis(channels)
    silence = encoder.features(torch.zeros(4, channels, 8 * HOP)).flatten(0, 1)
    assert torch.isfinite(encoder.fit(silence, generator())).all()
    assert torch.isfinite(encoder.basis).all()
    assert torch.isfinite(encoder(sounds(channels))).all()


@pytest.mark.parametrize("channels", [1, 2], ids=NAMES)
def test_an_equaliser_moves_all_frames_of_a_sound_alike_and_leaves_silence_silent(
    channels: int,
) -> None:
    encoder = analysis(channels)
    quiet = torch.zeros(1, channels, 12 * HOP)
    features = encoder.features(torch.cat((sounds(channels, n=2), quiet)))
    difference = encoder.equalise_features(features, generator()) - features
    assert torch.equal(difference[2], torch.zeros_like(difference[2]))
    loud = (features[:2] > encoder.floor + 2).all(1, keepdim=True) & (encoder.knots.sum(0) > 0)
    by_feature = difference[:2].masked_fill(~loud, 0)
    assert torch.allclose(by_feature, by_feature[:, :1].expand_as(by_feature), atol=1e-4)
    assert 0.3 < by_feature[loud.expand_as(by_feature)].std() < 1.5


def test_an_equaliser_leaves_left_and_right_where_they_are() -> None:
    encoder = analysis(2)
    balance = encoder.knots.sum(0) == 0
    assert int(balance.sum()) * 3 == len(balance)
    features = encoder.features(sounds(2))
    assert torch.equal(
        encoder.equalise_features(features, generator())[..., balance], features[..., balance]
    )


def test_knots_of_an_equaliser_share_out_every_band() -> None:
    total = analysis().knots.sum(0)
    assert torch.allclose(total, torch.ones_like(total), atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2], ids=NAMES)
def test_levels_are_read_off_latents(channels: int) -> None:
    encoder, _ = fitted(channels, dim=64)
    audio = sounds(channels)
    mid = audio.mean(1)
    levels = encoder.levels(encoder(audio))
    assert levels.shape == (24, 12, 8)
    power = mid.unflatten(1, (12, 8, HOP // 8)).square().mean(-1).log10() * 10
    # Spectra overlap and begin half a part earlier, so a decaying sound reads a little louder.
    assert float((levels - power).abs().median()) < 2.5
    assert torch.corrcoef(torch.stack([levels.flatten(), power.flatten()]))[0, 1] > 0.95


@pytest.mark.parametrize("channels", [1, 2], ids=NAMES)
def test_what_gets_louder_moves_in_one_direction(channels: int) -> None:
    encoder, _ = fitted(channels, dim=64)
    audio = sounds(channels)
    difference = encoder(2 * audio) - encoder(audio)
    along = difference @ encoder.level_direction()
    assert float(encoder.level_direction().norm()) == pytest.approx(1, abs=1e-5)
    assert float(along.square().sum() / difference.square().sum()) > 0.9
    if channels == 1:
        assert float(encoder.in_db(along.square()).median()) == pytest.approx(6.02, abs=0.6)
