import pytest
import torch
from torch import nn

from distill.training.weight_average import POWER, WeightAverage


def walk(steps: int) -> tuple[nn.Linear, WeightAverage]:
    """A layer whose weights equal the step, and its average."""
    layer = nn.Linear(3, 3)
    average = WeightAverage(layer)
    for step in range(1, steps + 1):
        nn.init.constant_(layer.weight, step)
        average.update(step)
    return layer, average


def test_later_steps_weigh_more() -> None:
    _, average = walk(800)
    steps = torch.arange(8, 801, 8, dtype=torch.float64)
    expected = (steps * steps**POWER).sum() / (steps**POWER).sum()
    assert float(average.weights["weight"][0, 0]) == pytest.approx(float(expected), rel=2e-3)


@pytest.mark.parametrize("steps", [1, 2, 20])
def test_a_few_steps_leave_nothing_of_the_untrained_weights(steps: int) -> None:
    _, average = walk(steps)
    assert (average.weights["weight"] <= steps).all()
    assert (average.weights["weight"] >= max(1, 0.8 * steps)).all()


def test_applied_only_while_it_lasts() -> None:
    layer, average = walk(30)
    before = {name: p.clone() for name, p in layer.named_parameters()}
    with average.apply():
        assert torch.equal(layer.weight, average.weights["weight"])
    assert all(torch.equal(p, before[name]) for name, p in layer.named_parameters())
    assert not torch.equal(layer.weight, average.weights["weight"])


def test_state_goes_on_where_it_was() -> None:
    layer, average = walk(100)
    other = WeightAverage(layer)
    other.restore(average.state(), 100)
    for running in (average, other):
        running.update(104)
    assert all(torch.equal(average.weights[name], other.weights[name]) for name in average.weights)


@pytest.mark.parametrize("step", [-1, 101, 10**400])
def test_an_average_over_more_steps_than_were_made_is_refused(step: int) -> None:
    layer, average = walk(100)
    with pytest.raises(ValueError, match="of 100 steps"):
        WeightAverage(layer).restore(average.state() | {"step": step}, 100)
