"""The codec's encoder: log-mel spectra at several resolutions, projected by PCA.

The spectra are those that decoded sounds are judged by (`losses.MEL_SCALES`). So sounds that are
near in latents sound alike, even when they are unlike the corpus. Nothing here is learned by
gradients: codes are settled before the decoder trains, and stay valid however long it does.
"""

import math

import torch
from torch import Tensor, nn

from distill.audio.equaliser import KNOT_DB, knot_weights
from distill.audio.mel import LOG_FLOOR, MelBanks
from distill.device import CONSTANTS
from distill.models.batch_invariant import linear
from distill.models.losses import MEL_SCALES
from distill.models.mid_side import to_mid_side

ANALYSIS_SCALES = MEL_SCALES[:1:-1]
"""Pairs (mel bands, samples of a window): all of the losses but the shortest two, largest first.
Windows overlap by half, so that each scale gives as many numbers per code frame."""

SIDE_WEIGHT = 0.5
"""Weight of side and balance beside the mid (1): stereo should not cost what mono hears."""

LEVEL_SCALE = 3
"""Index in `ANALYSIS_SCALES` of the scale that levels are read from: eight spectra per code frame
of 1024 samples."""

ITERATIONS = 4
"""Rounds of subspace iteration: more no longer turn the components."""

SPARE = 16
"""Extra directions in the iteration, which make the last components exact (Halko et al. 2011)."""

HANN_MEAN_SQUARE = 3 / 8
"""Mean square of a Hann window."""

CROSSOVER_SLOPE = 1.5
"""Steepness of a crossover: nepers an octave that the odds of both sounds change by. From 12 % of
one to 88 % it takes 2.7 octaves; half of that moved less like recordings do, by trial."""


