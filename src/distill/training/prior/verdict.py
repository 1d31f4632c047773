"""One plain sentence on how prior training goes, from measured facts, and what to do. Free of
torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from distill.training.corpus_facts import Material
from distill.training.curves import Point, series
from distill.training.metrics import PriorVerdictKind

FEWEST_EPOCHS = 2
WORSE_THAN_GUESSING = 1.1
"""Times the loss of guessing: training begins there, so that a little above it means nothing."""
RISEN = 0.4
"""Nats by which training may have become worse: a half more guesses."""
HARDER = 0.005
SETTLED_EPOCHS = 2
LARGE_GAP = 1.0
"""Nats by which held-out codes may be harder than one's own: e times as many guesses."""
MUCH_COPIED = 20.0


class PriorVerdict(NamedTuple):
    """`kind` for programs, `sentence` for people."""

    kind: PriorVerdictKind
    sentence: str


@dataclass(frozen=True)
class Copying:
    """By how many `percents` each of some sounds, drawn from the weights of `epoch`, repeats the
    corpus."""

    epoch: int
    percents: list[float]

    @property
    def median(self) -> float:
        return median(self.percents)


@dataclass(frozen=True)
class PriorFacts:
    """What a verdict is drawn from.

    `history` has, for each epoch, its number, `train_loss`, `own_loss` and `val_loss` in nats a
    code. The first is that of the steps, under dropout and with frames hidden; only the others can
    be compared with each other. `copying` is None as long as nothing was drawn. `diverged`: the
    epoch after the last of them did.
    """

    history: Sequence[Point]
    codebook_size: int
    file_count: int
    material: Material = field(default_factory=Material)
    copying: Copying | None = None
    finished: bool = False
    diverged: bool = False

    @property
    def best(self) -> Point:
        """The epoch whose weights are kept."""
        return min(self.history, key=lambda point: point["val_loss"])

    @property
    def since_best(self) -> int:
        return int(self.history[-1]["epoch"] - self.best["epoch"])

    @property
    def perplexity(self) -> str:
        """`held-out perplexity 25.5 (128 would be guessing)`"""
        return f"held-out perplexity {_perplexity(self.best['val_loss'])} ({self.codebook_size} would be guessing)"


def judge_prior(facts: PriorFacts) -> PriorVerdict:
    """The verdict that matters most: what makes training useless first, then what was learned by
    heart, then how far it is."""
    for rule in (
        _diverged,
        _diverging,
        _repeated,
        _too_early,
        _copying,
        _memorising,
        _overfitting,
        _gap,
    ):
        if verdict := rule(facts):
            return verdict
    return _at_the_end(facts) if facts.finished else _under_way(facts)


def check_memorization(
    val_perplexity: float, codebook_size: int, dataset_file_count: int
) -> tuple[bool, str]:
    """Whether held-out codes are suspiciously easy to predict, and one sentence on what it means.

    Small corpora have low perplexity by nature, so the threshold depends on the number of files.
    """
    threshold = 2.0 if dataset_file_count <= 20 else 3.0 if dataset_file_count <= 100 else 5.0
    if val_perplexity >= threshold:
        return False, ""
    return True, (
        f"Memorising: held-out perplexity {val_perplexity:.2f} is under {threshold:.1f} (of {codebook_size} codes), "
        "so generated audio may repeat your recordings: stop earlier with fewer --epochs, or add more varied files."
    )


def _perplexity(loss: float) -> str:
    return f"{math.exp(min(loss, 50.0)):.1f}"


def _diverged(facts: PriorFacts) -> PriorVerdict | None:
    if not facts.diverged:
        return None
    return PriorVerdict(
        PriorVerdictKind.DIVERGED,
        f"Diverged after epoch {facts.history[-1]['epoch']}: the loss is no number any more; the weights of epoch "
        f"{facts.best['epoch']} are kept, for better ones start again with a lower --lr.",
    )


def _diverging(facts: PriorFacts) -> PriorVerdict | None:
    losses = series(facts.history, "train_loss")
    guessing = math.log(facts.codebook_size)
    if losses[-1] <= min(min(losses) + RISEN, WORSE_THAN_GUESSING * guessing):
        return None
    return PriorVerdict(
        PriorVerdictKind.DIVERGING,
        f"Diverging: your own codes have become harder to predict (perplexity {_perplexity(losses[-1])}, where "
        f"{_perplexity(min(*losses, guessing))} was reached, or comes of guessing); start again with a lower --lr.",
    )


