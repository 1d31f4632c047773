"""Choice of device, number of threads and precision."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import torch

from distill.bounds import check_bound
from distill.errors import UsageError
from distill.process import available_cores, idle_cores
from distill.ranks import own_place

log = logging.getLogger(__name__)

MAX_THREADS = 8
"""Most threads by default: the networks are too small to gain from more."""

CONSTANTS = torch.device("cpu")
"""Where networks compute their constants, even those that are built without memory. Arithmetic on
torch's device `meta` would load torch's compiler: a second of work in every process."""


def pick_device(name: str = "auto") -> torch.device:
    """Choose the device to compute on.

    Args:
        name: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto`: CUDA, then an MPS that computes rightly,
            then the CPU. An MPS that computes wrongly is replaced by the CPU.

    Raises:
        UsageError: If there is no such device here.
    """
    has_cuda = torch.cuda.is_available()
    has_mps = torch.backends.mps.is_available()
    if name == "auto":
        if has_cuda:
            return torch.device("cuda")
        return torch.device("mps" if has_mps and mps_is_sound() else "cpu")
    kind = name.split(":")[0]
    available = {"cpu": True, "cuda": has_cuda, "mps": has_mps}
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
    """Tell whether Fourier transforms on MPS agree with the CPU: some PyTorch versions err."""
    try:
        by_mps = _round_trip(torch.device("mps"))
        by_cpu = _round_trip(torch.device("cpu"))
    except (RuntimeError, TypeError) as error:
        log.warning("The Apple GPU cannot compute what training needs (%s): using the CPU.", error)
        return False
    pairs = zip(by_mps, by_cpu, strict=True)
    if all(torch.allclose(own, reference, atol=1e-3) for own, reference in pairs):
        return True
    log.warning("The Apple GPU gives wrong inverse FFTs with this PyTorch: using the CPU.")
    return False


def _round_trip(device: torch.device) -> tuple[torch.Tensor, ...]:
    """Transform a spectrum to frames and back on `device`, with gradients, as training does.

    Returns:
        Frames, gradient by phase, and real and imaginary part of a spectral product, on the CPU.
    """
    phase = torch.linspace(0, 99, 4 * 1025).reshape(4, 1025).to(device).requires_grad_()
    magnitude = torch.ones_like(phase)
    frames = torch.fft.irfft(torch.polar(magnitude, phase))
    power = torch.view_as_real(torch.fft.rfft(frames * frames)).square().sum(-1)
    power.mean().backward()
    assert phase.grad is not None
    with torch.no_grad():
        spectrum = torch.complex(phase.cos(), phase.sin())
        signal = torch.fft.irfft(spectrum / spectrum.shape[-1], norm="forward")
        slopes = torch.fft.rfft(signal)
        slopes[..., 0] /= 2
        product = spectrum.conj() * (slopes * phase.cos())
    return frames.detach().cpu(), phase.grad.cpu(), product.real.cpu(), product.imag.cpu()


def default_threads() -> int:
    """Number of threads by default: one a core, at most `MAX_THREADS` or `$OMP_NUM_THREADS`.

    Processes that train together share the cores of their machine.
    """
    setting = os.environ.get("OMP_NUM_THREADS", "")
    limit = int(setting) if setting.isdecimal() else MAX_THREADS
    return max(1, min(available_cores() // own_place().local_size, limit))


def free_threads() -> int:
    """Number of threads that other programs leave room for at this moment, at least 1.

    A thread without a core of its own keeps the others waiting at every operation: beside one busy
    program, two threads on two cores take ten times as long as one.
    """
    return max(1, min(default_threads(), round(idle_cores())))


def prepare(threads: int | None = None) -> int:
    """Set up this process for computing.

    Sets the number of threads, never above the number of cores: threads that wait for one another
    at every operation take many times as long. Flushes denormal numbers, which make CPUs crawl on
    fading sound.

    Args:
        threads: Number of threads; None for `default_threads`.

    Returns:
        The number of threads that is set.

    Raises:
        UsageError: If `threads` is below 1, or far above any number of cores.
    """
    check_bound("--threads", threads)
    threads = default_threads() if threads is None else threads
    cores = available_cores()
    if threads > cores:
        log.warning("Using %d threads in place of %d: there are no more cores.", cores, threads)
        threads = cores
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    return threads


@contextmanager
def using_threads(threads: int) -> Iterator[None]:
    """`prepare` for the length of the block; then the earlier number of threads is set again."""
    before = torch.get_num_threads()
    prepare(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


P = ParamSpec("P")
T = TypeVar("T")


def on_one_thread(function: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """Decorate a generator function: its items are computed on one thread.

    For many small products: several threads would wait for one another at each product and take
    up to half as long again. The caller of the generator keeps its number of threads.
    """

    @wraps(function)
    def generate(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        items = function(*args, **kwargs)
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

    return generate


def gains_by_bfloat16(device: torch.device) -> bool:
    """Tell whether training in bfloat16 is faster: CUDA from Ampere on, CPUs with AMX tiles."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
