"""Every verdict from curves and facts that call for it."""

from typing import Any

import pytest

from distill.training.codec.verdict import Facts, divergence, judge
from distill.training.corpus_facts import CorpusFacts
from distill.training.curves import Point
from distill.training.metrics import LevelHealth, VerdictKind

GOOD = (LevelHealth("Structure", 0.9, 50.0, 6), LevelHealth("Detail", 0.8, 40.0, 12))
ROUND = CorpusFacts(files=8, longest="a.wav", longest_share=0.3)
FALLING = (5.0, 4.0, 3.4, 3.0, 2.7, 2.4, 2.2, 2.0, 1.9, 1.8)
FLAT = (5.0, 3.0, 2.2, 2.01, *[2.0] * 8)


def curve(own: tuple[float, ...], held_out: tuple[float, ...] | None = None) -> list[Point]:
    """A training in which `own` fell so, and `held_out` (as own, if not given)."""
    held_out = held_out or own
    n = len(own)
    return [
        {"step": 60 * (i + 1), "progress": (i + 1) / n, "train_loss": own[i], "own_loss": own[i]}
        | {"val_loss": held_out[i]}
        for i in range(n)
    ]


def kind_of(
    points: list[Point],
    levels: tuple[LevelHealth, ...] = GOOD,
    corpus: CorpusFacts = ROUND,
    **extra: Any,
) -> str:
    verdict = judge(Facts(points, levels, corpus, **extra))
    assert verdict.sentence.endswith(".")
    assert verdict.sentence.count(". ") == 0, "one sentence"
    return verdict.kind


def test_progress() -> None:
    assert kind_of(curve(FALLING[:2]), progress=0.1) == VerdictKind.TOO_EARLY
    assert kind_of(curve(FALLING), progress=0.5) == VerdictKind.LEARNING
    assert kind_of(curve(FALLING), progress=1.0) == VerdictKind.LEARNING
    assert kind_of(curve(FLAT), progress=0.5) == VerdictKind.FLATTENING
    assert kind_of(curve(FLAT), progress=1.0) == VerdictKind.DONE
    assert kind_of(curve(FALLING), progress=1.0, stopped_early=True) == VerdictKind.DONE


def test_more_recordings_do_not_help_where_new_sounds_are_as_near_as_own_ones() -> None:
    def advice(held_out: float) -> str:
        points = curve(FLAT, tuple(held_out * x for x in FLAT))
        return judge(Facts(points, GOOD, ROUND, 1.0)).sentence

    assert "add recordings" in advice(1.3)
    assert "more recordings would not help" in advice(1.03)
    assert "more recordings would not help" in advice(0.97)
    alone = [{name: point[name] for name in point if name != "val_loss"} for point in curve(FLAT)]
    assert "add recordings" in judge(Facts(alone, GOOD, ROUND, 1.0)).sentence


def test_own_sounds_count_as_much_as_held_out_ones() -> None:
    assert kind_of(curve(FALLING, FLAT[: len(FALLING)]), progress=0.5) == VerdictKind.LEARNING
    assert kind_of(curve(FLAT, FALLING + FALLING[-1:] * 2), progress=0.5) == VerdictKind.LEARNING


def test_figures_stand_in_the_sentence() -> None:
    points = curve(FALLING, tuple(x + 1 for x in FALLING))
    assert "distance 1.80 (held out 2.80)" in judge(Facts(points, GOOD, ROUND, 0.5)).sentence
    for point in points:
        del point["val_loss"]
    sentence = judge(Facts(points, GOOD, ROUND, 0.5)).sentence
    assert "distance 1.80;" in sentence
    assert "held out" not in sentence


def test_few_steps_tell_nothing_however_many_validations() -> None:
    points = [point | {"step": 8} for point in curve(FALLING)]
    assert kind_of(points, progress=1.0) == VerdictKind.TOO_EARLY


def test_overfitting_is_held_out_sounds_getting_worse_for_long() -> None:
    rising = (5.0, 4.0, 3.0, 2.5, 2.6, 2.7, 2.8, 2.9, 3.0, 3.1)
    assert kind_of(curve(FALLING, rising), progress=0.5) == VerdictKind.OVERFITTING
    sentence = judge(Facts(curve(FALLING, rising), GOOD, ROUND, 1.0)).sentence
    assert "since step 240" in sentence
    assert "2.50 to 3.05" in sentence
    briefly = (*FALLING[:-2], 2.4, 2.5)
    assert kind_of(curve(FALLING, briefly), progress=0.5) == VerdictKind.LEARNING


def test_diverging_is_training_getting_worse() -> None:
    points = curve(FLAT)
    points[-1]["train_loss"] = 2.9
    assert kind_of(points, progress=0.5) == VerdictKind.DIVERGING
    assert "2.00 to 2.90" in judge(Facts(points, GOOD, ROUND, 0.5)).sentence


