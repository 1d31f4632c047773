"""How often each code stands somewhere: in a grid, and in the corpus that a model learned from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from distill.errors import CodebookMismatchError, CodesFileError
from distill.inference.codes.grid import CodeGrid
from distill.models.levels import level_names
from distill.models.persistence import read_header


@dataclass(frozen=True)
class CorpusUse:
    """What the model file `path` says of its codebooks; `counts` `[K]` of each level, None where
    they are not known."""

    path: Path
    codebook_hash: str
    codebook_size: int
    level_names: tuple[str, ...]
    counts: tuple[np.ndarray | None, ...]
    health: tuple[dict[str, Any], ...]

    def check_made(self, grid: CodeGrid) -> None:
        """`CodebookMismatchError` for a grid of another model, `CodesFileError` for levels that
        this one lacks."""
        if grid.codebook_hash != self.codebook_hash:
            raise CodebookMismatchError(
                f"These codes (of '{grid.source}') were made with another model than {self.path}: "
                "name the model that encoded them."
            )
        if grid.codes.shape[1] > len(self.level_names) or grid.codebook_size != self.codebook_size:
            raise CodesFileError(
                f"The codes of '{grid.source}' have levels or codes that {self.path} does not have: "
                "encode the sound again, or undo the last edit."
            )


def counted(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The codes that stand in `codes` `[n]`, the most frequent first, and how often each does."""
    present, counts = np.unique(codes, return_counts=True)
    order = (-counts).argsort(kind="stable")
    return present[order], counts[order]


def perplexity(counts: np.ndarray) -> float:
    """How many codes, used equally often, would say as much as `counts` `[K]` do; 1 for none."""
    share = counts[counts > 0] / max(counts.sum(), 1)
    return float(np.exp(-(share * np.log(share)).sum()))


def corpus_use(path: str | Path) -> CorpusUse:
    """How the model at `path` uses its codebooks, from its header alone. Raises the
    `ModelFileError` that fits."""
    header = read_header(path)
    config, metadata = header["vqvae_config"], header["metadata"]
    K, Q = config["codebook_size"], config["num_quantizers"]
    health = metadata.get("level_health")
    return CorpusUse(
        path=Path(path),
        codebook_hash=str(metadata.get("codebook_hash", "")),
        codebook_size=K,
        level_names=level_names(Q),
        counts=_counts(metadata.get("code_counts"), Q, K),
        health=tuple(health) if isinstance(health, list) and len(health) == Q else (),
    )


def _counts(stored: Any, Q: int, K: int) -> tuple[np.ndarray | None, ...]:
    # Models of earlier versions have none.
    if not isinstance(stored, torch.Tensor) or stored.shape != (Q, K):
        return (None,) * Q
    return tuple(stored.numpy().astype(np.int64))
