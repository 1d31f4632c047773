from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from distill.inference.copies.code_runs import RunSearch, Surprise


@given(
    corpus=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=1, max_size=3),
    output=st.lists(st.integers(0, 3), min_size=1, max_size=9),
)
def test_every_run_stands_in_one_sound_of_the_corpus(
    corpus: list[list[int]], output: list[int]
) -> None:
    """The frames of a run agree but for single ones, and none is longer than the longest exact
    stretch allows."""
    search = RunSearch([np.array(c) for c in corpus], 4)
    runs = search.ending_runs(np.array(output))
    for end, (length, there) in enumerate(zip(runs.length, runs.corpus_end, strict=True)):
        if not length:
            assert not any(output[end] in c for c in corpus)
            continue
        index, last = search.place(int(there))
        mine, theirs = (
            output[end + 1 - length : end + 1],
            corpus[index][last + 1 - length : last + 1],
        )
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


def test_what_stands_still_tells_little() -> None:
    rng = np.random.default_rng(0)
    corpus = [np.concatenate([np.zeros(300, int), rng.integers(0, 16, 300)])]
    search = RunSearch(corpus, 16)
    still, busy = (
        search.ending_runs(part).bits.max() for part in (corpus[0][:100], corpus[0][400:420])
    )
    assert busy > 3 * still


def test_surprise_is_a_distribution() -> None:
    rng = np.random.default_rng(0)
    surprise = Surprise([rng.integers(0, 5, 40), rng.integers(0, 5, 30)], 8)
    chances = [2 ** -surprise(np.array([3, code]))[1] for code in range(8)]
    assert abs(sum(chances) - 1) < 1e-9