def test_diverged_names_figures_and_the_rate() -> None:
    verdict = divergence(52, [23.0] * 30, 11.0, [], 1.0)
    assert verdict.kind == VerdictKind.DIVERGED
    for part in ("step 52", "from 11 to 23", "lower learning rate", "it was 1)"):
        assert part in verdict.sentence


@pytest.mark.parametrize(
    ("use", "perplexity", "kind"),
    [
        (0.04, 2.0, VerdictKind.COLLAPSED),
        (0.2, 1.5, VerdictKind.COLLAPSED),
        (0.2, 20.0, VerdictKind.COLLAPSING),
        (0.5, 2.0, VerdictKind.LEARNING),
    ],
)
def test_levels_that_use_few_codes_are_named(
    use: float, perplexity: float, kind: VerdictKind
) -> None:
    levels = (GOOD[0], LevelHealth("Detail", use, perplexity, 100))
    assert kind_of(curve(FALLING), levels, progress=0.5) == kind
    sentence = judge(Facts(curve(FALLING), levels, ROUND, 0.5)).sentence
    assert (f"Detail uses {use:.0%}" in sentence) == (kind != VerdictKind.LEARNING)
    assert "Structure" not in sentence


def test_codebooks_that_have_just_been_set_are_not_collapsed() -> None:
    levels = (GOOD[0], LevelHealth("Detail", 0.04, 2.0, 100))
    assert kind_of(curve(FALLING[:2]), levels, progress=0.2) == VerdictKind.TOO_EARLY


@pytest.mark.parametrize(
    ("corpus", "kind", "words"),
    [
        (CorpusFacts(files=8, copies=7), VerdictKind.REPEATED, "7 of 8"),
        (CorpusFacts(files=2, copies=1), VerdictKind.REPEATED, "1 of 2"),
        (CorpusFacts(files=8, noise_share=1.0), VerdictKind.NOISE, "100%"),
        (
            CorpusFacts(files=8, longest="long.wav", longest_share=0.9),
            VerdictKind.UNEVEN,
            "'long.wav' is 90%",
        ),
    ],
)
def test_material_limits_what_training_reaches(
    corpus: CorpusFacts, kind: VerdictKind, words: str
) -> None:
    assert kind_of(curve(FALLING), corpus=corpus, progress=0.5) == kind
    assert words in judge(Facts(curve(FALLING), GOOD, corpus, 1.0)).sentence


@pytest.mark.parametrize(
    "corpus",
    [
        CorpusFacts(files=1, longest="a.wav", longest_share=1.0),
        CorpusFacts(files=2, longest="a.wav", longest_share=0.7),
        CorpusFacts(files=8, copies=3),
        CorpusFacts(files=8, noise_share=0.8),
    ],
)
def test_ordinary_material_is_not_blamed(corpus: CorpusFacts) -> None:
    assert kind_of(curve(FALLING), corpus=corpus, progress=0.5) == VerdictKind.LEARNING


def test_what_makes_training_useless_comes_first() -> None:
    collapsed = (LevelHealth("Structure", 0.01, 1.0, 99), LevelHealth("Detail", 0.01, 1.0, 99))
    points = curve(FLAT)
    noise_and_copies = CorpusFacts(files=8, copies=7, longest_share=0.9, noise_share=1.0)
    assert kind_of(points, collapsed, noise_and_copies) == VerdictKind.NOISE
    assert (
        kind_of(points, collapsed, CorpusFacts(files=8, copies=7, longest_share=0.9))
        == VerdictKind.REPEATED
    )
    assert (
        kind_of(points, collapsed, CorpusFacts(files=8, longest_share=0.9)) == VerdictKind.COLLAPSED
    )


def test_a_corpus_of_mostly_generated_sound_feeds_on_itself() -> None:
    fed = CorpusFacts(files=8, longest="a.wav", longest_share=0.3, generated_share=0.6)
    assert kind_of(curve(FALLING), corpus=fed, progress=0.5) == VerdictKind.FEEDBACK
    little = CorpusFacts(files=8, longest="a.wav", longest_share=0.3, generated_share=0.2)
    assert kind_of(curve(FALLING), corpus=little, progress=0.5) == VerdictKind.LEARNING


def test_generated_sound_that_uses_fewer_codes_than_before_narrows_a_model() -> None:
    little = CorpusFacts(files=8, longest="a.wav", longest_share=0.3, generated_share=0.2)
    end = {"progress": 1.0, "code_diversity": 0.8}
    assert kind_of(curve(FLAT), corpus=little, **end) == VerdictKind.FEEDBACK
    assert kind_of(curve(FLAT), corpus=ROUND, **end) == VerdictKind.DONE
    end["code_diversity"] = 0.95
    assert kind_of(curve(FLAT), corpus=little, **end) == VerdictKind.DONE
