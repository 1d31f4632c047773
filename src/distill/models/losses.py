"""Codec losses: how far a decoded sound is from its source."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from distill.audio.masking import audibility, spreading_matrix
from distill.audio.mel import LOG_FLOOR, MelBanks, mel_edges

MEL_SCALES = ((5, 32), (10, 64), (20, 128), (40, 256), (80, 512), (160, 1024), (320, 2048))
"""(mel bands, window in samples), as in Kumar et al. 2023 (DAC), section 3.3."""

LEVEL_BLOCKS_S = (0.002, 0.01)
"""What a level is measured over: attacks, and what the ear takes for loudness."""

STEREO_WEIGHT = 1.0

MEASURED_OVERLAP, TRAINED_OVERLAP = 4, 2
"""Windows over each sample: as the distance is defined, and, at half the cost, as it is trained on
random crops."""


class MelLoss(nn.Module):
    """Multi-scale log10-mel L1 distance; each call may use some of the scales only, which is
    cheaper."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        self.level_blocks = tuple(round(s * sample_rate) for s in LEVEL_BLOCKS_S)
        self.banks = MelBanks(MEL_SCALES, sample_rate)
        for i, (n_mels, _) in enumerate(MEL_SCALES):
            centres = torch.tensor(mel_edges(n_mels, sample_rate)[1:-1])
            self.register_buffer(f"spread{i}", spreading_matrix(centres), persistent=False)

    def log_mel(self, x: Tensor, scale: int, overlap: int) -> Tensor:
        """log10 mel magnitudes `[..., T, M]` of `x` `[..., N]`, with `overlap` windows over each
        sample."""
        _, n_fft = MEL_SCALES[scale]
        return self.banks[scale](x, n_fft // overlap) / math.log(10)

    def forward(self, output: Tensor, target: Tensor, scales: tuple[int, ...]) -> Tensor:
        """Mean over the given scales of the mean absolute difference; `output`, `target` `[...,
        N]`."""
        pairs = ([self.log_mel(x, i, MEASURED_OVERLAP) for x in (output, target)] for i in scales)
        return torch.stack([(a - b).abs().mean() for a, b in pairs]).mean()

    def audibility(self, log_mel: Tensor, scale: int) -> Tensor:
        """How much of each cell of log10 mel magnitudes `[..., T, M]` is heard, from 0 to 1."""
        _, n_fft = MEL_SCALES[scale]
        # Under a Hann window a full-scale sine has a magnitude of a quarter of it.
        return audibility(
            100 ** (log_mel - math.log10(n_fft / 4)), self.get_buffer(f"spread{scale}")
        )

    def energy_distance(
        self,
        output: Tensor,
        other: Tensor,
        target: Tensor,
        scales: tuple[int, ...],
        repulsion: float,
    ) -> tuple[Tensor, Tensor]:
        """Distance of two random decodings to the target (first), less `repulsion` times half that
        between them.

        Only the second has a gradient.

        With `repulsion` 1 this is the generalised energy distance, lowest when decodings vary as
        true sounds do (Gritsenko et al. 2020, equation 4); without it, the best that noise can do
        is to be always the same, which buzzes. Where nobody hears it, in quiet or under what masks
        it, it may.
        """
        distances, energies = [], []
        for i in scales:
            a, b = (self.log_mel(x, i, TRAINED_OVERLAP) for x in (output, other))
            with torch.no_grad():
                wanted = self.log_mel(target, i, TRAINED_OVERLAP)
                heard = repulsion * self.audibility(wanted, i)
            distance, energy = _EnergyDistance.apply(a, b, wanted, heard)
            distances.append(distance)
            energies.append(energy)
        return torch.stack(distances).mean(), torch.stack(energies).mean()

    def level_distance(self, output: Tensor, other: Tensor, target: Tensor) -> Tensor:
        """Mean distance of two random decodings to the target in level alone: log10 RMS of short
        and longer blocks.

        Mel bands leave a hit's level to chance where its phase is; this holds its envelope. Without
        repulsion: chance in the level makes hits uneven, and a level that is always the same does
        not buzz. Of stereo `[B, 2, N]`, the levels of left, right and mid: two ears that are right
        add up to a hit that is not, where their phases differ.
        """
        heard = [_with_mid(x) for x in (output, other, target)]
        distances = []
        for block in self.level_blocks:
            a, b, wanted = (_log_rms(x, block) for x in heard)
            distances.append(_near(a, b, wanted))
        return torch.stack(distances).mean()

    def stereo_energy_distance(
        self,
        output: Tensor,
        other: Tensor,
        target: Tensor,
        scales: tuple[int, ...],
        ear: int,
        ear_scales: tuple[int, ...],
        repulsion: float,
    ) -> tuple[Tensor, Tensor]:
        """`energy_distance` of stereo `[B, 2, N]`: the mid by `scales`; the side and channel `ear`
        by `ear_scales`.

        The first distance is that of the mid alone, as mono has it. The side tells when there
        should be none; left and right, in turn, on which side a sound is. Only the second has a
        gradient.
        """

        def heard(x: Tensor) -> Tensor:
            return torch.stack((x[:, ear], (x[:, 0] - x[:, 1]) / 2), 1)

        a, b, wanted = (x.mean(1) for x in (output, other, target))
        distance, mid = self.energy_distance(a, b, wanted, scales, repulsion)
        a, b, wanted = heard(output), heard(other), heard(target)
        _, sides = self.energy_distance(a, b, wanted, ear_scales, repulsion)
        return distance, mid + STEREO_WEIGHT * sides


class _EnergyDistance(torch.autograd.Function):
    """The gradient of an L1 distance is a sign: storing signs replaces a chain of small
    operations."""

    @staticmethod
    def forward(
        ctx: Any, a: Tensor, b: Tensor, wanted: Tensor, heard: Tensor
    ) -> tuple[Tensor, Tensor]:
        to_a, to_b, apart = a - wanted, b - wanted, a - b
        near = 0.5 * (to_a.abs().mean() + to_b.abs().mean())
        energy = near - 0.5 * (heard * apart.abs()).mean()
        away = heard * apart.sgn_()
        ctx.save_for_backward(to_a.sgn_().sub_(away), to_b.sgn_().add_(away))
        ctx.mark_non_differentiable(near)
        return near, energy

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        of_a, of_b = ctx.saved_tensors
        share = gradient / (2 * of_a.numel())
        return share * of_a, share * of_b, None, None


def _near(a: Tensor, b: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference of two random decodings' features to what is wanted."""
    return 0.5 * ((a - wanted).abs().mean() + (b - wanted).abs().mean())


def _with_mid(x: Tensor) -> Tensor:
    """Left, right and mid `[B, 3, N]` of stereo `[B, 2, N]`; anything else as it is."""
    return torch.cat((x, x.mean(1, keepdim=True)), 1) if x.ndim == 3 and x.shape[1] == 2 else x


def _log_rms(x: Tensor, block: int) -> Tensor:
    """log10 RMS `[..., N // block]` of blocks of `x` `[..., N]`."""
    blocks = x[..., : x.shape[-1] // block * block].unflatten(-1, (-1, block))
    return 0.5 * (blocks.square().mean(-1) + LOG_FLOOR**2).log10()


def best_gain(output: Tensor, target: Tensor, mel: MelLoss) -> float:
    """The linear gain that brings `output` nearest to `target` (both `[..., N]`, whole windows of
    the largest scale) by the training distance.

    An L1 distance of logarithms is least at the median of their differences. All scales give as
    many of them, and so count alike.
    """
    differences = []
    for i in range(len(MEL_SCALES)):
        pair = (mel.log_mel(x, i, TRAINED_OVERLAP) for x in (target, output))
        differences.append(torch.sub(*pair).flatten())
    return float(10 ** torch.cat(differences).median())
