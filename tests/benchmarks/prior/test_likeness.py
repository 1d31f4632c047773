"""Likeness of generated sounds to a corpus: discrepancy, steps, and descriptors by second."""

import numpy as np
import pytest

from benchmarks.prior import likeness
from distill.audio.descriptors import DESCRIBED_ABOVE_DB
from distill.settings import SAMPLE_RATE
from distill.training.prior_config import PriorConfig


def rows(n: int, seed: int, mean: float = 0.0) -> np.ndarray:
    """Random descriptors by second `[n, 6]`."""
    return np.random.default_rng(seed).standard_normal((n, 6)) + mean


def test_a_set_is_at_no_discrepancy_from_itself() -> None:
    same = rows(50, 0)
    assert likeness.discrepancy(same, same, 1.0) == pytest.approx(0)
    assert likeness.discrepancy(same, rows(50, 1, mean=3.0), 1.0) > 0.1


def test_sounds_of_the_corpus_are_nearer_than_others() -> None:
    corpus = [rows(20, seed) for seed in range(6)]
    near, of_halves = likeness.likeness(corpus, rows(40, 9), np.random.default_rng(0))
    far, _ = likeness.likeness(corpus, rows(40, 9, mean=2.0), np.random.default_rng(0))
    assert len(of_halves) == likeness.SPLITS
    assert near < np.quantile(of_halves, 0.95) < far


def test_seconds_of_silence_have_the_level_of_silence_and_no_pitch() -> None:
    result = likeness.descriptors_by_second(np.zeros((1, 3 * SAMPLE_RATE), np.float32))
    assert result.shape == (3, 6)
    assert (result[:, 0] == DESCRIBED_ABOVE_DB).all()
    assert (result[:, -1] == 0).all()


def test_a_second_belongs_to_the_sound_in_which_its_middle_lies() -> None:
    rng = np.random.default_rng(0)
    noise = rng.uniform(-0.1, 0.1, (1, 5 * SAMPLE_RATE)).astype(np.float32)
    sounds = [noise[:, : 2 * SAMPLE_RATE], noise[:, : 3 * SAMPLE_RATE]]
    by_file = likeness.descriptors_by_file(sounds, np.random.default_rng(0))
    assert sorted(map(len, by_file)) == [2, 3]


def test_steps_are_found_near_their_places() -> None:
    context = round(PriorConfig().context_s * SAMPLE_RATE)
    sound = np.zeros(context + SAMPLE_RATE)
    sound[0] = 0.1
    sound[context:] = 0.2
    sound[-1] = 0.5
    steps = likeness.Steps.of(sound)
    assert steps == pytest.approx((0.1, 0.2, 0.5))


def test_the_largest_step_of_each_stretch_leaves_out_the_rest() -> None:
    steps = [np.array([1.0, 3.0, 2.0, 2.0, 9.0]), np.array([4.0, 0.0])]
    assert likeness.largest_by_stretch(steps, 2).tolist() == [3.0, 2.0, 4.0]
