"""One plain sentence on how codec training goes, from measured facts, and what to do. Free of
torch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from distill.training.codec.stopping import RISING, SHORTLY, gain, overfits_since
from distill.training.corpus_facts import Material
from distill.training.curves import Point, mean, series
from distill.training.metrics import LevelHealth, VerdictKind

FEWEST_POINTS = 3
FEWEST_STEPS = 100
COLLAPSED, COLLAPSED_PERPLEXITY = 0.1, 2.5
LEARNING = 0.03
MORE_WOULD_HELP = 0.05


class Verdict(NamedTuple):
    """`kind` for programs, `sentence` for people."""

    kind: VerdictKind
    sentence: str


@dataclass(frozen=True)
class Facts:
    """What a verdict is drawn from: the curve (see `stopping`), the levels as they are now, the
    material."""

    curve: Sequence[Point]
    levels: Sequence[LevelHealth] = ()
    material: Material = field(default_factory=Material)
    progress: float = 0.0
    stopped_early: bool = False

    @property
    def finished(self) -> bool:
        return self.progress >= 1

    @property
    def distances(self) -> str:
        """`distance 1.64 (held out 2.51)`; only the first when nothing is held out."""
        last = self.curve[-1]
        held_out = f" (held out {last['val_loss']:.2f})" if "val_loss" in last else ""
        return f"distance {last['own_loss']:.2f}{held_out}"


def judge(facts: Facts) -> Verdict:
    """The verdict that matters most: what makes training useless first, then what limits it, then
    how far it is."""
    rules = (
        _noise,
        _repeated,
        _too_early,
        _collapsed,
        _diverging,
        _overfitting,
        _collapsing,
        _uneven,
    )
    for rule in rules:
        if verdict := rule(facts):
            return verdict
    return _at_the_end(facts) if facts.finished else _under_way(facts)


def diverged(
    step: int,
    recent: Sequence[float],
    first_loss: float,
    curve: Sequence[Point],
    learning_rate: float,
) -> Verdict:
    """The learning rate was too high for good (see `stopping.has_diverged`)."""
    best = min([first_loss, *series(curve, "train_loss")])
    return Verdict(
        VerdictKind.DIVERGED,
        f"Training diverged by step {step}: the distance to your sounds rose from {best:.3g} to "
        f"{mean(recent[-SHORTLY:]):.3g}; start again with a lower --lr (it was {learning_rate:g}).",
    )


def _noise(facts: Facts) -> Verdict | None:
    material = facts.material
    if not material.is_noise:
        return None
    return Verdict(
        VerdictKind.NOISE,
        f"Nothing to learn: {material.noise_share:.0%} of your files are plain noise, in which every moment is like "
        "any other; use recordings with tones, hits or voices in them.",
    )


def _repeated(facts: Facts) -> Verdict | None:
    material = facts.material
    if not material.is_repeated:
        return None
    return Verdict(
        VerdictKind.REPEATED,
        f"The corpus repeats itself: {material.copies} of {material.files} files are copies of others and teach "
        "nothing new; keep one of each and add different sounds.",
    )


def _too_early(facts: Facts) -> Verdict | None:
    if len(facts.curve) >= FEWEST_POINTS and facts.curve[-1]["step"] >= FEWEST_STEPS:
        return None
    advice = "train longer" if facts.finished else "let it go on"
    return Verdict(VerdictKind.TOO_EARLY, f"Too early to tell: {advice}.")


def _collapsed(facts: Facts) -> Verdict | None:
    gone = [level for level in facts.levels if _is_gone(level)]
    if not gone:
        return None
    return Verdict(
        VerdictKind.COLLAPSED,
        f"Collapsed: {_name_levels(gone)} of the codes, since your sounds are too much alike or too few; "
        "add different ones, or start again with a smaller --codebook-size.",
    )


def _is_gone(level: LevelHealth) -> bool:
    return level.utilisation < COLLAPSED or (
        level.is_low and level.perplexity < COLLAPSED_PERPLEXITY
    )


def _diverging(facts: Facts) -> Verdict | None:
    losses = series(facts.curve, "train_loss")
    best = min(losses)
    if losses[-1] <= RISING * best:
        return None
    return Verdict(
        VerdictKind.DIVERGING,
        f"Diverging: the distance has risen from {best:.2f} to {losses[-1]:.2f} while training; "
        "unless it comes down again, start afresh with a lower --lr.",
    )


def _overfitting(facts: Facts) -> Verdict | None:
    since = overfits_since(facts.curve)
    if since is None:
        return None
    held_out, own = (series(facts.curve, name) for name in ("val_loss", "own_loss"))
    return Verdict(
        VerdictKind.OVERFITTING,
        f"Over-fitting: since step {facts.curve[since]['step']} held-out sounds got worse ({held_out[since]:.2f} to "
        f"{mean(held_out[-2:]):.2f}) while your own got better ({own[since]:.2f} to {mean(own[-2:]):.2f}); "
        "add recordings or train for less time, unless only your own sounds matter to you.",
    )


def _collapsing(facts: Facts) -> Verdict | None:
    low = [level for level in facts.levels if level.is_low]
    if not low:
        return None
    return Verdict(
        VerdictKind.COLLAPSING,
        f"Collapsing: {_name_levels(low)} of the codes, since your sounds are much alike or few; a smaller "
        "--codebook-size would do as well, or add different ones.",
    )


def _uneven(facts: Facts) -> Verdict | None:
    material = facts.material
    if not material.is_uneven:
        return None
    return Verdict(
        VerdictKind.UNEVEN,
        f"The corpus is uneven: '{material.longest}' is {material.longest_share:.0%} of the sound but is heard no "
        f"more often than any other of the {material.files} files; cut it into several files.",
    )


def _under_way(facts: Facts) -> Verdict:
    better = gain(facts.curve)
    if better >= LEARNING:
        return Verdict(VerdictKind.LEARNING, f"Learning: {facts.distances}; let it go on.")
    return Verdict(
        VerdictKind.FLATTENING,
        f"Flattening: {facts.distances}, only {max(0.0, better):.1%} better in the last third of the time; "
        "let it end, but more minutes would add little.",
    )


def _at_the_end(facts: Facts) -> Verdict:
    # The rate has come down to nothing, so that every curve ends flat: its last half tells more
    # than its end.
    better = _gain_of_second_half(facts.curve)
    if better >= MORE_WOULD_HELP and not facts.stopped_early:
        return Verdict(
            VerdictKind.LEARNING,
            f"Still improving: {facts.distances}, {better:.0%} better in the second half of the time; "
            "more minutes would help.",
        )
    return Verdict(
        VerdictKind.DONE,
        f"Done: {facts.distances} has settled and more minutes would gain little; for a better model add recordings.",
    )


def _gain_of_second_half(curve: Sequence[Point]) -> float:
    half = [point for point in curve if 2 * point["step"] <= curve[-1]["step"]]
    middle = half[-1] if half else curve[0]
    return max(
        1 - curve[-1][name] / middle[name] for name in ("own_loss", "val_loss") if name in curve[-1]
    )


def _name_levels(levels: Sequence[LevelHealth]) -> str:
    """`Structure uses 8%, Detail 3%`"""
    first, *others = [(level.name, f"{level.utilisation:.0%}") for level in levels]
    return ", ".join(
        [f"{first[0]} uses {first[1]}", *(f"{name} {share}" for name, share in others)]
    )
