"""Verdict on prior training: one plain sentence from measured facts, and advice. Free of torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from distill.training.corpus_facts import CorpusFacts, fed_back_sentence
from distill.training.curves import Point, series
from distill.training.metrics import PriorVerdictKind
from distill.training.rules import Verdict, first_verdict

# Epochs below which it is too early for a verdict.
FEWEST_EPOCHS = 2

# Training loss above which training diverges, relative to that of guessing. Training begins about
# there, so that a little above it means nothing.
WORSE_THAN_GUESSING = 1.1

# Rise of the training loss above its lowest from which training diverges, in nats a code: e^0.4 is
# half as many guesses again.
RISE = 0.4

# Relative rise of the held-out loss above its best that counts as over-fitting.
HARDER = 0.005

# Epochs without a better one after which training has settled.
SETTLED_EPOCHS = 2

# Gap between held-out and own loss that counts as memorising, in nats a code: e times as many
# guesses.
LARGE_GAP = 1.0

# Percentage of a generated sound that repeats passages of the corpus, from which it counts as
# copied.
MUCH_COPIED = 20.0

# Held-out perplexity below which a prior counts as memorising, by the number of files at most.
_MEMORISING_BELOW = ((20, 2.0), (100, 3.0))

# The same for more files.
_MEMORISING_BELOW_MANY = 5.0

# Loss in nats a code beyond which perplexity is not computed: e^50 is no useful number, and e^1000
# would overflow.
_LARGEST_LOSS = 50.0

PriorVerdict = Verdict[PriorVerdictKind]


@dataclass(frozen=True)
class Copying:
    """Result of the copy meter on sounds generated from the weights of `epoch`.

    Attributes:
        epoch: Number of the epoch.
        percents: For each sound, the percentage that repeats passages of the corpus.
    """

    epoch: int
    percents: list[float]

    @property
    def median(self) -> float:
        """Median percentage."""
        return median(self.percents)


@dataclass(frozen=True)
class PriorFacts:
    """Basis of a verdict on prior training.

    Attributes:
        history: For each epoch its number, `train_loss`, `own_loss` and `val_loss`, in nats a
            code. `train_loss` is that of the steps, with dropout and hidden frames; only the other
            two can be compared with each other.
        codebook_size: Entries of a codebook; a guess has this perplexity.
        file_count: Distinct sounds of the corpus.
        corpus: Facts about the corpus.
        copying: Result of the copy meter; None before anything was generated.
        is_finished: Whether training is over.
        is_diverged: Whether the epoch after the last one diverged.
    """

    history: Sequence[Point]
    codebook_size: int
    file_count: int
    corpus: CorpusFacts = field(default_factory=CorpusFacts)
    copying: Copying | None = None
    is_finished: bool = False
    is_diverged: bool = False

    @property
    def best(self) -> Point:
        """The epoch whose weights are kept: that of the lowest held-out loss."""
        return min(self.history, key=lambda point: point["val_loss"])

    @property
    def since_best(self) -> int:
        """Epochs since the best one."""
        return int(self.history[-1]["epoch"] - self.best["epoch"])

    @property
    def perplexity(self) -> str:
        """`held-out perplexity 25.5 (128 would be guessing)`"""
        figure = _perplexity(self.best["val_loss"])
        return f"held-out perplexity {figure} ({self.codebook_size} would be guessing)"


def judge_prior(facts: PriorFacts) -> PriorVerdict:
    """The verdict that matters most.

    First comes what makes training useless, then memorisation, then how far it is.
    """
    return first_verdict(_RULES, facts)


def check_memorization(
    val_perplexity: float, codebook_size: int, dataset_file_count: int
) -> tuple[bool, str]:
    """Whether held-out codes are suspiciously easy to predict.

    Small corpora have low perplexity by nature, so the bound depends on the number of files.

    Args:
        val_perplexity: Held-out perplexity.
        codebook_size: Entries of a codebook.
        dataset_file_count: Distinct sounds of the corpus.

    Returns:
        Whether it is so, and one sentence on what that means; empty if it is not.
    """
    tiers = [limit for files, limit in _MEMORISING_BELOW if dataset_file_count <= files]
    limit = tiers[0] if tiers else _MEMORISING_BELOW_MANY
    if val_perplexity >= limit:
        return False, ""
    return True, (
        f"Memorising: held-out perplexity {val_perplexity:.2f} is under {limit:.1f} "
        f"(of {codebook_size} codes), so generated audio may repeat your recordings: "
        "stop earlier with fewer epochs, or add more varied files."
    )


def perplexity_of(loss: float) -> float:
    """Perplexity of a `loss` in nats a code; bounded, so that it is finite for every number."""
    return math.exp(min(loss, _LARGEST_LOSS))


def _perplexity(loss: float) -> str:
    return f"{perplexity_of(loss):.1f}"


# --- rules: the sentence, or None where the rule does not apply -----------------------------------


def _divergence(facts: PriorFacts) -> str | None:
    if not facts.is_diverged:
        return None
    return (
        f"Diverged after epoch {facts.history[-1]['epoch']}: the loss is no number any more; "
        f"the weights of epoch {facts.best['epoch']} are kept, "
        "for better ones start again with a lower learning rate."
    )


def _diverging(facts: PriorFacts) -> str | None:
    losses = series(facts.history, "train_loss")
    guessing = math.log(facts.codebook_size)
    if losses[-1] <= min(min(losses) + RISE, WORSE_THAN_GUESSING * guessing):
        return None
    return (
        "Diverging: your own codes have become harder to predict "
        f"(perplexity {_perplexity(losses[-1])}, where {_perplexity(min(*losses, guessing))} "
        "was reached, or comes of guessing); start again with a lower learning rate."
    )


def _repetition(facts: PriorFacts) -> str | None:
    corpus = facts.corpus
    if not corpus.is_repeated:
        return None
    return (
        f"The corpus repeats itself: {corpus.copies} of {corpus.files} files are copies of others, "
        "so that held-out sounds were heard in training and no figure tells what was learned; "
        "keep one of each, add different sounds."
    )


def _feedback(facts: PriorFacts) -> str | None:
    return fed_back_sentence(facts.corpus) if facts.corpus.is_fed_back else None


def _too_early(facts: PriorFacts) -> str | None:
    if len(facts.history) >= FEWEST_EPOCHS:
        return None
    advice = "train for more epochs" if facts.is_finished else "let it go on"
    return f"Too early to tell: {advice}."


def _copying(facts: PriorFacts) -> str | None:
    copying = facts.copying
    if copying is None or copying.median < MUCH_COPIED:
        return None
    return (
        f"Copying: of {len(copying.percents)} sounds drawn after epoch {copying.epoch}, "
        f"most repeat passages of your recordings by {copying.median:.0f} % or so; "
        "add more varied files or stop earlier with fewer epochs, "
        f"and have sounds drawn again that repeat more than {MUCH_COPIED:.0f} %."
    )


def _memorising(facts: PriorFacts) -> str | None:
    perplexity = perplexity_of(facts.best["val_loss"])
    _, sentence = check_memorization(perplexity, facts.codebook_size, facts.file_count)
    return sentence or None


def _overfitting(facts: PriorFacts) -> str | None:
    best = facts.best
    last = facts.history[-1]
    held_out_is_harder = last["val_loss"] > (1 + HARDER) * best["val_loss"]
    own_is_easier = last["own_loss"] < best["own_loss"]
    if facts.since_best < SETTLED_EPOCHS or not held_out_is_harder or not own_is_easier:
        return None
    stop = "you lose nothing by stopping now"
    advice = "for a better prior add recordings" if facts.is_finished else stop
    return (
        f"Over-fitting: since epoch {best['epoch']} held-out codes got harder to predict "
        f"(perplexity {_perplexity(best['val_loss'])} to {_perplexity(last['val_loss'])}) "
        "while your own got easier "
        f"({_perplexity(best['own_loss'])} to {_perplexity(last['own_loss'])}); "
        f"the weights of epoch {best['epoch']} are kept, {advice}."
    )


def _gap(facts: PriorFacts) -> str | None:
    best = facts.best
    if best["val_loss"] - best["own_loss"] < LARGE_GAP:
        return None
    return (
        "Memorising: your own codes are far easier to predict "
        f"(perplexity {_perplexity(best['own_loss'])}) "
        f"than held-out ones ({_perplexity(best['val_loss'])}), "
        "so generated audio may repeat your recordings; "
        "add more varied files, or stop earlier with fewer epochs."
    )


def _still_improving(facts: PriorFacts) -> str | None:
    if not facts.is_finished or facts.since_best > 0:
        return None
    return f"Still improving: {facts.perplexity} at the last epoch; more time or epochs would help."


def _convergence(facts: PriorFacts) -> str | None:
    if not facts.is_finished:
        return None
    return f"Done: {facts.perplexity} has settled; for a better prior add recordings."


def _learning(facts: PriorFacts) -> str | None:
    if facts.since_best >= SETTLED_EPOCHS:
        return None
    return f"Learning: {facts.perplexity}; let it go on."


def _settling(facts: PriorFacts) -> str | None:
    return (
        f"Settling: {facts.perplexity} is no better for {facts.since_best} epochs; "
        "let it end, or stop now and lose nothing."
    )


_RULES = (
    # Training is useless.
    (PriorVerdictKind.DIVERGED, _divergence),
    (PriorVerdictKind.DIVERGING, _diverging),
    (PriorVerdictKind.REPEATED, _repetition),
    (PriorVerdictKind.TOO_EARLY, _too_early),
    # The prior repeats the corpus.
    (PriorVerdictKind.COPYING, _copying),
    (PriorVerdictKind.MEMORISING, _memorising),
    (PriorVerdictKind.OVERFITTING, _overfitting),
    (PriorVerdictKind.MEMORISING, _gap),
    (PriorVerdictKind.FEEDBACK, _feedback),
    # At the end.
    (PriorVerdictKind.LEARNING, _still_improving),
    (PriorVerdictKind.SETTLED, _convergence),
    # Under way.
    (PriorVerdictKind.LEARNING, _learning),
    (PriorVerdictKind.SETTLED, _settling),
)