def _repeated(facts: PriorFacts) -> PriorVerdict | None:
    material = facts.material
    if not material.is_repeated:
        return None
    return PriorVerdict(
        PriorVerdictKind.REPEATED,
        f"The corpus repeats itself: {material.copies} of {material.files} files are copies of others, so that what is "
        "held out was heard in training and no figure tells what was learned; keep one of each, add different sounds.",
    )


def _too_early(facts: PriorFacts) -> PriorVerdict | None:
    if len(facts.history) >= FEWEST_EPOCHS:
        return None
    advice = "train for more --epochs" if facts.finished else "let it go on"
    return PriorVerdict(PriorVerdictKind.TOO_EARLY, f"Too early to tell: {advice}.")


def _copying(facts: PriorFacts) -> PriorVerdict | None:
    copying = facts.copying
    if copying is None or copying.median < MUCH_COPIED:
        return None
    return PriorVerdict(
        PriorVerdictKind.COPYING,
        f"Copying: of {len(copying.percents)} sounds drawn after epoch {copying.epoch}, most repeat your recordings by "
        f"{copying.median:.0f} % or so; add more varied files or stop earlier with fewer --epochs, and have "
        f"generate --max-copy {MUCH_COPIED:.0f} draw again.",
    )


def _memorising(facts: PriorFacts) -> PriorVerdict | None:
    perplexity = math.exp(min(facts.best["val_loss"], 50.0))
    memorising, sentence = check_memorization(perplexity, facts.codebook_size, facts.file_count)
    return PriorVerdict(PriorVerdictKind.MEMORISING, sentence) if memorising else None


def _overfitting(facts: PriorFacts) -> PriorVerdict | None:
    best, last = facts.best, facts.history[-1]
    harder = last["val_loss"] > (1 + HARDER) * best["val_loss"]
    if facts.since_best < SETTLED_EPOCHS or not harder or last["own_loss"] >= best["own_loss"]:
        return None
    advice = (
        "for a better prior add recordings"
        if facts.finished
        else "you lose nothing by stopping now"
    )
    return PriorVerdict(
        PriorVerdictKind.OVERFITTING,
        f"Over-fitting: since epoch {best['epoch']} held-out codes got harder to predict (perplexity "
        f"{_perplexity(best['val_loss'])} to {_perplexity(last['val_loss'])}) while your own got easier "
        f"({_perplexity(best['own_loss'])} to {_perplexity(last['own_loss'])}); the weights of epoch "
        f"{best['epoch']} are kept, {advice}.",
    )


def _gap(facts: PriorFacts) -> PriorVerdict | None:
    best = facts.best
    if best["val_loss"] - best["own_loss"] < LARGE_GAP:
        return None
    return PriorVerdict(
        PriorVerdictKind.MEMORISING,
        f"Memorising: your own codes are far easier to predict (perplexity {_perplexity(best['own_loss'])}) than "
        f"held-out ones ({_perplexity(best['val_loss'])}), so generated audio may repeat your recordings; "
        "add more varied files, or stop earlier with fewer --epochs.",
    )


def _under_way(facts: PriorFacts) -> PriorVerdict:
    if facts.since_best < SETTLED_EPOCHS:
        return PriorVerdict(
            PriorVerdictKind.LEARNING, f"Learning: {facts.perplexity}; let it go on."
        )
    return PriorVerdict(
        PriorVerdictKind.SETTLED,
        f"Settling: {facts.perplexity} is no better for {facts.since_best} epochs; let it end, or stop now and lose "
        "nothing.",
    )


def _at_the_end(facts: PriorFacts) -> PriorVerdict:
    if facts.since_best == 0:
        return PriorVerdict(
            PriorVerdictKind.LEARNING,
            f"Still improving: {facts.perplexity} at the last epoch; more --minutes or --epochs would help.",
        )
    return PriorVerdict(
        PriorVerdictKind.SETTLED,
        f"Done: {facts.perplexity} has settled; for a better prior add recordings.",
    )
