"""Figures of training beside other programs, worked out from steps that are made up here."""

import pytest

from benchmarks.speed.load import WAYS, Moment, figures

STOPS = (0.5, 1.0)


def test_figures_count_steps_between_the_moments() -> None:
    # A step each half second, half of it on the processor, from 10 s to 30 s.
    lines = [[10 + 0.5 * i, 100 + 0.25 * i, 1] for i in range(41)]
    before = Moment(at=15.0, busy_s=3.0, machine_s=50.0)
    after = Moment(at=25.0, busy_s=13.0, machine_s=69.0)
    row = figures(WAYS[0], lines, before, after, STOPS, 4)
    assert (row.steps_per_s, row.steps_per_cpu_s, row.share) == (2.0, 4.0, 0.5)
    assert (row.busy_share, row.threads, row.stop_s) == (1.0, 1, 1.0)
    assert row.others_share == pytest.approx(0.4)


def test_a_training_that_is_stuck_makes_no_steps() -> None:
    before, after = Moment(20.0, 0.0, 0.0), Moment(30.0, 0.0, 0.0)
    row = figures(WAYS[1], [[10.0, 1.0, 2]], before, after, STOPS, 4)
    assert (row.steps_per_s, row.steps_per_cpu_s) == (0.0, 0.0)


def test_a_step_longer_than_the_whole_time_counts_when_it_ends() -> None:
    before, after = Moment(20.0, 0.0, 0.0), Moment(30.0, 0.0, 0.0)
    row = figures(WAYS[1], [[10.0, 1.0, 2], [60.0, 6.0, 2]], before, after, STOPS, 4)
    assert (row.steps_per_s, row.steps_per_cpu_s) == (pytest.approx(0.02), 0.2)
