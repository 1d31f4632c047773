"""Trials of numbers of threads: the rule on a clock made here, and in real trainings."""

import threading
from pathlib import Path
from typing import Any

import pytest
import torch

import distill
from distill.training.config import VQVAEConfig
from distill.training.metrics import PriorStepMetrics, StepMetrics
from distill.training.threads import (
    PAUSE,
    RECENT_STEPS,
    TRIAL_STEPS,
    ThreadTrials,
    counts_to_try,
    thread_trials,
)


class Machine:
    """A machine whose steps take the seconds in `step_s`, by the number of threads."""

    def __init__(self, step_s: dict[int, float]) -> None:
        self.step_s = step_s
        self.now = 0.0
        self.used: list[int] = []
        self.threads = max(step_s)
        self.trials = ThreadTrials(sorted(step_s), lambda: self.now, self.set_threads)

    def set_threads(self, count: int) -> None:
        self.threads = count

    def run(self, steps: int) -> list[int]:
        """Take `steps` steps; returns the number of threads of each."""
        first = len(self.used)
        for _ in range(steps):
            self.trials.begin_step()
            self.used.append(self.threads)
            self.now += self.step_s[self.threads]
            self.trials.end_step()
        return self.used[first:]


def test_numbers_to_try_double() -> None:
    tries = {most: counts_to_try(most) for most in (1, 2, 4, 6, 8)}
    assert tries == {1: [1], 2: [1, 2], 4: [1, 2, 4], 6: [1, 2, 4, 6], 8: [1, 2, 4, 8]}


def test_the_fastest_number_is_kept_for_good_on_an_idle_machine() -> None:
    machine = Machine({1: 4.0, 2: 2.0, 4: 1.0})
    # The first step is not judged.
    assert machine.run(1) == [4]
    assert machine.run(3 * TRIAL_STEPS) == [1] * TRIAL_STEPS + [2] * TRIAL_STEPS + [4] * TRIAL_STEPS
    assert set(machine.run(2000)) == {4}


def test_slower_numbers_are_given_up_at_once() -> None:
    machine = Machine({1: 1.0, 2: 100.0, 4: 100.0})
    assert machine.run(9) == [4, 1, 1, 1, 1, 2, 1, 1, 1]


def test_steps_that_are_slower_by_half_call_for_another_trial() -> None:
    machine = Machine({1: 2.0, 2: 1.0})
    machine.run(500)
    machine.step_s = {1: 2.0, 2: 1.4}
    assert set(machine.run(500)) == {2}
    machine.step_s = {1: 2.0, 2: 9.0}
    used = machine.run(20)
    assert used[: RECENT_STEPS // 2] == [2] * (RECENT_STEPS // 2)
    assert used[-3:] == [1, 1, 1]


def test_a_machine_that_is_free_again_is_used_again() -> None:
    machine = Machine({1: 1.0, 2: 9.0})
    machine.run(20)
    machine.step_s = {1: 1.0, 2: 0.6}
    assert machine.run(2000)[-1] == 2


def test_trials_take_a_small_share_of_the_time() -> None:
    machine = Machine({1: 1.0, 2: 50.0})
    machine.run(20_000)
    others = machine.used.count(2)
    assert others > 3
    assert others * 50 < 1.1 * machine.now / PAUSE


def test_one_slow_step_means_nothing() -> None:
    machine = Machine({1: 2.0, 2: 1.0})
    machine.run(500)
    machine.step_s = {1: 2.0, 2: 60.0}
    machine.run(1)
    machine.step_s = {1: 2.0, 2: 1.0}
    assert set(machine.run(500)) == {2}


def test_nothing_is_tried_unless_a_training_adapts_on_the_cpu() -> None:
    assert thread_trials(4, True, torch.device("cpu")).counts == [1, 2, 4]
    assert thread_trials(4, False, torch.device("cpu")).counts == [4]
    assert thread_trials(4, True, torch.device("cuda")).counts == [4]


@pytest.mark.parametrize("settings", [{"steps": 5}, {"epochs": 1}, {"threads": 2}])
def test_repeatable_trainings_do_not_adapt(settings: dict[str, Any]) -> None:
    assert VQVAEConfig(minutes=None).adapts_threads
    assert VQVAEConfig(minutes=5.0).adapts_threads
    assert not VQVAEConfig(**settings).adapts_threads


def test_the_number_is_set_for_torch() -> None:
    before = torch.get_num_threads()
    trials = thread_trials(2, True, torch.device("cpu"))
    for _ in range(2):
        trials.begin_step()
        trials.end_step()
    tried = torch.get_num_threads()
    torch.set_num_threads(before)
    assert tried == trials.threads == 1


# --- real trainings -------------------------------------------------------------------------------


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Numbers of threads that were asked for while training, for every training.

    They are not set: beside other programs, two threads would take minutes.
    """
    trainings: list[list[int]] = []

    def trials(_threads: int, adapts: bool, device: torch.device) -> ThreadTrials:
        asked: list[int] = []
        trainings.append(asked)
        counts = thread_trials(2, adapts, device).counts
        return ThreadTrials(counts, set_threads=asked.append)

    monkeypatch.setattr("distill.training.loop.thread_trials", trials)
    monkeypatch.setattr("distill.training.prior_loop.thread_trials", trials)
    return trainings


class StopAfter:
    """A callback that stops a training after some steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.event = threading.Event()

    def __call__(self, metrics: object) -> None:
        if isinstance(metrics, StepMetrics | PriorStepMetrics) and metrics.step >= self.steps:
            self.event.set()


def test_a_codec_training_by_time_tries_and_one_by_steps_does_not(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any], tried: list[list[int]]
) -> None:
    del tiny["threads"]
    path = tmp_path / "m.sda"
    for settings in ({"minutes": 60.0}, {"steps": 60}):
        stop = StopAfter(TRIAL_STEPS + 2)
        distill.train(
            corpus_dir,
            path,
            callback=stop,
            cancel_event=stop.event,
            overwrite=True,
            **tiny | settings,
        )
    # A training by time adapts when it goes on, too.
    distill.train(corpus_dir, path, minutes=60.0, cancel_event=stop.event, overwrite=True, **tiny)
    stop = StopAfter(TRIAL_STEPS + 2)
    distill.resume(path, callback=stop, cancel_event=stop.event)
    by_time, by_steps, _, resumed = tried
    # Then the faster one: which, the machine decides.
    assert by_time[:2] == resumed[:2] == [1, 2]
    assert by_steps == []


def test_a_prior_training_tries_unless_epochs_or_threads_are_given(
    codec_only: Path,
    corpus_dir: Path,
    tmp_path: Path,
    tiny_prior: dict[str, Any],
    tried: list[list[int]],
) -> None:
    del tiny_prior["threads"], tiny_prior["max_epochs"]
    given: list[dict[str, Any]] = [{}, {"max_epochs": 9}, {"threads": 1}]
    for number, settings in enumerate(given):
        model = tmp_path / f"{number}.sda"
        model.write_bytes(codec_only.read_bytes())
        stop = StopAfter(TRIAL_STEPS + 2)
        distill.train_prior(
            model,
            corpus_dir,
            step_callback=stop,
            cancel_event=stop.event,
            **tiny_prior | settings,
        )
    assert tried[0][:2] == [1, 2]
    assert tried[1:] == [[], []]
