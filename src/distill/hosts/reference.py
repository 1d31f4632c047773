"""What a host should give, by the codec itself: the sound that a stream is compared with."""

import torch
from torch import Tensor

from distill.models.layers import KERNEL
from distill.models.vqvae import VQVAE, Spectrum

BATCH = 16
"""Windows that are decoded together: a stereo spectrum of 43 frames in each takes 90 MB in all."""


@torch.no_grad()
def decode_ahead(codec: VQVAE, codes: Tensor, ahead: int) -> Tensor:
    """Decode codes as if the sound ended `ahead` frames after each frame that is decoded.

    Args:
        codec: The codec, in eval mode.
        codes: Codes `[T, Q]`.
        ahead: Code frames that are looked ahead.

    Returns:
        Sound `[C, T * hop]`; with the whole look-ahead, that of `VQVAE.decode`.
    """
    past = codec.config["decoder_layers"] * (KERNEL // 2)
    if ahead >= past:
        return codec.decode(codes[None])[0]
    T = len(codes)
    whole = past + 1 + ahead
    parts = []
    # At the beginning there are fewer frames in the past, as in the whole sound.
    for frame in range(min(past, T)):
        parts.append(_frames(codec, codes[None, : frame + ahead + 1], frame))
    if whole <= T:
        windows = codes.unfold(0, whole, 1).transpose(1, 2).contiguous()
        parts += [_frames(codec, batch, past) for batch in windows.split(BATCH)]
    # At the end there are fewer in the future.
    for frame in range(max(past, T - ahead), T):
        parts.append(_frames(codec, codes[None, frame - past :], past))
    spectrum = Spectrum(
        log_magnitude=_in_order([part.log_magnitude for part in parts]),
        phase=_in_order([part.phase for part in parts]),
        spread=_in_order([part.spread for part in parts]),
        log_gain=torch.cat([part.log_gain for part in parts]).flatten()[None],
        shares=_shares_in_order(parts),
    )
    return codec.synthesise(spectrum, torch.zeros(1, dtype=torch.long))[0]


def _frames(codec: VQVAE, windows: Tensor, frame: int) -> Spectrum:
    """The spectrum of frame number `frame` of each of the `windows` `[B, t, Q]` of codes."""
    spectrum = codec.spectrum(codec.rvq.lookup(windows), codec.recall(windows))
    gains = spectrum.log_gain.unflatten(1, (windows.shape[1], -1))
    return Spectrum(
        log_magnitude=spectrum.log_magnitude[:, :, frame],
        phase=spectrum.phase[:, :, frame],
        spread=spectrum.spread[:, :, frame],
        log_gain=gains[:, frame],
        shares=None if spectrum.shares is None else spectrum.shares[:, frame],
    )


def _shares_in_order(parts: list[Spectrum]) -> Tensor | None:
    """Shares `[1, T, J]` of the oscillators in parts `[B, J]`; None without oscillators."""
    shares = [part.shares for part in parts if part.shares is not None]
    return torch.cat(shares)[None] if shares else None


def _in_order(parts: list[Tensor]) -> Tensor:
    """Frames `[1, C, T, F]` of parts `[B, C, F]`, one after the other."""
    return torch.cat(parts).transpose(0, 1)[None]
