"""The attribute classifier: targets are likelier under codes that have them."""

import pytest
import torch

from distill.models.attribute_classifier import AttributeClassifier, Targets

FREE = float("nan")


@pytest.fixture(scope="module")
def classifier() -> AttributeClassifier:
    """Has learned a descriptor from the first latent, present where the second is positive, and a
    tag from the third."""
    torch.manual_seed(0)
    classifier = AttributeClassifier(descriptors=2, tags=2, num_quantizers=2, latent_dim=3)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        latents = torch.randn(256, 2, 3)
        place = latents[:, -1, 0].sigmoid()
        values = torch.where(latents[:, -1, 1] > 0, place, torch.nan)
        tag = (latents[:, -1, 2] > 0).float()
        return latents, torch.stack([values, torch.full_like(place, torch.nan), tag, 1 - tag], 1)

    classifier.learn(batch() for _ in range(200))
    return classifier


def likelihood(
    classifier: AttributeClassifier, latents: list[float], targets: list[float]
) -> float:
    return float(classifier(1, torch.tensor(latents), torch.tensor(targets)))


@pytest.mark.parametrize(("value", "sign"), [(0.9, 1), (0.1, -1)])
def test_codes_near_the_target_are_likelier(
    classifier: AttributeClassifier, value: float, sign: int
) -> None:
    targets = [value, FREE, FREE, FREE]
    high = likelihood(classifier, [2.0, 2.0, 0.0], targets)
    low = likelihood(classifier, [-2.0, 2.0, 0.0], targets)
    assert sign * (high - low) > 1


def test_codes_that_have_the_descriptor_at_all_are_likelier(
    classifier: AttributeClassifier,
) -> None:
    targets = [0.5, FREE, FREE, FREE]
    present = likelihood(classifier, [0.0, 2.0, 0.0], targets)
    absent = likelihood(classifier, [0.0, -2.0, 0.0], targets)
    assert present > absent + 1


def test_tags_count_by_their_weights(classifier: AttributeClassifier) -> None:
    first = [0.0, 1.0, 2.0]
    second = [0.0, 1.0, -2.0]
    between = [0.0, 1.0, 0.0]
    one_tag = [FREE, FREE, 1, 0]
    assert likelihood(classifier, first, one_tag) > likelihood(classifier, second, one_tag) + 1
    even = [FREE, FREE, 0.5, 0.5]
    pure = [likelihood(classifier, latents, even) for latents in (first, second)]
    assert likelihood(classifier, between, even) > max(pure)


def test_free_attributes_do_not_count(classifier: AttributeClassifier) -> None:
    assert likelihood(classifier, [1.0, -1.0, 1.0], [FREE] * 4) == 0


def test_it_is_frozen_after_learning(classifier: AttributeClassifier) -> None:
    assert not any(parameter.requires_grad for parameter in classifier.parameters())


def test_the_last_targets_go_on() -> None:
    targets = Targets(torch.arange(3.0)[None, :, None], 1.0)
    assert [float(targets.at(t)) for t in (0, 2, 9)] == [0, 2, 2]
    assert [float(targets.after(n).at(0)) for n in (1, 9)] == [1, 2]
