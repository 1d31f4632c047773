"""One of several processes that train one model together, by `torch.distributed`.

Values and flags go over the CPU (gloo); gradients too, or from GPU to GPU (NCCL).
"""

import atexit
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from enum import IntEnum
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from distill.bounds import check_bound
from distill.device import pick_device
from distill.errors import (
    CancelledError,
    DistillError,
    LostProcessError,
    RanksDifferError,
    UsageError,
)
from distill.process import available_cores
from distill.ranks import Place, own_place
from distill.training.out_of_memory import is_out_of_memory
from distill.training.world import CPU, Share, World, share_of

T = TypeVar("T")

# How long a process waits for the others: the first one may wait days for its turn in a workspace.
# One that has died is noticed at once. PyTorch counts in milliseconds, up to 2^31.
PATIENCE = timedelta(days=20)


class _Outcome(IntEnum):
    """How the work of a process ended; the largest one counts for all."""

    DONE = 0
    CANCELLED = 1
    OUT_OF_MEMORY = 2


class ManyProcesses(World):
    """One of several processes.

    Args:
        device: Where this process computes.
        place: Its place.

    Raises:
        LostProcessError: If not all processes come.
    """

    def __init__(self, device: torch.device, place: Place) -> None:
        super().__init__(device, place)
        self._is_stopping = False
        self._now_s = 0.0
        with _lost_processes():
            backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
            dist.init_process_group(backend, timeout=PATIENCE)
        # A thread of the group that came back to the ending interpreter would abort the process.
        atexit.register(dist.destroy_process_group)
        # Each machine counts its own restarts.
        self._restarts = self._largest(place.restarts)
        self.wait()

    @property
    def is_restarted(self) -> bool:
        return self._restarts > 0

    def now_s(self) -> float:
        return self._now_s

    def tick(self, cancel_event: threading.Event) -> None:
        self._is_stopping = self.first_says(cancel_event.is_set())
        if self._is_stopping:
            cancel_event.set()

    def is_stopping(self, cancel_event: threading.Event) -> bool:
        return self._is_stopping

    def first_says(self, value: T) -> T:
        message = [(time.perf_counter(), value)]
        with _lost_processes():
            dist.broadcast_object_list(message, src=0, device=CPU)
        self._now_s, said = message[0]
        return said

    def first_does(self, work: Callable[[], T]) -> T:
        result: T | None = None
        error: DistillError | None = None
        with self.together():
            if self.is_first:
                try:
                    result = work()
                except CancelledError:
                    raise
                except DistillError as raised:
                    error = raised
        result, error = self.first_says((result, error))
        if error is not None:
            raise error
        return cast("T", result)

    def each_machine_does(self, work: Callable[[], T]) -> T:
        with self.together():
            result = work() if self.place.local_rank == 0 else None
        return cast("T", self.first_says(result))

    def in_turn(self, work: Callable[[], T]) -> T:
        result: T | None = None
        goes_first = self.place.local_rank == 0
        with self.together():
            if goes_first:
                result = work()
        with self.together():
            if not goes_first:
                result = work()
        return cast("T", result)

    def take_first(self, module: nn.Module) -> None:
        own = {name: tensor.cpu() for name, tensor in module.state_dict().items()}
        module.load_state_dict(self.first_says(own))

    def share(self, batch_size: int) -> Share:
        return share_of(self.place, batch_size)

    @contextmanager
    def together(self) -> Iterator[None]:
        own = _Outcome.DONE
        error: Exception | None = None
        try:
            yield
        except CancelledError as raised:
            own = _Outcome.CANCELLED
            error = raised
        except (RuntimeError, MemoryError) as raised:
            if not is_out_of_memory(raised):
                raise
            own = _Outcome.OUT_OF_MEMORY
            error = raised
        worst = _Outcome(self._largest(own))
        if error is not None and worst == own:
            raise error
        if worst == _Outcome.OUT_OF_MEMORY:
            raise MemoryError("Another process has run out of memory.")
        if worst == _Outcome.CANCELLED:
            raise CancelledError("Cancelled before it was done.")

    def _largest(self, own: int) -> int:
        """The largest number of all processes."""
        number = torch.tensor(int(own))
        with _lost_processes():
            dist.all_reduce(number, dist.ReduceOp.MAX)
        return int(number)

    def average(self, parameters: Iterable[nn.Parameter], figures: Tensor, weight: float) -> None:
        gradients = self._gradients(parameters)
        parts = [*gradients, figures]
        flat = torch.cat([part.flatten() for part in parts])
        # The results of a process that idles may be no numbers.
        flat = flat * weight if weight else torch.zeros_like(flat)
        with _lost_processes():
            dist.all_reduce(flat)
        for part, mean in zip(parts, flat.split([part.numel() for part in parts]), strict=True):
            part.copy_(mean.view_as(part))

    def _gradients(self, parameters: Iterable[nn.Parameter]) -> list[Tensor]:
        """Gradients of all parameters that have one in any process."""
        members = list(parameters)
        has_gradient = torch.tensor([member.grad is not None for member in members]).int()
        with _lost_processes():
            dist.all_reduce(has_gradient, dist.ReduceOp.MAX)
        gradients = []
        for member, is_used in zip(members, has_gradient.tolist(), strict=True):
            if not is_used:
                continue
            if member.grad is None:
                member.grad = torch.zeros_like(member)
            gradients.append(member.grad)
        return gradients

    def sum(self, counts: Tensor, weight: float) -> Tensor:
        total = counts.cpu() if weight else torch.zeros_like(counts, device=CPU)
        with _lost_processes():
            dist.all_reduce(total)
        return total

    def seed(self, *numbers: int) -> None:
        (word,) = np.random.SeedSequence([*numbers, self.place.rank]).generate_state(1, np.uint64)
        torch.manual_seed(int(word >> 1))

    def check_equal(self, tensors: Iterable[Tensor]) -> None:
        digests: list[Any] = [None] * self.size
        with _lost_processes():
            dist.all_gather_object(digests, _digest(tensors))
        others = [rank for rank, digest in enumerate(digests) if digest != digests[0]]
        if others:
            raise RanksDifferError(
                f"The weights of {self._name(others)} differ from those of process 0, and nothing "
                "is saved: train on devices of one kind, and go on from the last checkpoint "
                "(--resume)."
            )

    def _name(self, ranks: Sequence[int]) -> str:
        word = "process" if len(ranks) == 1 else "processes"
        return f"{word} {', '.join(map(str, ranks))} of {self.size}"


