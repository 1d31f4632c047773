"""The hazard of an end: constant before training, then by latents and age."""

import pytest
import torch

from distill.models.end_hazard import EndHazard


def test_before_training_one_frame_in_fifty_ends_a_sound() -> None:
    hazard = EndHazard(latent_dim=4)
    hazard.reset()
    logits = hazard(torch.randn(3, 7, 4), torch.arange(21).view(3, 7))
    assert logits.shape == (3, 7)
    assert torch.allclose(logits.sigmoid(), torch.tensor(0.02), atol=0.003)


@pytest.mark.parametrize("by_age", [True, False], ids=["age", "latents"])
def test_it_learns_where_sounds_end(by_age: bool) -> None:
    """At ages over 20, or after latents whose first number is positive."""
    torch.manual_seed(0)
    hazard = EndHazard(latent_dim=4)
    hazard.reset()
    previous = torch.randn(512, 4)
    age = torch.randint(40, (512,))
    ends = age > 20 if by_age else previous[:, 0] > 0
    optimizer = torch.optim.Adam(hazard.parameters(), 0.1)
    for _ in range(200):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            hazard(previous, age), ends.float()
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert ((hazard(previous, age) > 0) == ends).float().mean() > 0.95
