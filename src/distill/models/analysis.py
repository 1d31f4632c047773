"""What the codec hears: log-mel spectra at several resolutions, brought down to a few numbers by
PCA.

The spectra are those that decoded sounds are judged by, so what is near in latents sounds alike,
for sounds unlike the corpus too. Nothing here is learned by gradients: codes are settled before the
decoder hears its first sound, and stay valid however long it goes on.
"""

import math

import torch
from torch import Tensor, nn

from distill.audio.equaliser import KNOT_DB, knot_weights
from distill.audio.mel import LOG_FLOOR, MelBanks
from distill.models.batch_invariant import linear
from distill.models.losses import MEL_SCALES
from distill.models.mid_side import to_mid_side

ANALYSIS_SCALES = MEL_SCALES[:1:-1]
"""All but the shortest two, largest first, half overlapping; each scale gives as many numbers a
code frame."""

SIDE_WEIGHT = 0.5
"""Of side and balance beside the mid, which counts 1: stereo should not cost what mono hears."""

LEVEL_SCALE = 3
"""Of the `ANALYSIS_SCALES`, that from which levels are read: eight spectra a code frame of 1024
samples."""

ITERATIONS = 4
SPARE = 16


class Analysis(nn.Module):
    """Latents `[B, T, D]` of sounds `[B, C, N]`, one frame per `frame_hop` samples, a multiple of
    1024."""

    mean: Tensor
    basis: Tensor
    knots: Tensor
    floor: Tensor
    level_widths: Tensor

    def __init__(self, sample_rate: int, channels: int, frame_hop: int, latent_dim: int) -> None:
        super().__init__()
        self.frame_hop, self.channels = frame_hop, channels
        self.banks = MelBanks(ANALYSIS_SCALES, sample_rate)
        planes = torch.ones(1) if channels == 1 else torch.tensor([1, SIDE_WEIGHT, 0])
        widths = self.banks[LEVEL_SCALE].weight.sum(0).clamp(min=1)
        self.register_buffer("level_widths", widths, persistent=False)
        knots, floor = [], []
        for i, (n_mels, n_fft) in enumerate(ANALYSIS_SCALES):
            shape = -1, len(planes), 2 * frame_hop // n_fft, n_mels
            weight = planes[:, None, None].expand(shape[1:])
            knots.append(
                (_knots(self.banks[i].weight, sample_rate)[:, None, None] * weight).flatten(1)
            )
            floor.append(math.log(LOG_FLOOR) * weight.flatten())
        self.register_buffer("knots", torch.cat(knots, 1), persistent=False)
        self.register_buffer("floor", torch.cat(floor), persistent=False)
        size = len(self.floor)
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("basis", torch.zeros(size, latent_dim))

    def features(self, audio: Tensor) -> Tensor:
        """Natural-log mel magnitudes `[B, T, F]`; of stereo those of mid, side, and left above
        right."""
        B, _, N = audio.shape
        T = N // self.frame_hop
        heard = audio if self.channels == 1 else torch.cat((to_mid_side(audio), audio), 1)
        scales = []
        for bank in self.banks:
            # One after the other: all at once they would not fit into a processor's cache.
            planes = self._planes([bank(one, bank.n_fft // 2) for one in heard.unbind(1)])
            scales.append(planes.unflatten(2, (T, -1)).transpose(1, 2).reshape(B, T, -1))
        return torch.cat(scales, -1)

    def _planes(self, log_mels: list[Tensor]) -> Tensor:
        """Planes `[B, P, S, M]` of the log-mels `[B, S, M]` of a sound, or of its mid, side, left
        and right: 1 or 3."""
        if self.channels == 1:
            return torch.stack(log_mels, 1)
        mid, side, left, right = log_mels
        return torch.stack((mid, SIDE_WEIGHT * side, SIDE_WEIGHT * (left - right)), 1)

    def forward(self, audio: Tensor) -> Tensor:
        return self.project(self.features(audio))

    def project(self, features: Tensor) -> Tensor:
        """Latents `[..., D]` of features `[..., F]`."""
        return (features - self.mean) @ self.basis

    def levels(self, latents: Tensor) -> Tensor:
        """Levels in dBFS `[..., S]` of `S` parts of each frame that `latents` `[..., D]` stand for.

        Of stereo, those of the mid. The basis is orthogonal, so its transpose leads back to
        log-mels. Those are sums of magnitudes, not of powers: to about 1 dB for noise, too low for
        tones in wide bands.
        """
        n_mels, n_fft = ANALYSIS_SCALES[LEVEL_SCALE]
        mid = 2 * self.frame_hop // n_fft * n_mels
        # All scales give as many numbers; the mid comes first in each.
        first = LEVEL_SCALE * len(self.basis) // len(ANALYSIS_SCALES)
        basis, mean = self.basis[first : first + mid], self.mean[first : first + mid]
        log_mels = linear(latents.reshape(-1, latents.shape[-1]), basis).view(
            *latents.shape[:-1], -1
        )
        log_mels = log_mels / self.basis[:, 0].square().sum().clamp(min=1e-12) + mean
        power = ((2 * log_mels).exp().unflatten(-1, (-1, n_mels)) / self.level_widths).sum(-1)
        # Of noise with a power of 1, half a spectrum under a Hann window, whose mean square is 3/8,
        # holds so much.
        full = n_fft / 2 * 3 / 8 * n_fft
        return 10 * (power / full).clamp(min=LOG_FLOOR**2).log10()

    def level_direction(self) -> Tensor:
        """The unit vector `[D]` along which latents move when a sound gets louder, where it is not
        silent."""
        direction = self.knots.sum(0) @ self.basis
        return direction / direction.norm().clamp(min=1e-12)

    def in_db(self, squared: Tensor) -> Tensor:
        """RMS differences of log-mels in dB, of latents that are so far apart, `squared`."""
        scale = self.basis[:, 0].square().sum().clamp(min=1e-12) * len(self.basis)
        return 20 / math.log(10) * (squared.clamp(min=0) / scale.to(squared)).sqrt()

    def equalise_features(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """`features` `[B, T, F]` as they would be of the same sounds, each through a random
        equaliser.

        What is silent stays silent, and what lies left or right stays there.
        """
        knots = (
            KNOT_DB
            * math.log(10)
            / 20
            * torch.randn(len(features), 1, len(self.knots), generator=generator)
        )
        lifted = torch.maximum(features + knots.to(features) @ self.knots, self.floor)
        return torch.where(features > self.floor, lifted, features)

    @torch.no_grad()
    def fit(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """Set the projection from `features` `[M, F]` to their principal components; returns their
        latents `[M, D]`.

        Components by subspace iteration (Halko et al. 2011, algorithm 4.4), scaled together to unit
        variance.
        """
        self.mean.copy_(features.mean(0))
        centred = features - self.mean
        D = self.basis.shape[1]
        start = torch.randn(features.shape[1], D + SPARE, generator=generator)
        basis = torch.linalg.qr(start.to(features)).Q
        for _ in range(ITERATIONS):
            basis = torch.linalg.qr(centred.T @ (centred @ basis)).Q
        _, _, turn = torch.linalg.svd(centred @ basis, full_matrices=False)
        components = (basis @ turn.T)[:, :D]
        self.basis.copy_(components / (centred @ components).std().clamp(min=1e-6))
        return centred @ self.basis


def _knots(bank: Tensor, sample_rate: int) -> Tensor:
    """How much each knot of an equaliser counts in each band of `bank` `[S, M]`: `[K, M]`."""
    hz = torch.linspace(0, sample_rate / 2, len(bank))
    centres = hz @ bank / bank.sum(0).clamp(min=1e-9)
    return knot_weights(centres, sample_rate)