def open_world(device: str = "auto") -> World:
    """The world of this process: alone, unless `torchrun` started it.

    Args:
        device: `auto`, `cpu`, `cuda` or `mps`. Of several processes on a machine, each has a CUDA
            device of its own.

    Raises:
        UsageError: If there is no such device here, or fewer than processes.
        LostProcessError: If not all processes come.
    """
    own = pick_device(device)
    place = own_place()
    if place.size == 1:
        return World(own)
    if own.type != "cpu":
        check_devices(place.local_size, device)
        own = torch.device(own.type, place.local_rank)
        torch.cuda.set_device(own)
    return _join(own, place)


@cache
def _join(device: torch.device, place: Place) -> ManyProcesses:
    """Join the other processes, once: the first one may ask more often than they do."""
    return ManyProcesses(device, place)


def check_devices(count: int, device: str = "auto") -> None:
    """Check that this machine has a device for each of `count` processes.

    Args:
        count: Number of processes.
        device: As of `open_world`.

    Raises:
        UsageError: If it has not.
    """
    check_bound("--devices", count)
    kind = pick_device(device).type
    if count == 1:
        return
    if ":" in device:
        raise UsageError(f"--device {device} is a single one: choose --device {kind} for several.")
    if kind == "cuda":
        present, noun = torch.cuda.device_count(), "CUDA devices"
    elif kind == "cpu":
        present, noun = available_cores(), "cores"
    else:
        present, noun = 1, "Apple GPU"
    if count > present:
        raise UsageError(f"--devices {count} is too many: this machine has {present} {noun}.")


def _digest(tensors: Iterable[Tensor]) -> str:
    """SHA-256 of all numbers."""
    digest = hashlib.sha256()
    for tensor in tensors:
        numbers = tensor.detach().cpu().contiguous().view(-1)
        digest.update(numbers.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def _lost_processes() -> Iterator[None]:
    """Turn errors of communication into one sentence.

    Raises:
        LostProcessError: In their place.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise LostProcessError(
            "Another process of this training has ended, so that this one cannot go on: "
            "it goes on from the last checkpoint when it is started again (--resume)."
        ) from error