class Analysis(nn.Module):
    """Latents `[B, T, D]` of sounds `[B, C, N]`.

    Features are the log-mels of all spectra in a code frame. Of stereo there are three planes:
    those of the mid, those of the side, and the difference of left and right (balance).

    Args:
        sample_rate: In Hz.
        channels: `C`, 1 or 2.
        frame_hop: Samples of a code frame, a multiple of half the longest window.
        latent_dim: `D`.
    """

    mean: Tensor
    basis: Tensor
    knots: Tensor
    floor: Tensor
    octaves: Tensor
    level_widths: Tensor
    level_centres: Tensor

    def __init__(
        self,
        sample_rate: int,
        channels: int,
        frame_hop: int,
        latent_dim: int,
    ) -> None:
        super().__init__()
        self.frame_hop = frame_hop
        self.channels = channels
        self.banks = MelBanks(ANALYSIS_SCALES, sample_rate)
        with CONSTANTS:
            self._register_constants(sample_rate)
        size = len(self.floor)
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("basis", torch.zeros(size, latent_dim))

    def _register_constants(self, sample_rate: int) -> None:
        """Facts on bands and features, which follow from the settings."""
        # Number of bins that each band of the level scale sums up.
        widths = self.banks[LEVEL_SCALE].weight.sum(0).clamp(min=1)
        self.register_buffer("level_widths", widths, persistent=False)
        centres = _centres_of_bands(self.banks[LEVEL_SCALE].weight, sample_rate)
        self.register_buffer("level_centres", centres, persistent=False)
        # A lift of all channels moves mid and side, and leaves the balance as it is.
        planes = torch.ones(1) if self.channels == 1 else torch.tensor([1, SIDE_WEIGHT, 0])
        knots = []
        floor = []
        octaves = []
        for bank, (n_mels, n_fft) in zip(self.banks, ANALYSIS_SCALES, strict=True):
            shape = (len(planes), 2 * self.frame_hop // n_fft, n_mels)
            weight = planes[:, None, None].expand(shape)
            centres = _centres_of_bands(bank.weight, sample_rate)
            by_band = knot_weights(centres, sample_rate)
            knots.append((by_band[:, None, None] * weight).flatten(1))
            floor.append(math.log(LOG_FLOOR) * weight.flatten())
            octaves.append(centres.clamp(min=1).log2().expand(shape).flatten())
        # Features of a lift by one neper at each knot, and of silence.
        self.register_buffer("knots", torch.cat(knots, 1), persistent=False)
        self.register_buffer("floor", torch.cat(floor), persistent=False)
        # Base-2 logarithm of the centre of each feature's band in Hz.
        self.register_buffer("octaves", torch.cat(octaves), persistent=False)

    def features(self, audio: Tensor) -> Tensor:
        """Features `[B, T, F]` of `audio` `[B, C, N]`: natural-log mel magnitudes."""
        B, _, N = audio.shape
        T = N // self.frame_hop
        signals = audio
        if self.channels == 2:
            signals = torch.cat((to_mid_side(audio), audio), 1)
        scales = []
        for bank in self.banks:
            hop = bank.n_fft // 2
            # One signal after the other: all at once do not fit into a processor's cache.
            log_mels = [bank(signal, hop) for signal in signals.unbind(1)]
            planes = self._planes(log_mels)
            frames = planes.unflatten(2, (T, -1)).transpose(1, 2)
            scales.append(frames.reshape(B, T, -1))
        return torch.cat(scales, -1)

    def _planes(self, log_mels: list[Tensor]) -> Tensor:
        """Stack log-mels `[B, S, M]` to planes `[B, planes, S, M]`.

        Of mono: the one plane. Of mid, side, left and right: mid, side, balance.
        """
        if self.channels == 1:
            return torch.stack(log_mels, 1)
        mid, side, left, right = log_mels
        balance = left - right
        return torch.stack((mid, SIDE_WEIGHT * side, SIDE_WEIGHT * balance), 1)

    def forward(self, audio: Tensor) -> Tensor:
        """Latents `[B, T, D]` of `audio` `[B, C, N]`; `N` a multiple of `frame_hop`."""
        return self.project(self.features(audio))

    def project(self, features: Tensor) -> Tensor:
        """Latents `[..., D]` of features `[..., F]`."""
        return (features - self.mean) @ self.basis

    def log_mels(self, latents: Tensor) -> Tensor:
        """Natural-log mel magnitudes `[..., S, M]` of `S` equal parts of the frames with `latents`
        `[..., D]`, at the level scale.

        Of stereo, those of the mid. They are the spectra that the latents stand for, without
        whatever the projection has lost.
        """
        n_mels, n_fft = ANALYSIS_SCALES[LEVEL_SCALE]
        # All scales have equally many features, those of the mid first.
        first = LEVEL_SCALE * len(self.basis) // len(ANALYSIS_SCALES)
        size = 2 * self.frame_hop // n_fft * n_mels
        mean = self.mean[first : first + size]
        basis = self.basis[first : first + size]
        rows = linear(latents.reshape(-1, latents.shape[-1]), basis)
        # The basis is orthogonal up to its scale, so its transpose leads back to log-mels.
        log_mels = rows / self._squared_scale() + mean
        return log_mels.view(*latents.shape[:-1], -1, n_mels)

    def levels(self, latents: Tensor) -> Tensor:
        """Levels `[..., S]` in dBFS of `S` equal parts of the frames with `latents` `[..., D]`.

        Of stereo, those of the mid. Accurate to about 1 dB for noise. Too low for tones in wide
        bands, since log-mels are sums of magnitudes, not of powers.
        """
        powers = (2 * self.log_mels(latents)).exp()
        power = (powers / self.level_widths).sum(-1)
        # Noise of power 1 under a Hann window has this power in the bins up to Nyquist.
        n_fft = ANALYSIS_SCALES[LEVEL_SCALE][1]
        full_scale = n_fft / 2 * HANN_MEAN_SQUARE * n_fft
        return 10 * (power / full_scale).clamp(min=LOG_FLOOR**2).log10()

    def crossover(self, low: Tensor, high: Tensor, hz: Tensor) -> Tensor:
        """Latents `[T, D]` with the spectra of one sound below a frequency, of another above it.

        Args:
            low: Latents `[T, D]` of the sound whose lower bands are taken.
            high: Latents `[T, D]` of the sound whose upper bands are taken.
            hz: Frequency `[T]` at which both have the same weight, in Hz.
        """
        odds = CROSSOVER_SLOPE * (self.octaves - hz.log2()[:, None])
        # Features of the change from one sound to the other, as in `log_mels`.
        change = linear(high - low, self.basis) / self._squared_scale()
        return low + linear(odds.sigmoid() * change, self.basis.T)

    def share_above(self, low: Tensor, high: Tensor, hz: float) -> float:
        """Share of the mel magnitudes of a crossover at `hz` that its upper sound gives, 0 to 1.

        Arguments as for `crossover`.
        """
        is_above = self.level_centres > hz
        above = self.log_mels(high).exp().mean((0, 1))[is_above].sum()
        below = self.log_mels(low).exp().mean((0, 1))[~is_above].sum()
        return float(above / (above + below))

    def decibel(self) -> Tensor:
        """Vector `[D]` by which latents move when a sound that is not silent gets 1 dB louder."""
        return math.log(10) / 20 * (self.knots.sum(0) @ self.basis)

    def _squared_scale(self) -> Tensor:
        """Squared length of a column of the basis; all columns are equally long."""
        return self.basis[:, 0].square().sum().clamp(min=1e-12)

    def level_direction(self) -> Tensor:
        """Unit vector `[D]` along which latents move when a sound gets louder and is not silent."""
        direction = self.knots.sum(0) @ self.basis
        return direction / direction.norm().clamp(min=1e-12)

    def in_db(self, squares: Tensor) -> Tensor:
        """Convert squared distances of latents to RMS differences of log-mels in dB, `[...]`."""
        scale = self._squared_scale() * len(self.basis)
        mean_square = squares.clamp(min=0) / scale.to(squares)
        return 20 / math.log(10) * mean_square.sqrt()

    def equalise_features(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """Features of the same sounds, each through a random equaliser.

        Silence stays silence, and the balance of left and right stays.

        Args:
            features: Features `[B, T, F]`.
            generator: Source of the equalisers' gains, on the CPU.
        """
        gains = torch.randn(len(features), 1, len(self.knots), generator=generator)
        nepers = KNOT_DB * math.log(10) / 20 * gains
        lift = nepers.to(features) @ self.knots
        output = torch.maximum(features + lift, self.floor)
        return torch.where(features > self.floor, output, features)

    @torch.no_grad()
    def fit(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """Set the projection to the principal components of `features`.

        By subspace iteration (Halko et al. 2011, algorithm 4.4). All components are scaled by one
        factor, so that latents have unit variance together.

        Args:
            features: Features `[M, F]`.
            generator: Source of the start of the iteration, on the CPU.

        Returns:
            The latents `[M, D]` of `features`.
        """
        self.mean.copy_(features.mean(0))
        deviations = features - self.mean
        F, D = self.basis.shape
        start = torch.randn(F, D + SPARE, generator=generator)
        basis = torch.linalg.qr(start.to(features)).Q
        for _ in range(ITERATIONS):
            basis = torch.linalg.qr(deviations.T @ (deviations @ basis)).Q
        # Turn the basis to the components, the largest first.
        _, _, rotation = torch.linalg.svd(deviations @ basis, full_matrices=False)
        components = (basis @ rotation.T)[:, :D]
        deviation = (deviations @ components).std().clamp(min=1e-6)
        self.basis.copy_(components / deviation)
        return deviations @ self.basis


def _centres_of_bands(weight: Tensor, sample_rate: int) -> Tensor:
    """Centres `[M]` in Hz of the bands of a mel bank `weight` `[F, M]`."""
    hz = torch.linspace(0, sample_rate / 2, len(weight))
    return hz @ weight / weight.sum(0).clamp(min=1e-9)
