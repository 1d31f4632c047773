"""Where to compute: device, threads and precision, chosen once and said in plain words."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import torch

from distill.errors import UsageError

log = logging.getLogger(__name__)

MAX_THREADS = 8
CONTAINER_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Linux, control groups version 2: microseconds of processor time in so many microseconds."""


def pick_device(name: str = "auto") -> torch.device:
    """The device called `name`; `auto` takes CUDA, then a sound MPS, then the CPU. `UsageError` if
    absent."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return (
            torch.device("mps")
            if torch.backends.mps.is_available() and mps_is_sound()
            else torch.device("cpu")
        )
    kind = name.split(":")[0]
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if kind not in available:
        raise UsageError(f"Unknown device '{name}': choose auto, cpu, cuda or mps.")
    if not available[kind]:
        raise UsageError(
            f"This machine has no '{name}' that PyTorch can use: choose --device auto or cpu."
        )
    if kind == "mps" and not mps_is_sound():
        return torch.device("cpu")
    try:
        return torch.device(name)
    except RuntimeError:
        raise UsageError(f"Unknown device '{name}': choose auto, cpu, cuda or mps.") from None


@cache
def mps_is_sound() -> bool:
    """Whether Fourier transforms on MPS agree with the CPU's: some PyTorch versions get them
    wrong."""
    try:
        results = [_round_trip(torch.device(name)) for name in ("mps", "cpu")]
    except (RuntimeError, TypeError) as error:
        log.warning("The Apple GPU cannot compute what training needs (%s): using the CPU.", error)
        return False
    if all(torch.allclose(there, here, atol=1e-3) for there, here in zip(*results, strict=True)):
        return True
    log.warning("The Apple GPU gives wrong inverse FFTs with this PyTorch: using the CPU.")
    return False


def _round_trip(device: torch.device) -> tuple[torch.Tensor, ...]:
    """A spectrum to frames and back, and the gradient of that, as training computes them, on
    `device`."""
    phase = torch.linspace(0, 99, 4 * 1025).reshape(4, 1025).to(device).requires_grad_()
    frames = torch.fft.irfft(torch.polar(torch.ones_like(phase), phase))
    magnitude = torch.view_as_real(torch.fft.rfft(frames * frames)).square().sum(-1)
    magnitude.mean().backward()
    assert phase.grad is not None
    with torch.no_grad():
        spectrum = torch.complex(phase.cos(), phase.sin())
        slopes = torch.fft.rfft(torch.fft.irfft(spectrum / spectrum.shape[-1], norm="forward"))
        slopes[..., 0] /= 2
        turned = spectrum.conj() * (slopes * phase.cos())
    return frames.detach().cpu(), phase.grad.cpu(), turned.real.cpu(), turned.imag.cpu()


def available_cores() -> int:
    """The cores that this process may use: those that it is bound to, and no more than its
    container is granted."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    try:
        quota, period = CONTAINER_QUOTA.read_text().split()
        granted = int(quota) // int(period)
    except (OSError, ValueError):
        # No container, or one without a limit ("max").
        return cores
    return max(1, min(cores, granted))


def default_threads() -> int:
    """Threads to use when none are asked for: one a core, at most 8 or OMP_NUM_THREADS."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    most = int(asked) if asked.isdecimal() else MAX_THREADS
    return max(1, min(available_cores(), most))


def prepare(threads: int | None = None) -> int:
    """Set the thread count of this process (returned); flush denormals, which make CPUs crawl on
    fading sound.

    Never more threads than cores: those that wait for one another at every operation then take many
    times as long.
    """
    threads = default_threads() if threads is None else threads
    if threads < 1:
        raise UsageError("--threads must be at least 1.")
    if threads > available_cores():
        log.warning(
            "Using %d threads in place of %d: there are no more cores.", available_cores(), threads
        )
        threads = available_cores()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    return threads


@contextmanager
def using_threads(threads: int) -> Iterator[None]:
    """`prepare` for a while: then the thread count is again what it was."""
    before = torch.get_num_threads()
    prepare(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


P = ParamSpec("P")
T = TypeVar("T")


def on_one_thread(make: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """Compute what a generator gives on one thread, whatever the thread count is otherwise.

    For many small products: threads that wait for one another at each take up to half as long
    again.
    """

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        items = make(*args, **kwargs)
        while True:
            before = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                torch.set_num_threads(before)
            yield item

    return made


def gains_by_bfloat16(device: torch.device) -> bool:
    """Whether training in bfloat16 is faster here: CUDA from Ampere on, CPUs with AMX tiles."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
