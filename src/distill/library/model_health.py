"""Health of codebooks, as a word and a colour beside the numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from distill.training.metrics import LevelHealth

HEALTHY = 0.75
"""Share of used entries from which a codebook is healthy.

In good models of small corpora the least used level has 82 to 87 % of its entries in use
(docs/log/codec-codebooks.md, "Codebooks that the corpus uses"). The verdicts begin to warn at 30 %.
"""


class HealthWord(StrEnum):
    """How a model uses its codes."""

    HEALTHY = "healthy"
    SOME_IDLE = "some codes idle"
    MOST_IDLE = "most codes idle"
    COLLAPSED = "collapsed"
    UNKNOWN = "unknown"


COLOURS = {
    HealthWord.HEALTHY: "good",
    HealthWord.SOME_IDLE: "warn",
    HealthWord.MOST_IDLE: "bad",
    HealthWord.COLLAPSED: "bad",
    HealthWord.UNKNOWN: "muted",
}
"""Colours by role; each face has its own for `good`, `warn`, `bad` and `muted`."""


@dataclass(frozen=True)
class LevelWord:
    """Use of one codebook.

    Attributes:
        name: Name of the level.
        word: In a word.
        utilisation: Share of used entries, 0 to 1.
        perplexity: Number of entries that, used equally often, would be as varied.
    """

    name: str
    word: HealthWord
    utilisation: float
    perplexity: float


@dataclass(frozen=True)
class ModelHealth:
    """Use of all codebooks of a model.

    Attributes:
        word: That of its worst level; `unknown` for models of earlier versions.
        colour: `good`, `warn`, `bad` or `muted`.
        levels: Each level.
    """

    word: HealthWord
    colour: str
    levels: tuple[LevelWord, ...] = ()


def judge_health(levels: Sequence[dict[str, Any]]) -> ModelHealth:
    """The health of a model.

    Args:
        levels: Entries of `level_health` in the metadata of its file.
    """
    words = tuple(_judge_level(level) for level in levels)
    if not words:
        return ModelHealth(word=HealthWord.UNKNOWN, colour=COLOURS[HealthWord.UNKNOWN])
    order = list(HealthWord)
    worst = max((level.word for level in words), key=order.index)
    return ModelHealth(word=worst, colour=COLOURS[worst], levels=words)


def _judge_level(entries: dict[str, Any]) -> LevelWord:
    level = LevelHealth(
        name=entries["name"],
        utilisation=entries["utilisation"],
        perplexity=entries["perplexity"],
        dead_codes=entries.get("dead_codes", 0),
    )
    return LevelWord(
        name=level.name,
        word=_word(level),
        utilisation=level.utilisation,
        perplexity=level.perplexity,
    )


def _word(level: LevelHealth) -> HealthWord:
    if level.is_collapsed:
        return HealthWord.COLLAPSED
    if level.is_low:
        return HealthWord.MOST_IDLE
    return HealthWord.HEALTHY if level.utilisation >= HEALTHY else HealthWord.SOME_IDLE
