"""Verdict on codec training: one plain sentence from measured facts, and advice. Free of torch."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from distill.training.codec.stopping import RISING, SHORTLY, gain, overfits_since
from distill.training.corpus_facts import CorpusFacts, fed_back_sentence
from distill.training.curves import Point, mean, series
from distill.training.metrics import LevelHealth, VerdictKind
from distill.training.rules import Verdict, first_verdict

# Validations and steps below which it is too early for a verdict.
FEWEST_POINTS = 3
FEWEST_STEPS = 100

# Relative gain over the last third of the curve from which the codec still learns.
LEARNING = 0.03

# Relative gain over the second half of the time from which more time would help. At the end the
# learning rate has come down, so that every curve ends flat: its last half says more than its end.
MORE_WOULD_HELP = 0.05

# Own distance relative to the held-out one from which held-out sounds are as near as own ones: then
# it is the decoder that has not learned enough, and not the corpus that is too small. An hour of
# music has 0.96 to 0.98 after ten minutes, a few minutes of loops 0.6.
AS_NEAR = 0.95

# Effective number of codes, relative to the version before, up to which generated sound counts as
# narrowing a model.
NARROWER = 0.9

CodecVerdict = Verdict[VerdictKind]


@dataclass(frozen=True)
class Facts:
    """Basis of a verdict on codec training.

    Attributes:
        curve: Validations so far (see `stopping`).
        levels: Use of each codebook at present.
        corpus: Facts about the corpus.
        progress: 0 at the start, 1 at the end of training.
        stopped_early: Whether the end came before the time was over.
        code_diversity: Effective number of codes in use, relative to the version before; None for
            a first version, and before the end.
    """

    curve: Sequence[Point]
    levels: Sequence[LevelHealth] = ()
    corpus: CorpusFacts = field(default_factory=CorpusFacts)
    progress: float = 0.0
    stopped_early: bool = False
    code_diversity: float | None = None

    @property
    def is_finished(self) -> bool:
        """Whether training is over."""
        return self.progress >= 1

    @property
    def distances(self) -> str:
        """`distance 1.64 (held out 2.51)`; only the first where nothing is held out."""
        last = self.curve[-1]
        held_out = f" (held out {last['val_loss']:.2f})" if "val_loss" in last else ""
        return f"distance {last['own_loss']:.2f}{held_out}"


def judge(facts: Facts) -> CodecVerdict:
    """The verdict that matters most.

    First comes what makes training useless, then what limits it, then how far it is.
    """
    return first_verdict(_RULES, facts)


def divergence(
    step: int,
    recent: Sequence[float],
    first_loss: float,
    curve: Sequence[Point],
    learning_rate: float,
) -> CodecVerdict:
    """The verdict on a training that has diverged (see `stopping.has_diverged`).

    Args:
        step: Number of the last step.
        recent: Training losses of the last steps, the latest last.
        first_loss: Distance of the untrained model.
        curve: Validations so far.
        learning_rate: Highest learning rate of the training.
    """
    best = min([first_loss, *series(curve, "train_loss")])
    return Verdict(
        kind=VerdictKind.DIVERGED,
        sentence=(
            f"Training diverged by step {step}: the distance to your sounds rose "
            f"from {best:.3g} to {mean(recent[-SHORTLY:]):.3g}; "
            f"start again with a lower learning rate (it was {learning_rate:g})."
        ),
    )


# --- rules: the sentence, or None where the rule does not apply -----------------------------------


def _noise(facts: Facts) -> str | None:
    corpus = facts.corpus
    if not corpus.is_noise:
        return None
    return (
        f"Nothing to learn: {corpus.noise_share:.0%} of your files are plain noise, "
        "in which every moment is like any other; "
        "use recordings with tones, hits or voices in them."
    )


def _repetition(facts: Facts) -> str | None:
    corpus = facts.corpus
    if not corpus.is_repeated:
        return None
    return (
        f"The corpus repeats itself: {corpus.copies} of {corpus.files} files are copies of others "
        "and teach nothing new; keep one of each and add different sounds."
    )


def _too_early(facts: Facts) -> str | None:
    if len(facts.curve) >= FEWEST_POINTS and facts.curve[-1]["step"] >= FEWEST_STEPS:
        return None
    advice = "train longer" if facts.is_finished else "let it go on"
    return f"Too early to tell: {advice}."


def _collapse(facts: Facts) -> str | None:
    levels = [level for level in facts.levels if level.is_collapsed]
    if not levels:
        return None
    return (
        f"Collapsed: {_name_levels(levels)} of the codes, since your sounds are too much alike "
        "or too few; add different ones, or start again with a smaller codebook."
    )


def _diverging(facts: Facts) -> str | None:
    losses = series(facts.curve, "train_loss")
    best = min(losses)
    if losses[-1] <= RISING * best:
        return None
    return (
        f"Diverging: the distance has risen from {best:.2f} to {losses[-1]:.2f} while training; "
        "unless it comes down again, start afresh with a lower learning rate."
    )


def _overfitting(facts: Facts) -> str | None:
    since = overfits_since(facts.curve)
    if since is None:
        return None
    held_out = series(facts.curve, "val_loss")
    own = series(facts.curve, "own_loss")
    return (
        f"Over-fitting: since step {facts.curve[since]['step']} held-out sounds got worse "
        f"({held_out[since]:.2f} to {mean(held_out[-2:]):.2f}) "
        f"while your own got better ({own[since]:.2f} to {mean(own[-2:]):.2f}); "
        "add recordings or train for less time, unless only your own sounds matter to you."
    )


def _collapsing(facts: Facts) -> str | None:
    levels = [level for level in facts.levels if level.is_low]
    if not levels:
        return None
    return (
        f"Collapsing: {_name_levels(levels)} of the codes, since your sounds are much alike "
        "or few; a smaller codebook would do as well, or add different ones."
    )


def _uneven(facts: Facts) -> str | None:
    corpus = facts.corpus
    if not corpus.is_uneven:
        return None
    return (
        f"The corpus is uneven: '{corpus.longest}' is {corpus.longest_share:.0%} of the sound "
        f"but is heard no more often than any other of the {corpus.files} files; "
        "cut it into several files."
    )


def _feedback(facts: Facts) -> str | None:
    corpus = facts.corpus
    if corpus.is_fed_back:
        return fed_back_sentence(corpus)
    diversity = facts.code_diversity
    if not corpus.generated_share or diversity is None or diversity > NARROWER:
        return None
    return (
        f"Feeding on itself: with {corpus.generated_share:.0%} generated sound, your corpus uses "
        f"{1 - diversity:.0%} fewer codes than the version before; give generated files less "
        "weight, or add recordings."
    )


def _still_improving(facts: Facts) -> str | None:
    if not facts.is_finished or facts.stopped_early:
        return None
    better = _gain_of_second_half(facts.curve)
    if better < MORE_WOULD_HELP:
        return None
    return (
        f"Still improving: {facts.distances}, {better:.0%} better in the second half of the time; "
        "more minutes would help."
    )


def _convergence(facts: Facts) -> str | None:
    if not facts.is_finished:
        return None
    last = facts.curve[-1]
    if "val_loss" in last and last["own_loss"] >= AS_NEAR * last["val_loss"]:
        return (
            f"Done: {facts.distances} has settled, and new sounds come out as near as your own; "
            "more recordings would not help, but several times the minutes would."
        )
    return (
        f"Done: {facts.distances} has settled and more minutes would gain little; "
        "for a better model add recordings."
    )


def _learning(facts: Facts) -> str | None:
    if gain(facts.curve) < LEARNING:
        return None
    return f"Learning: {facts.distances}; let it go on."


def _flattening(facts: Facts) -> str | None:
    better = max(0.0, gain(facts.curve))
    return (
        f"Flattening: {facts.distances}, only {better:.1%} better in the last third of the time; "
        "let it end, but more minutes would add little."
    )


_RULES = (
    # Training is useless.
    (VerdictKind.NOISE, _noise),
    (VerdictKind.REPEATED, _repetition),
    (VerdictKind.TOO_EARLY, _too_early),
    (VerdictKind.COLLAPSED, _collapse),
    (VerdictKind.DIVERGING, _diverging),
    # Something limits it.
    (VerdictKind.OVERFITTING, _overfitting),
    (VerdictKind.COLLAPSING, _collapsing),
    (VerdictKind.FEEDBACK, _feedback),
    (VerdictKind.UNEVEN, _uneven),
    # At the end.
    (VerdictKind.LEARNING, _still_improving),
    (VerdictKind.DONE, _convergence),
    # Under way.
    (VerdictKind.LEARNING, _learning),
    (VerdictKind.FLATTENING, _flattening),
)


def _gain_of_second_half(curve: Sequence[Point]) -> float:
    """Relative fall of own or held-out distance, the better one, over the second half."""
    last = curve[-1]
    first_half = [point for point in curve if 2 * point["step"] <= last["step"]]
    middle = first_half[-1] if first_half else curve[0]
    names = [name for name in ("own_loss", "val_loss") if name in last]
    return max(1 - last[name] / middle[name] for name in names)


def _name_levels(levels: Sequence[LevelHealth]) -> str:
    """`Structure uses 8%, Detail 3%`"""
    first, *others = levels
    texts = [f"{first.name} uses {first.utilisation:.0%}"]
    texts += [f"{level.name} {level.utilisation:.0%}" for level in others]
    return ", ".join(texts)
