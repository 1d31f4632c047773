"""Length of a training, and its learning rate schedule."""

import pytest

from distill.training.codec.budget import COOL_DOWN, Budget, plan_budget
from distill.training.config import VQVAEConfig, default_minutes


def test_budgets() -> None:
    assert plan_budget(VQVAEConfig(steps=7), 100, 8) == Budget(steps=7)
    assert plan_budget(VQVAEConfig(epochs=4), 100, 8) == Budget(steps=50)
    assert plan_budget(VQVAEConfig(minutes=2), 100, 8) == Budget(seconds=120)
    assert plan_budget(VQVAEConfig(), 60, 8).seconds == 60 * default_minutes(60)


def test_with_steps_time_plays_no_part() -> None:
    budget = Budget(steps=100)
    for elapsed in (0.0, 1e6):
        assert budget.progress(50, elapsed) == 0.5
        assert budget.rate_factor(60, elapsed) == pytest.approx(0.4)


def test_learning_rate_rises_then_falls_to_nothing() -> None:
    budget = Budget(steps=1000)
    rates = [budget.rate_factor(step, 0.0) for step in range(1001)]
    assert rates[0] < 0.05
    assert max(rates) > 0.9
    assert rates[-1] == 0
    assert rates[100:] == sorted(rates[100:], reverse=True)


def test_an_early_stop_lets_the_rate_fall_to_nothing_from_where_it_was() -> None:
    for whole, step, elapsed_s in (
        (Budget(steps=1000), 400, 7.0),
        (Budget(seconds=100), 5000, 40.0),
    ):
        short = whole.cut_short(step, elapsed_s)
        assert short.is_cut_short
        assert not whole.is_cut_short
        assert short.rate_factor(step, elapsed_s) == pytest.approx(
            whole.rate_factor(step, elapsed_s), rel=0.02
        )
        end = (round(step * (1 + COOL_DOWN)), elapsed_s * (1 + COOL_DOWN))
        assert short.progress(*end) == pytest.approx(1)
        assert short.rate_factor(*end) == pytest.approx(0, abs=1e-9)
        later = (step * (1 + COOL_DOWN / 2), elapsed_s * (1 + COOL_DOWN / 2))
        assert short.rate_factor(*later) == pytest.approx(
            0.5 * short.rate_factor(step, elapsed_s), rel=0.03
        )


def test_validations_are_few_for_minutes_and_not_many_for_hours() -> None:
    counts = [Budget(seconds=60 * minutes).validations for minutes in (0.1, 2, 5, 10, 60)]
    assert counts == [6, 6, 15, 20, 20]
    assert [Budget(steps=steps).validations for steps in (1, 400, 10**6)] == [6, 10, 20]
