"""The loss of a step of codec training, and the random draws of a step.

The loss is an energy distance between mel spectrograms of the sound and of two decodings with
different noise, and a distance of levels. A codec with oscillators has the loss of partials beside.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.models.losses import MEL_SCALES, MelLoss
from distill.models.vqvae import CodecOutput
from distill.training.codec.partial_loss import PartialLoss

# Indices into `MEL_SCALES`: scales of every step, and scales that each step draws one from.
# Nearly as good as all seven at every step, at half the cost.
EVERY_STEP_SCALES = (2, 4, 6)
SOMETIMES_SCALES = (0, 1, 3, 5)

# Weight of the repulsion between two decodings in the energy distance. 1 makes it a proper score:
# it is lowest for the true distribution.
REPULSION = 1.0

# Weight of the level distance, relative to the mel distance summed over 7 scales.
LEVEL_WEIGHT = 6.0

# Purposes of random draws within a step; each has a generator of its own.
SCALES_PURPOSE = 1
SETTLING_PURPOSE = 2
NOISE_PURPOSE = 4


class StepDraws:
    """Random numbers of a training: a function of the seed, the step and their purpose.

    Args:
        seed: Seed of the training.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def generator(self, step: int, purpose: int) -> torch.Generator:
        """Random numbers for one `purpose` of a step."""
        seeds = np.random.SeedSequence([self.seed, step, purpose])
        (word,) = seeds.generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(word >> 1))

    def scales(self, step: int) -> tuple[int, ...]:
        """Indices into `MEL_SCALES` of a step."""
        generator = self.generator(step, SCALES_PURPOSE)
        index = torch.randint(len(SOMETIMES_SCALES), (), generator=generator)
        return (*EVERY_STEP_SCALES, SOMETIMES_SCALES[int(index)])


class Losses(NamedTuple):
    """Losses of some crops: what is minimised, and the mel distance, a mean over scales."""

    loss: Tensor
    distance: Tensor


class Objective:
    """The loss of a step.

    Args:
        mel: Distances of spectrograms.
        draws: Draws the scales.
        partials: The loss of partials; None without oscillators.
    """

    def __init__(self, mel: MelLoss, draws: StepDraws, partials: PartialLoss | None = None) -> None:
        self.mel = mel
        self.draws = draws
        self.partials = partials

    def losses(
        self, output: CodecOutput, audio: Tensor, step: int, check: Callable[[], None]
    ) -> Losses:
        """Losses of the decodings of `audio` `[B, C, N]`; `check` is called between, and may
        raise."""
        distance, energy = self.energy_distance(output, audio, step)
        level = self.mel.level_distance(output.audio, output.other, audio)
        check()
        # The distance is a mean over scales; figures and weights are for the sum.
        loss = energy * len(MEL_SCALES) + LEVEL_WEIGHT * level
        if self.partials is not None and output.shares is not None:
            check()
            loss = loss + self.partials(output.audio, output.other, output.shares, audio)
        return Losses(loss=loss, distance=distance)

    def energy_distance(
        self, output: CodecOutput, audio: Tensor, step: int
    ) -> tuple[Tensor, Tensor]:
        """Distance between `audio` `[B, C, N]` and its decoding, and the energy distance.

        Both are means over scales; the second has the repulsion, and is minimised.
        """
        scales = self.draws.scales(step)
        if audio.shape[1] == 1:
            return self.mel.energy_distance(output.audio, output.other, audio, scales, REPULSION)
        # One scale and one ear in turn: a step in stereo should not take twice the time of one in
        # mono.
        turn, ear = divmod(step, 2)
        ear_scales = (EVERY_STEP_SCALES[turn % len(EVERY_STEP_SCALES)],)
        return self.mel.stereo_energy_distance(
            output.audio, output.other, audio, scales, ear, ear_scales, REPULSION
        )
