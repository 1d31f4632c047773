"""Number of CPU threads of a training, found by trials.

Threads wait for one another at every operation. Beside other busy programs, each may wait for a
core meanwhile, so that one thread is faster than several.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence

import torch

TRIAL_STEPS = 4
"""Steps with each number of threads. Lengths of the prior's batches repeat after four."""

RECENT_STEPS = 8
"""Steps whose median tells whether training has become slower: one slow step means nothing."""

SLOWER = 1.5
"""Ratio of that median to the time of a step so far from which there is another trial."""

PAUSE = 30
"""Time between two trials, in multiples of the last one's: trials cost 3 % at most."""


def counts_to_try(most: int) -> list[int]:
    """Numbers of threads to try, the fewest first: `6` → `1, 2, 4, 6`."""
    return [*(2**power for power in range((most - 1).bit_length())), most]


def thread_trials(threads: int, adapts: bool, device: torch.device) -> "ThreadTrials":
    """Trials of up to `threads` threads; none unless the training `adapts`, on the CPU."""
    tries = adapts and device.type == "cpu"
    return ThreadTrials(counts_to_try(threads) if tries else [threads])


class ThreadTrials:
    """Sets the number of threads with which steps are fastest.

    A trial takes a few steps with each number, the fewest first, and keeps the fastest. The first
    one comes after the first step. Another comes when steps have become slower by half. It also
    comes from time to time while fewer threads than possible are used: other programs may have
    ended. A number of threads is given up as soon as it takes longer than the fastest so far.

    Args:
        counts: Numbers of threads, the fewest first; with a single one, nothing is tried or set.
        clock: Time in s.
        set_threads: Sets the number of threads.
    """

    def __init__(
        self,
        counts: Sequence[int],
        clock: Callable[[], float] = time.perf_counter,
        set_threads: Callable[[int], None] = torch.set_num_threads,
    ) -> None:
        self.counts = list(counts)
        self.threads = self.counts[-1]
        self._clock = clock
        self._set_threads = set_threads
        self._steps = 0
        self._began = 0.0
        # Of a trial: numbers still to try, the one tried, its steps, and the totals of the others.
        self._rest: list[int] = []
        self._trial: int | None = None
        self._times: list[float] = []
        self._totals: dict[int, float] = {}
        # Between trials: times of the last steps, of a usual step, and of the next trial.
        self._recent: deque[float] = deque(maxlen=RECENT_STEPS)
        self._usual_s = 0.0
        self._trial_began = 0.0
        self._next_trial = 0.0

    def begin_step(self) -> None:
        """Call before each step."""
        if self._trial is None and self._is_trial_due():
            self._begin_trial()
        self._began = self._clock()

    def end_step(self) -> None:
        """Call after each step."""
        took_s = self._clock() - self._began
        self._steps += 1
        if self._trial is not None:
            self._times.append(took_s)
            self._judge(self._trial)
        elif self._steps > 1:
            self._recent.append(took_s)

    def _is_trial_due(self) -> bool:
        # The first step of a process prepares much, and tells nothing of the others.
        if len(self.counts) == 1 or self._steps == 0:
            return False
        if not self._totals:
            return True
        if self._clock() < self._next_trial or len(self._recent) < RECENT_STEPS:
            return False
        median_s = statistics.median(self._recent)
        self._usual_s = min(self._usual_s, median_s)
        return self.threads < self.counts[-1] or median_s >= SLOWER * self._usual_s

    def _begin_trial(self) -> None:
        self._trial_began = self._clock()
        self._totals = {}
        self._rest = list(self.counts)
        self._try_next()

    def _try_next(self) -> None:
        self._trial = self._rest.pop(0)
        self._times = []
        self._use(self._trial)

    def _judge(self, count: int) -> None:
        """After a step of a trial: go on with `count`, try the next number, or end the trial."""
        total = sum(self._times)
        is_slower = total > min(self._totals.values(), default=total)
        if len(self._times) < TRIAL_STEPS and not is_slower:
            return
        if not is_slower:
            self._totals[count] = total
        # Where more threads are slower, still more are not faster.
        if self._rest and not is_slower:
            self._try_next()
        else:
            self._end_trial()

    def _end_trial(self) -> None:
        best = min(self._totals, key=self._totals.__getitem__)
        self._use(best)
        self._trial = None
        self._recent.clear()
        self._usual_s = self._totals[best] / TRIAL_STEPS
        now = self._clock()
        self._next_trial = now + PAUSE * (now - self._trial_began)

    def _use(self, count: int) -> None:
        self.threads = count
        self._set_threads(count)
