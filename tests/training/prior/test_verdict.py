"""What is said of prior training, from curves made up for each case."""

import math

import pytest

from distill.training.corpus_facts import CorpusFacts
from distill.training.metrics import PriorVerdictKind
from distill.training.prior.verdict import (
    Copying,
    PriorFacts,
    PriorVerdict,
    check_memorization,
    judge_prior,
)

K = 128


@pytest.mark.parametrize(
    ("perplexity", "files", "memorizing"),
    [
        (1.9, 20, True),
        (2.1, 20, False),
        (2.9, 21, True),
        (3.0, 100, False),
        (4.9, 101, True),
        (5.0, 500, False),
    ],
)
def test_memorisation_is_judged_by_corpus_size(
    perplexity: float, files: int, memorizing: bool
) -> None:
    warned, message = check_memorization(perplexity, 128, files)
    assert warned is memorizing
    assert bool(message) is memorizing


def facts(train: list[float], held_out: list[float], **extra: object) -> PriorFacts:
    """Perplexities of one's own and of held-out codes, epoch by epoch; those of the steps are a
    half higher."""
    history = [
        {
            "epoch": i,
            "train_loss": math.log(1.5 * own),
            "own_loss": math.log(own),
            "val_loss": math.log(new),
        }
        for i, (own, new) in enumerate(zip(train, held_out, strict=True), 1)
    ]
    return PriorFacts(history, K, **({"file_count": 30} | extra))


def verdict(train: list[float], held_out: list[float], **extra: object) -> PriorVerdict:
    return judge_prior(facts(train, held_out, **extra))


FALLING = ([40.0, 35.0, 30.0], [45.0, 42.0, 40.0])


@pytest.mark.parametrize(
    ("train", "held_out", "more", "kind", "words"),
    [
        ([60], [50], {}, "too-early", "let it go on"),
        ([60], [50], {"is_finished": True}, "too-early", "more epochs"),
        (*FALLING, {}, "learning", "held-out perplexity 40.0 (128 would be guessing)"),
        (*FALLING, {"is_finished": True}, "learning", "Still improving"),
        ([40, 39, 39, 39], [45, 42, 42.1, 42.1], {}, "settled", "no better for 2 epochs"),
        ([40, 39, 39, 39], [45, 42, 42.1, 42.1], {"is_finished": True}, "settled", "Done"),
        ([40, 30, 20, 10], [45, 42, 44, 50], {}, "over-fitting", "since epoch 2"),
        (
            [40, 30, 20, 10],
            [45, 42, 44, 50],
            {"is_finished": True},
            "over-fitting",
            "weights of epoch 2 are kept",
        ),
        (
            [40, 17, 14],
            [45, 42, 41],
            {},
            "memorising",
            "(perplexity 14.0) than held-out ones (41.0)",
        ),
        ([40, 20, 17], [45, 42, 41], {}, "learning", "let it go on"),
        (*FALLING, {"is_diverged": True}, "diverged", "weights of epoch 3 are kept"),
        ([4, 2.5, 2.2], [4, 2.6, 2.5], {}, "memorising", "2.50 is under 3.0"),
        (*FALLING, {"copying": Copying(2, [0.0, 35.0, 60.0])}, "copying", "by 35 % or so"),
        (*FALLING, {"copying": Copying(2, [0.0, 5.0, 60.0])}, "learning", "let it go on"),
        (*FALLING, {"corpus": CorpusFacts(files=6, copies=5)}, "repeated", "5 of 6 files"),
        ([40, 35, 70], [45, 42, 60], {}, "diverging", "lower learning rate"),
        ([900], [45], {}, "diverging", "lower learning rate"),
    ],
)
def test_each_case_is_told(train, held_out, more, kind: str, words: str) -> None:
    judged = verdict(train, held_out, **more)
    assert judged.kind == PriorVerdictKind(kind)
    assert words in judged.sentence
    assert judged.sentence.endswith(".")
    assert ";" in judged.sentence or ":" in judged.sentence, "it says what to do"


def test_what_makes_training_useless_comes_first() -> None:
    copies, copied = CorpusFacts(files=6, copies=5), Copying(1, [90.0])
    worst = facts([40, 35, 70], [3, 2.0, 60], corpus=copies, copying=copied)
    assert judge_prior(worst).kind == PriorVerdictKind.DIVERGING
    assert (
        verdict([40, 35], [3, 2.0], corpus=copies, copying=copied).kind == PriorVerdictKind.REPEATED
    )
    assert verdict([40, 35], [3, 2.0], copying=copied).kind == PriorVerdictKind.COPYING
