"""Fit of a codec before training: analysis, codebooks and outline are settled by sounds.

None of them is learned by gradients, so codes keep their meaning however long the decoder trains.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from distill.audio.stft import stft
from distill.models.mid_side import to_mid_side
from distill.models.rvq import ROWS
from distill.models.vqvae import VQVAE

LOG_FLOOR = 1e-5
"""Smallest magnitude of a bin of a spectrum: an empty bin has no logarithm."""

OUTLINE_DAMPING = 1e-3
"""Weight of the penalty in the ridge regression of the outline, per frame. Latents have about unit
variance, so that it only steadies directions that hardly occur."""


@torch.no_grad()
def fit_codec(
    codec: VQVAE,
    batches: Iterable[Tensor],
    generator: torch.Generator,
    extra: Iterable[Tensor] = (),
    corpus: Iterable[Tensor] = (),
    check: Callable[[], None] = lambda: None,
) -> None:
    """Settle the codes of a codec: principal components, codebooks, and the linear outline.

    Codebooks also learn every sound through a random equaliser. That leaves room between the
    sounds of the corpus, for others.

    Args:
        codec: Changed in place.
        batches: Sounds `[B, C, N]` that everything is fitted to; their features stay in memory.
        generator: Source of randomness, on the CPU.
        extra: Further sounds `[B, C, N]` for the codebooks.
        corpus: The corpus as it is, `[B, C, N]`: most entries are fitted to it alone.
        check: Called before each level of codebooks; may raise.
    """
    features = []
    magnitudes = []
    for audio in batches:
        features.append(codec.analysis.features(audio))
        # From [B, C, T, F] to rows [B * T, C * F].
        planes = log_magnitudes(codec, audio).transpose(1, 2)
        magnitudes.append(planes.flatten(2).flatten(0, 1))
    latents = codec.analysis.fit(torch.cat(features).flatten(0, 1), generator)
    rows = [latents]
    for x in features:
        rows.append(_equalised_latents(codec, x, generator))
    # Nothing below needs them, and the codebooks need memory.
    features.clear()
    for audio in extra:
        x = codec.analysis.features(audio)
        rows.append(codec.analysis.project(x).flatten(0, 1))
        rows.append(_equalised_latents(codec, x, generator))
    corpus_rows = [codec.latents(audio).flatten(0, 1) for audio in corpus]
    # `cat` needs at least one part.
    own = torch.cat([latents[:0], *corpus_rows])
    codec.rvq.fit(torch.cat(rows), generator, own, check)
    # In parts: the search takes some KB a row and entry.
    codes = torch.cat([codec.rvq(part) for part in latents.split(ROWS)])
    _fit_outline(codec, codec.rvq.lookup(codes), torch.cat(magnitudes))


def _equalised_latents(
    codec: VQVAE,
    features: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Latents `[B * T, D]` of `features` `[B, T, features]`, each sound through an equaliser."""
    output = codec.analysis.equalise_features(features, generator)
    latents: Tensor = codec.analysis.project(output)
    return latents.flatten(0, 1)


def log_magnitudes(codec: VQVAE, audio: Tensor) -> Tensor:
    """Natural-log magnitudes `[B, C, T, F]` of `audio` `[B, C, N]`, as the decoder's `Spectrum`.

    Of two channels: those of the mid, and those of the side relative to it.
    """
    spectrum = stft(audio, codec.n_fft, codec.frame_hop)
    if codec.channels == 1:
        return _log_abs(spectrum)
    mid, side = _log_abs(to_mid_side(spectrum)).unbind(1)
    return torch.stack((mid, side - mid), 1)


def _log_abs(spectrum: Tensor) -> Tensor:
    """Natural logs of the magnitudes of a complex spectrum, of the same shape."""
    power = spectrum.real.square() + spectrum.imag.square()
    return 0.5 * (power + LOG_FLOOR**2).log()


def _fit_outline(codec: VQVAE, values: Tensor, log_magnitudes: Tensor) -> None:
    """Fit the outline by ridge regression.

    Args:
        codec: Changed in place.
        values: Quantised latents `[M, D]`.
        log_magnitudes: Natural-log magnitudes `[M, C * F]` of the same frames.
    """
    M, D = values.shape
    mean = log_magnitudes.mean(0)
    penalty = OUTLINE_DAMPING * M * torch.eye(D, device=values.device)
    gram = values.T @ values + penalty
    weight = torch.linalg.solve(gram, values.T @ (log_magnitudes - mean))
    codec.outline.weight.copy_(weight.T)
    codec.outline.bias.copy_(mean)
