"""Facts about codebooks and codes as typed records, as `describe` has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distill.exports import LazyModule
from distill.inference.codes.region import WHOLE, Region

if TYPE_CHECKING:
    from distill.inference.codes import usage
    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.usage import CodebookUsage
else:
    # Torch loads with it: `distill doctor` does without.
    usage = LazyModule("distill.inference.codes.usage")


# --- codebooks ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CodebookLevel:
    """Use of one codebook in the corpus.

    Attributes:
        utilisation: Share of the codes that are used.
        perplexity: Number of codes that, used equally often, would be as varied.
        counts: How often each code occurs, `[K]`; None for models of earlier versions.
        dead_codes: Codes that never occur; None for models of earlier versions.
    """

    name: str
    codebook_size: int
    utilisation: float | None
    perplexity: float | None
    counts: list[int] | None
    dead_codes: list[int] | None


def codebook_level(use: CodebookUsage, level: int) -> CodebookLevel:
    """Use of the codebook of `level`, counted from 0."""
    name = use.level_names[level]
    counts = use.counts[level]
    if counts is None:
        health = use.health[level] if use.health else {}
        return CodebookLevel(
            name=name,
            codebook_size=use.codebook_size,
            utilisation=health.get("utilisation"),
            perplexity=health.get("perplexity"),
            counts=None,
            dead_codes=None,
        )
    dead_codes = np.flatnonzero(counts == 0).tolist()
    return CodebookLevel(
        name=name,
        codebook_size=use.codebook_size,
        utilisation=1 - len(dead_codes) / use.codebook_size,
        perplexity=usage.perplexity(counts),
        counts=counts.tolist(),
        dead_codes=dead_codes,
    )


# --- codes ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CodesFacts:
    """A codes file.

    Attributes:
        frames: Code frames.
        frame_rate: Code frames per second.
        gain: Factor that decoding multiplies the sound by.
        width: Factor of the difference between left and right; 0 is mono.
        locked: Number of locked codes.
    """

    path: Path
    source: str
    model_id: str
    frames: int
    frame_rate: float
    n_samples: int
    duration_s: float
    channels: int
    gain: float
    width: float
    locked: int


def codes_facts(path: Path, grid: CodeGrid) -> CodesFacts:
    """Facts about the `grid` in the file at `path`."""
    return CodesFacts(
        path=path,
        source=grid.source,
        model_id=grid.model_id,
        frames=len(grid.codes),
        frame_rate=grid.frame_rate,
        n_samples=grid.n_samples,
        duration_s=grid.seconds,
        channels=grid.channels,
        gain=grid.gain,
        width=grid.width,
        locked=grid.locked_count,
    )


@dataclass(frozen=True)
class CodeCount:
    """How often one code occurs in a region, and its share of the frames there."""

    code: int
    count: int
    share: float


@dataclass(frozen=True)
class CorpusCodeCount(CodeCount):
    """The same, beside the corpus of a model."""

    corpus_count: int
    corpus_share: float


@dataclass(frozen=True)
class CodesLevel:
    """The codes of one level in a region, the most frequent first.

    Attributes:
        used: Number of different codes.
        never_in_corpus: How many of them the corpus never uses; None if that is unknown.
    """

    name: str
    used: int
    codebook_size: int
    perplexity: float
    never_in_corpus: int | None
    codes: list[CodeCount]


def codes_level(
    grid: CodeGrid, level: int, region: Region = WHOLE, use: CodebookUsage | None = None
) -> CodesLevel:
    """The codes of one level in a region of a sound.

    Args:
        grid: The sound.
        level: The level, counted from 0.
        region: Stretch of time; its levels do not matter.
        use: Use of the codes in the corpus of a model, to compare with.
    """
    start, stop, _ = region.resolve(*grid.codes.shape)
    present, counts = usage.count_codes(grid.codes[start:stop, level])
    in_corpus = use.counts[level] if use is not None else None
    codes = []
    for code, count in zip(present.tolist(), counts.tolist(), strict=True):
        here = CodeCount(code=code, count=count, share=count / (stop - start))
        codes.append(here if in_corpus is None else _beside_corpus(here, in_corpus))
    never = None if in_corpus is None else int((in_corpus[present] == 0).sum())
    return CodesLevel(
        name=grid.level_names[level],
        used=len(codes),
        codebook_size=grid.codebook_size,
        perplexity=usage.perplexity(counts),
        never_in_corpus=never,
        codes=codes,
    )


def _beside_corpus(here: CodeCount, in_corpus: np.ndarray) -> CorpusCodeCount:
    count = int(in_corpus[here.code])
    share = count / max(int(in_corpus.sum()), 1)
    return CorpusCodeCount(
        code=here.code, count=here.count, share=here.share, corpus_count=count, corpus_share=share
    )
