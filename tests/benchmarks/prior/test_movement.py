"""Movement: whole recordings lie nearer than pieces of them."""

import numpy as np
import pytest

from benchmarks.prior import movement
from distill.errors import UsageError


@pytest.fixture
def bars(hits) -> list[np.ndarray]:
    """Four recordings of slow hits, 3 s each."""
    return [hits(80 + 10 * seed, 3, seed=seed, fall_db=60) for seed in range(4)]


def test_wholes_lie_nearer_than_pieces_and_long_pieces_nearer_than_short(hits, bars) -> None:
    beside = movement.Movement(bars, count=6)
    whole = beside.of([hits(85 + 10 * seed, 12, seed=9 + seed, fall_db=60) for seed in range(4)])
    long, short = (beside.of(beside.pieces(seconds)) for seconds in (1.0, 0.1))
    assert whole.distance < short.distance / 3
    assert long.distance < short.distance / 3
    assert whole.windows == 4 * 47
    assert whole.auc is None


def test_the_distance_of_a_set_from_itself_is_0() -> None:
    rows = np.random.default_rng(0).standard_normal((50, 93))
    assert movement.energy_distance(rows, rows) == pytest.approx(0, abs=1e-6)
    assert movement.energy_distance(rows, rows + 1) > 1


def test_halves_of_the_recordings_lie_at_1() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(6), 20)
    rows = rng.standard_normal((120, 10)) + rng.standard_normal((6, 10))[groups]
    yardstick = movement.Yardstick(movement.Descriptions(rows=rows, groups=groups))
    scaled = (rows - yardstick.mean) / yardstick.deviation
    draws = np.random.default_rng(0)
    halves = [np.isin(groups, draws.permutation(6)[:3]) for _ in range(movement.HALVES)]
    of_halves = [movement.energy_distance(scaled[half], scaled[~half]) for half in halves]
    assert np.mean(of_halves) == pytest.approx(yardstick.unit)


def test_a_description_has_no_mean_spectrum_in_it() -> None:
    levels = np.random.default_rng(0).normal(-40, 5, (movement.WINDOW, 40))
    louder = levels + 12
    assert movement.describe(levels) == pytest.approx(movement.describe(louder))
    assert movement.describe(levels).shape == (93,)


def test_one_recording_or_a_short_one_is_refused(hits) -> None:
    with pytest.raises(UsageError, match="two files at least"):
        movement.Movement([hits(120, 3)], count=1)
    with pytest.raises(UsageError, match="half a second"):
        movement.describe_all([(0, hits(120, 0.4))])


@pytest.mark.skipif(movement.LogisticRegression is None, reason="scikit-learn is not installed")
def test_the_classifier_tells_another_movement_and_not_the_same() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), 10)
    same, again, other = (
        movement.Descriptions(rows=rng.standard_normal((100, 6)) + mean, groups=groups)
        for mean in (0, 0, 2)
    )
    assert movement.auc(same, other) > 0.95
    assert 0.3 < movement.auc(same, again) < 0.7
