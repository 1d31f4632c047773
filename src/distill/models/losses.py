"""Codec losses: distances of decoded audio to its source.

Multi-scale mel distance, as an energy distance between random decodings (Gritsenko et al. 2020),
and a distance of levels. Shapes: `...` any dimensions, `S` spectra, `M` mel bands.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from distill.audio.masking import audibility, spreading_matrix
from distill.audio.mel import LOG_FLOOR, MelBanks, mel_edges

MEL_SCALES = (
    (5, 32),
    (10, 64),
    (20, 128),
    (40, 256),
    (80, 512),
    (160, 1024),
    (320, 2048),
)
"""Pairs (mel bands, samples of a window), as in Kumar et al. 2023 (DAC), section 3.3."""

LEVEL_BLOCKS_S = (0.002, 0.01)
"""Blocks in seconds over which levels are compared: for attacks, and for loudness."""

STEREO_WEIGHT = 1.0
"""Weight of side and ears beside the mid (1)."""

MEASURED_OVERLAP = 4
"""Windows over each sample for the distance as it is defined and reported."""

TRAINED_OVERLAP = 2
"""Windows over each sample in training: half the cost, which random crops make up for."""


class MelLoss(nn.Module):
    """Multi-scale mel distance: mean absolute difference of log10 mel magnitudes.

    `scales` in its methods are indices in `MEL_SCALES`; fewer scales are cheaper.
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        self.level_blocks = tuple(round(seconds * sample_rate) for seconds in LEVEL_BLOCKS_S)
        self.banks = MelBanks(MEL_SCALES, sample_rate)
        for scale, (n_mels, _) in enumerate(MEL_SCALES):
            centres = torch.tensor(mel_edges(n_mels, sample_rate)[1:-1])
            spread = spreading_matrix(centres)
            self.register_buffer(f"spread{scale}", spread, persistent=False)

    def log_mel(self, x: Tensor, scale: int, overlap: int) -> Tensor:
        """Log10 mel magnitudes `[..., S, M]` of signals.

        Args:
            x: Signals `[..., N]`, `N` a multiple of the hop.
            scale: Index in `MEL_SCALES`.
            overlap: Windows over each sample; the hop is the window divided by it.
        """
        _, n_fft = MEL_SCALES[scale]
        return self.banks[scale](x, n_fft // overlap) / math.log(10)

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        scales: tuple[int, ...],
    ) -> Tensor:
        """Mel distance of `output` to `target`, both `[..., N]`: mean over `scales`, a scalar."""
        distances = []
        for scale in scales:
            a = self.log_mel(output, scale, MEASURED_OVERLAP)
            b = self.log_mel(target, scale, MEASURED_OVERLAP)
            distances.append((a - b).abs().mean())
        return torch.stack(distances).mean()

    def audibility(self, log_mel: Tensor, scale: int) -> Tensor:
        """Audible share `[..., S, M]`, 0 to 1, of the cells of `log_mel` `[..., S, M]`."""
        _, n_fft = MEL_SCALES[scale]
        # Magnitude of a full-scale sine under a Hann window.
        full_scale = n_fft / 4
        power = 100 ** (log_mel - math.log10(full_scale))
        return audibility(power, self.get_buffer(f"spread{scale}"))

    def energy_distance(
        self,
        output: Tensor,
        other: Tensor,
        target: Tensor,
        scales: tuple[int, ...],
        repulsion: float,
    ) -> tuple[Tensor, Tensor]:
        """Energy distance of two random decodings to their source.

        The distance to the target, less `repulsion` times half the distance between the decodings.
        With `repulsion` 1 it is the generalised energy distance, lowest when decodings vary as
        true sounds do (Gritsenko et al. 2020, equation 4). Without it, noise comes out nearest
        when it is always the same, which buzzes. Inaudible cells have no repulsion.

        Args:
            output: One decoding `[..., N]`.
            other: The same with other noise, `[..., N]`.
            target: Source `[..., N]`.
            scales: Indices in `MEL_SCALES`.
            repulsion: Weight of the distance between the decodings, 0 to 1.

        Returns:
            The distance to the target without gradient, and the energy distance with gradient:
            scalars.
        """
        distances = []
        energies = []
        for scale in scales:
            a = self.log_mel(output, scale, TRAINED_OVERLAP)
            b = self.log_mel(other, scale, TRAINED_OVERLAP)
            with torch.no_grad():
                source = self.log_mel(target, scale, TRAINED_OVERLAP)
                weight = repulsion * self.audibility(source, scale)
            distance, energy = energy_distance(a, b, source, weight)
            distances.append(distance)
            energies.append(energy)
        return torch.stack(distances).mean(), torch.stack(energies).mean()

    def level_distance(
        self,
        output: Tensor,
        other: Tensor,
        target: Tensor,
    ) -> Tensor:
        """Distance of two random decodings to their source in level: log10 RMS of blocks.

        Mel bands leave the level of a hit to chance where its phase is; this holds its envelope.
        There is no repulsion: random levels make hits uneven, and a constant level does not buzz.

        Args:
            output: One decoding `[..., N]`, or stereo `[B, 2, N]`. Of stereo, the levels of left,
                right and mid count: two right channels may add up to a wrong mid.
            other: The same with other noise.
            target: Source of the same shape.

        Returns:
            A scalar with gradient.
        """
        output = _with_mid(output)
        other = _with_mid(other)
        target = _with_mid(target)
        distances = []
        for block in self.level_blocks:
            levels = _log_rms(target, block)
            to_output = (_log_rms(output, block) - levels).abs().mean()
            to_other = (_log_rms(other, block) - levels).abs().mean()
            distances.append(0.5 * (to_output + to_other))
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
        """`energy_distance` of stereo: of the mid, and of the side and one channel.

        The side shows width where there should be none. Left and right, in turn, show on which
        side a sound is.

        Args:
            output: One decoding `[B, 2, N]`.
            other: The same with other noise, `[B, 2, N]`.
            target: Source `[B, 2, N]`.
            scales: Scales of the mid.
            ear: Channel that is compared, 0 or 1.
            ear_scales: Scales of side and channel.
            repulsion: Weight of the distance between the decodings, 0 to 1.

        Returns:
            The distance of the mid to the target without gradient, as mono has it, and the sum of
            the energy distances with gradient: scalars.
        """
        distance, mid = self.energy_distance(
            output.mean(1), other.mean(1), target.mean(1), scales, repulsion
        )
        _, sides = self.energy_distance(
            _ear_and_side(output, ear),
            _ear_and_side(other, ear),
            _ear_and_side(target, ear),
            ear_scales,
            repulsion,
        )
        return distance, mid + STEREO_WEIGHT * sides


