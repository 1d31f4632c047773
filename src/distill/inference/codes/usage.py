"""Codebook usage: how often each code occurs, in some codes and in a model's training corpus.

A codebook that leaves most entries unused wastes its bits, and an entry that the corpus never used
was never trained. Perplexity sums up a distribution of counts. It is the number of codes that, used
equally often, would carry as much information (van den Oord et al. 2017, VQ-VAE).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from distill.files import FilePath
from distill.models.levels import level_names
from distill.models.persistence import read_header


@dataclass(frozen=True)
class CodebookUsage:
    """Usage of each level's codebook over the training corpus, as a model file states it.

    Args:
        path: The model file.
        codebook_hash: Identifies the codebooks.
        codebook_size: Entries of each level, `K`.
        level_names: A name for each of the `Q` levels.
        counts: For each level the occurrences `[K]` of its codes, or None where unknown.
        health: For each level the figures of training (`utilisation`, `perplexity`, …); may be
            empty.
    """

    path: Path
    codebook_hash: str
    codebook_size: int
    level_names: tuple[str, ...]
    counts: tuple[np.ndarray | None, ...]
    health: tuple[dict[str, Any], ...]


def count_codes(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct codes in `codes` `[n]`, most frequent first, and how often each occurs."""
    present, counts = np.unique(codes, return_counts=True)
    order = (-counts).argsort(kind="stable")
    return present[order], counts[order]


def perplexity(counts: np.ndarray) -> float:
    """Number of equally frequent codes that carry as much information as `counts` `[K]`.

    It is 1 when nothing was counted.
    """
    share = counts[counts > 0] / max(counts.sum(), 1)
    return float(np.exp(-(share * np.log(share)).sum()))


def read_codebook_usage(path: FilePath) -> CodebookUsage:
    """Usage of the codebooks of the model at `path`, read from its header alone.

    Raises the `ModelFileError` that fits if it is no model file.
    """
    header = read_header(path)
    config = header["vqvae_config"]
    metadata = header["metadata"]
    K = config["codebook_size"]
    Q = config["num_quantizers"]
    # The header of a file can say anything: only lists of the right length are used.
    health = metadata.get("level_health")
    has_health = isinstance(health, list) and len(health) == Q
    return CodebookUsage(
        path=Path(path),
        codebook_hash=str(metadata.get("codebook_hash", "")),
        codebook_size=K,
        level_names=level_names(Q),
        counts=_read_counts(metadata.get("code_counts"), Q, K),
        health=tuple(health) if has_health else (),
    )


def _read_counts(
    counts: Any,
    Q: int,
    K: int,
) -> tuple[np.ndarray | None, ...]:
    # The first models were saved without counts.
    if not isinstance(counts, torch.Tensor) or counts.shape != (Q, K):
        return (None,) * Q
    return tuple(counts.numpy().astype(np.int64))
