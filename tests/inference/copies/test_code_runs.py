"""Shared code runs are found through changed frames and weighed by their surprise."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.inference.copies.code_runs import RunSearch, Surprise, witten_bell


@given(
    corpus=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=1, max_size=3),
    output=st.lists(st.integers(0, 3), min_size=1, max_size=9),
)
def test_every_run_stands_in_one_sound_of_the_corpus(
    corpus: list[list[int]], output: list[int]
) -> None:
    """The frames of a run agree except for single ones, and its ends agree."""
    search = RunSearch([np.array(c) for c in corpus], 4)
    runs = search.ending_runs(np.array(output))
    for end, (length, corpus_end) in enumerate(zip(runs.length, runs.corpus_end, strict=True)):
        if not length:
            assert not any(output[end] in c for c in corpus)
            continue
        index, last = search.place(int(corpus_end))
        mine = output[end + 1 - length : end + 1]
        theirs = corpus[index][last + 1 - length : last + 1]
        same = [a == b for a, b in zip(mine, theirs, strict=True)]
        assert same[0]
        assert same[-1]
        assert all(a or b for a, b in pairwise(same))


def test_a_planted_passage_is_found_through_a_changed_frame() -> None:
    rng = np.random.default_rng(0)
    corpus = [rng.integers(0, 64, 200) for _ in range(3)]
    output = rng.integers(0, 64, 100)
    output[30:70] = corpus[1][120:160]
    output[50] = (output[50] + 1) % 64
    search = RunSearch(corpus, 64)
    runs = search.ending_runs(output)
    end = int(runs.bits.argmax())
    assert end - runs.length[end] < 30 <= 69 <= end
    index, last = search.place(int(runs.corpus_end[end]))
    assert (index, last - end) == (1, 90)


def test_a_run_weighs_the_surprise_of_its_frames() -> None:
    rng = np.random.default_rng(1)
    corpus = rng.integers(0, 64, 200)
    search = RunSearch([corpus], 64)
    runs = search.ending_runs(corpus)
    expected = search.surprise(corpus).sum()
    assert runs.length[-1] == len(corpus)
    assert runs.bits[-1] == pytest.approx(expected, abs=len(corpus) / 2**16)


def test_a_static_run_weighs_little() -> None:
    rng = np.random.default_rng(0)
    corpus = [np.concatenate([np.zeros(300, int), rng.integers(0, 16, 300)])]
    search = RunSearch(corpus, 16)
    still = search.ending_runs(corpus[0][:100]).bits.max()
    busy = search.ending_runs(corpus[0][400:420]).bits.max()
    assert busy > 3 * still


def test_surprise_is_a_distribution() -> None:
    rng = np.random.default_rng(0)
    surprise = Surprise([rng.integers(0, 5, 40), rng.integers(0, 5, 30)], 8)
    chances = [2 ** -surprise(np.array([3, code]))[1] for code in range(8)]
    assert abs(sum(chances) - 1) < 1e-9


def test_a_context_that_never_occurred_gives_the_shorter_model() -> None:
    count = np.array([0, 3])
    total = np.array([0, 4])
    kinds = np.array([0, 2])
    lower = np.array([0.25, 0.25])
    assert witten_bell(count, total, kinds, lower).tolist() == [0.25, 3.5 / 6]