def energy_distance(a: Tensor, b: Tensor, source: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Energy distance of the features of two random decodings to those of their source.

    Args:
        a: Features of one decoding `[...]`.
        b: Of the same with other noise, `[...]`.
        source: Of their source, `[...]`.
        weight: Weight of the distance between the decodings `[...]`.

    Returns:
        The distance to the source without gradient, and the energy distance with gradient:
        scalars.
    """
    result: tuple[Tensor, Tensor] = _EnergyDistance.apply(a, b, source, weight)
    return result


class _EnergyDistance(torch.autograd.Function):
    """Distance and energy distance of log-mels `a` and `b` to a `source`.

    The gradient of an L1 distance is a sign: storing signs replaces a chain of small operations.
    """

    @staticmethod
    def forward(
        ctx: Any,
        a: Tensor,
        b: Tensor,
        source: Tensor,
        weight: Tensor,
    ) -> tuple[Tensor, Tensor]:
        error_a = a - source
        error_b = b - source
        difference = a - b
        distance = 0.5 * (error_a.abs().mean() + error_b.abs().mean())
        energy = distance - 0.5 * (weight * difference.abs()).mean()
        repulsion = weight * difference.sgn_()
        # In place: the differences are not needed any more.
        slope_a = error_a.sgn_().sub_(repulsion)
        slope_b = error_b.sgn_().add_(repulsion)
        ctx.save_for_backward(slope_a, slope_b)
        ctx.mark_non_differentiable(distance)
        return distance, energy

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,
        _: Tensor,
        gradient: Tensor,
    ) -> tuple[Tensor, Tensor, None, None]:
        slope_a, slope_b = ctx.saved_tensors
        share = gradient / (2 * slope_a.numel())
        return share * slope_a, share * slope_b, None, None


def _ear_and_side(x: Tensor, ear: int) -> Tensor:
    """Channel `ear` and the side `[B, 2, N]` of stereo `[B, 2, N]`."""
    channel = x[:, ear]
    side = (x[:, 0] - x[:, 1]) / 2
    return torch.stack((channel, side), 1)


def _with_mid(x: Tensor) -> Tensor:
    """Left, right and mid `[B, 3, N]` of stereo `[B, 2, N]`; anything else as it is."""
    if x.ndim != 3 or x.shape[1] != 2:
        return x
    return torch.cat((x, x.mean(1, keepdim=True)), 1)


def _log_rms(x: Tensor, block: int) -> Tensor:
    """Log10 RMS `[..., N // block]` of blocks of `x` `[..., N]`."""
    n_blocks = x.shape[-1] // block
    blocks = x[..., : n_blocks * block].unflatten(-1, (-1, block))
    mean_square = blocks.square().mean(-1)
    return 0.5 * (mean_square + LOG_FLOOR**2).log10()


def best_gain(output: Tensor, target: Tensor, mel: MelLoss) -> float:
    """Find the linear gain that brings `output` nearest to `target` by the mel distance.

    An L1 distance of logarithms is least at the median of their differences. All scales have
    equally many cells, and so count alike.

    Args:
        output: Audio `[..., N]`, `N` a multiple of the longest window.
        target: Source `[..., N]`.
        mel: The mel distance.
    """
    differences = []
    for scale in range(len(MEL_SCALES)):
        source = mel.log_mel(target, scale, TRAINED_OVERLAP)
        own = mel.log_mel(output, scale, TRAINED_OVERLAP)
        differences.append((source - own).flatten())
    median = torch.cat(differences).median()
    return float(10**median)
