"""Codec losses: how far a decoded sound is from its source."""

import torch
from torch import Tensor, nn

from distill.audio.features import mel_filterbank, stft

MEL_SCALES = ((5, 32), (10, 64), (20, 128), (40, 256), (80, 512), (160, 1024), (320, 2048))
"""(mel bands, window in samples), as in Kumar et al. 2023 (DAC), section 3.3."""

LOG_FLOOR = 1e-5


class MelLoss(nn.Module):
    """Multi-scale log10-mel L1 distance; each call may use some of the scales only, which is cheaper."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        for i, (n_mels, n_fft) in enumerate(MEL_SCALES):
            self.register_buffer(f"bank{i}", mel_filterbank(n_mels, n_fft, sample_rate), persistent=False)

    def log_mel(self, x: Tensor, scale: int) -> Tensor:
        """log10 mel magnitudes `[..., T, M]` of `x` `[..., N]`."""
        _, n_fft = MEL_SCALES[scale]
        spectrum = stft(x, n_fft, n_fft // 4)
        power = spectrum.real.square() + spectrum.imag.square()
        magnitude = (power + 1e-14).sqrt()
        return (magnitude @ self.get_buffer(f"bank{scale}")).clamp(min=LOG_FLOOR).log10()

    def forward(self, output: Tensor, target: Tensor, scales: tuple[int, ...]) -> Tensor:
        """Mean over the given scales of the mean absolute difference; `output`, `target` `[..., N]`."""
        total = output.new_zeros(())
        for i in scales:
            with torch.no_grad():
                wanted = self.log_mel(target, i)
            total = total + (self.log_mel(output, i) - wanted).abs().mean()
        return total / len(scales)


def log_magnitude_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean absolute difference of natural-log magnitudes `[..., T, F]`."""
    return (predicted - true).abs().mean()
