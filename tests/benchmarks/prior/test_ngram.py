"""The n-gram floor, on codes whose surprise is known."""

import numpy as np
import pytest

from benchmarks.prior import ngram

SIZE = 4


def codes(frames: int, levels: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(SIZE, size=(frames, levels))


def test_witten_bell_by_hand() -> None:
    # Codes 1, 1, 2 followed context 0; the codes in all were 1, 1, 2, 3. Uniform: 1/4.
    contexts = np.array([[0], [0], [0], [1], [0]])
    learned = np.array([1, 1, 2, 3, 1])
    unigram, bigram = ngram.context_probabilities(contexts, learned, SIZE, 4)[:, 0]
    assert unigram == pytest.approx((2 + 3 / 4) / (4 + 3))
    assert bigram == pytest.approx((2 + 2 * unigram) / (3 + 2))


def test_probabilities_sum_to_one() -> None:
    contexts = codes(60, 3)
    learned = codes(60, 1, seed=1)[:, 0]
    for context in (contexts[:1], np.array([[3, 3, 3]]), np.array([[SIZE, SIZE, SIZE]])):
        scored = np.concatenate([contexts, np.repeat(context, SIZE, 0)])
        result = ngram.context_probabilities(
            scored, np.concatenate([learned, np.arange(SIZE)]), SIZE, 60
        )
        assert result.sum(1) == pytest.approx(1)


def test_a_context_never_seen_is_given_up() -> None:
    contexts = np.array([[0], [0], [2]])
    unigram, bigram = ngram.context_probabilities(contexts, np.array([1, 2, 1]), SIZE, 2)[:, 0]
    assert bigram == unigram


def test_contexts_are_codes_of_the_same_sound() -> None:
    first = np.array([[0, 1], [2, 3]])
    second = np.array([[1, 1]])
    result = ngram.gather_contexts([first, second], [(0, 0), (1, 1), (2, 0)], SIZE)
    assert result.tolist() == [[0, SIZE, SIZE], [2, 1, SIZE], [1, SIZE, SIZE]]


def test_structure_costs_nothing_and_chance_costs_its_bits() -> None:
    # Level 0 counts up; level 1 is uniformly random.
    def sound(seed: int) -> np.ndarray:
        return np.stack([np.arange(400) % SIZE, codes(400, 1, seed)[:, 0]], 1)

    structure, detail = ngram.floor([sound(0), sound(1)], [sound(2)], [sound(3)], SIZE)
    assert structure < 0.05
    assert detail == pytest.approx(2, abs=0.1)


def test_the_order_is_chosen_on_validation() -> None:
    fine = ngram.choose([codes(200), codes(200, seed=1)], [codes(200, seed=2)], SIZE)
    # Random codes have no structure: long contexts would only overfit.
    assert max(len(model.places) for model in fine) <= 2
    copied = np.repeat(codes(200, 1), 2, axis=1)
    assert ngram.choose([copied], [copied[:50]], SIZE)[1].places[0] == (0, 0)


@pytest.mark.parametrize("levels", [1, 2, 8])
def test_any_number_of_levels(levels: int) -> None:
    bits = ngram.floor([codes(30, levels)], [codes(9, levels)], [codes(9, levels)], SIZE)
    assert bits.shape == (levels,)
    assert np.isfinite(bits).all()
