import pytest
import torch

from distill.models.attribute_classifier import AttributeClassifier, Targets

FREE = float("nan")


@pytest.fixture(scope="module")
def reader() -> AttributeClassifier:
    """Has learned that the first latent is one descriptor, there only where the second is positive,
    and the tag."""
    torch.manual_seed(0)
    reader = AttributeClassifier(descriptors=2, tags=2, num_quantizers=2, latent_dim=3)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        latents = torch.randn(256, 2, 3)
        place = latents[:, -1, 0].sigmoid()
        there = torch.where(latents[:, -1, 1] > 0, place, torch.nan)
        tag = (latents[:, -1, 2] > 0).float()
        return latents, torch.stack([there, torch.full_like(place, torch.nan), tag, 1 - tag], 1)

    reader.learn(batch() for _ in range(200))
    return reader


def fit(reader: AttributeClassifier, latents: list[float], asked: list[float]) -> float:
    return float(reader(1, torch.tensor(latents), torch.tensor(asked)))


def test_codes_that_make_what_is_asked_fit_better(reader: AttributeClassifier) -> None:
    high, low = [2.0, 2.0, 0.0], [-2.0, 2.0, 0.0]
    assert (
        fit(reader, high, [0.9, FREE, FREE, FREE]) > fit(reader, low, [0.9, FREE, FREE, FREE]) + 1
    )
    assert (
        fit(reader, high, [0.1, FREE, FREE, FREE]) < fit(reader, low, [0.1, FREE, FREE, FREE]) - 1
    )


def test_codes_that_have_what_is_asked_at_all_fit_better(reader: AttributeClassifier) -> None:
    asked = [0.5, FREE, FREE, FREE]
    assert fit(reader, [0.0, 2.0, 0.0], asked) > fit(reader, [0.0, -2.0, 0.0], asked) + 1


def test_tags_count_by_their_weights(reader: AttributeClassifier) -> None:
    first, second = [0.0, 1.0, 2.0], [0.0, 1.0, -2.0]
    assert fit(reader, first, [FREE, FREE, 1, 0]) > fit(reader, second, [FREE, FREE, 1, 0]) + 1
    between, even = [0.0, 1.0, 0.0], [FREE, FREE, 0.5, 0.5]
    assert fit(reader, between, even) > max(fit(reader, first, even), fit(reader, second, even))


def test_what_is_free_does_not_count(reader: AttributeClassifier) -> None:
    assert fit(reader, [1.0, -1.0, 1.0], [FREE] * 4) == 0


def test_it_stays_as_it_is(reader: AttributeClassifier) -> None:
    assert not any(parameter.requires_grad for parameter in reader.parameters())


def test_the_last_wish_goes_on() -> None:
    asked = Targets(torch.arange(3.0)[None, :, None], 1.0)
    assert [float(asked.at(t)) for t in (0, 2, 9)] == [0, 2, 2]
    assert [float(asked.after(n).at(0)) for n in (1, 9)] == [1, 2]
