"""The processes that train one model together, each on a part of every batch.

All hold the same weights. Each step, their gradients are averaged, so that all take the same step.
The first process decides, writes and shows: time, stops and validations are as it says. A world of
one process does nothing at all: a training alone is as without it.

`torchrun` starts the processes, and starts them anew when one of them dies (`many_processes`).
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from distill.ranks import Place

T = TypeVar("T")

CPU = torch.device("cpu")


class Share(NamedTuple):
    """Part of a batch that a process works on.

    Attributes:
        rows: Rows of the batch.
        weight: Share of the whole batch. 0 for a process that idles: it computes a row of others
            that nobody counts.
    """

    rows: slice
    weight: float


def share_of(place: Place, batch_size: int) -> Share:
    """The part of a batch that the process of a place works on: as many rows as others, or one
    more."""
    first = place.rank * batch_size // place.size
    stop = (place.rank + 1) * batch_size // place.size
    if first == stop:
        return Share(rows=slice(0, 1), weight=0.0)
    return Share(rows=slice(first, stop), weight=(stop - first) / batch_size)


class World:
    """A single process: it has all of each batch, and asks nobody.

    Args:
        device: Where it computes.
        place: Its place among others.
    """

    def __init__(self, device: torch.device = CPU, place: Place | None = None) -> None:
        self.device = device
        self.place = place or Place()

    @property
    def size(self) -> int:
        """Number of processes."""
        return self.place.size

    @property
    def is_restarted(self) -> bool:
        """Whether `torchrun` has started the processes anew."""
        return False

    @property
    def is_first(self) -> bool:
        """Whether this process decides, writes and shows."""
        return self.place.is_first

    # --- time and stops ---------------------------------------------------------------------------

    def now_s(self) -> float:
        """Seconds on the clock of the first process, as of the last time that it said anything."""
        return time.perf_counter()

    def tick(self, cancel_event: threading.Event) -> None:
        """Look at the clock, and whether to stop: once before each step.

        Args:
            cancel_event: That of the first process decides; those of others are set with it.
        """

    def is_stopping(self, cancel_event: threading.Event) -> bool:
        """Whether training is to stop, as of the last `tick`."""
        return cancel_event.is_set()

    # --- what the first one says ------------------------------------------------------------------

    def first_says(self, value: T) -> T:
        """The value of the first process, in all."""
        return value

    def first_does(self, work: Callable[[], T]) -> T:
        """Result of `work`, which the first process alone does; its errors come up in all."""
        return work()

    def each_machine_does(self, work: Callable[[], T]) -> T:
        """Result of the first process; every machine does the work once, as to fill its cache."""
        return work()

    def in_turn(self, work: Callable[[], T]) -> T:
        """Result of `work`, which one process of each machine does before its others."""
        return work()

    def take_first(self, module: nn.Module) -> None:
        """Give the module of every process the weights and buffers of the first one's."""

    # --- a step -----------------------------------------------------------------------------------

    def share(self, batch_size: int) -> Share:
        """Part of a batch that this process works on."""
        return Share(rows=slice(0, batch_size), weight=1.0)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Where one process is cancelled, or out of memory, inside, all are.

        Nothing inside may wait for other processes.
        """
        yield

    def average(self, parameters: Iterable[nn.Parameter], figures: Tensor, weight: float) -> None:
        """Make gradients and figures those of the whole batch, in place.

        Args:
            parameters: Of the network, with gradients of this process's rows.
            figures: Means over the rows of this process, `[n]`.
            weight: That of its `share`.
        """

    def sum(self, counts: Tensor, weight: float) -> Tensor:
        """Sum of `counts` over all processes whose `weight` is not 0."""
        return counts

    def seed(self, *numbers: int) -> None:
        """Let PyTorch's global generators depend on `numbers` and the rank, where there are many.

        So a training that begins anew draws as before, without the generators of all processes.
        """

    # --- equality ---------------------------------------------------------------------------------

    def check_equal(self, tensors: Iterable[Tensor]) -> None:
        """Check that all processes hold the same `tensors`, to the bit.

        Raises:
            RanksDifferError: If they do not.
        """

    def wait(self) -> None:
        """Wait until all processes have come here."""
        self.first_says(None)
