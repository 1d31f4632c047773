"""The loss of a step depends on its number, and on nothing else that is drawn."""

import torch

from distill.models.losses import MelLoss
from distill.models.vqvae import VQVAE, CodecOutput
from distill.settings import SAMPLE_RATE
from distill.training.codec.objective import (
    EVERY_STEP_SCALES,
    NOISE_PURPOSE,
    SCALES_PURPOSE,
    SOMETIMES_SCALES,
    Objective,
    StepDraws,
)
from distill.training.codec.partial_loss import PartialLoss


def noise(seed: int, channels: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(2, channels, 12 * 1024, generator=generator)


def output_of(audio: torch.Tensor, other: torch.Tensor) -> CodecOutput:
    return CodecOutput(audio=audio, other=other, codes=torch.zeros(2, 12, 3, dtype=torch.long))


def test_draws_are_repeatable_and_apart() -> None:
    draws = StepDraws(3)
    first, again = (torch.rand(4, generator=draws.generator(5, NOISE_PURPOSE)) for _ in range(2))
    other = torch.rand(4, generator=draws.generator(5, SCALES_PURPOSE))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_each_step_has_the_main_scales_and_one_of_the_others() -> None:
    drawn = {StepDraws(0).scales(step) for step in range(60)}
    assert drawn == {(*EVERY_STEP_SCALES, scale) for scale in SOMETIMES_SCALES}


def test_a_decoding_that_is_the_sound_costs_least() -> None:
    objective = Objective(MelLoss(SAMPLE_RATE), StepDraws(0))
    for channels in (1, 2):
        audio = noise(0, channels)
        same = objective.losses(output_of(audio, audio), audio, 4, lambda: None)
        quiet = objective.losses(output_of(audio / 8, audio / 8), audio, 4, lambda: None)
        assert same.distance.item() < 1e-4
        assert quiet.distance > 0.1
        assert quiet.loss > same.loss


def test_oscillators_bring_the_loss_of_partials() -> None:
    codec = VQVAE(SAMPLE_RATE, hidden_size=16, decoder_layers=1, oscillators=True)
    partials = PartialLoss(codec)
    audio, other = noise(0), noise(1)
    shares = torch.full((2, 12, codec.oscillators.count), 0.5)
    output = output_of(other, audio)._replace(shares=shares)
    losses = [
        Objective(MelLoss(SAMPLE_RATE), StepDraws(0), each).losses(output, audio, 4, lambda: None)
        for each in (None, partials)
    ]
    expected = partials(other, audio, shares, audio)
    torch.testing.assert_close(losses[1].loss - losses[0].loss, expected, atol=1e-3, rtol=1e-3)
    # What is reported is the mel distance all the same.
    assert torch.equal(losses[0].distance, losses[1].distance)
