"""The noise of the decoder."""

import numpy as np
import torch

from distill.models.phase_noise import NOISE_FRAMES, noise_table


def test_noise_is_the_same_on_every_machine() -> None:
    """Decoded audio must not change under its codes. A second channel has noise of its own."""
    expected = np.random.RandomState(48).standard_normal((NOISE_FRAMES, 9)).astype(np.float32)
    assert np.array_equal(noise_table(9).numpy(), expected)
    assert abs(np.corrcoef(noise_table(9, 1).numpy().ravel(), expected.ravel())[0, 1]) < 0.05


def test_a_table_made_while_decoding_serves_training() -> None:
    with torch.inference_mode():
        table = noise_table(4)
    phase = torch.zeros(NOISE_FRAMES, 4, requires_grad=True)
    (phase * table).sum().backward()
    assert torch.equal(phase.grad, table)
