"""Where to compute: device, threads and precision, chosen once and said in plain words."""

import logging
import os

import torch

from distill.errors import UsageError

log = logging.getLogger(__name__)

MAX_THREADS = 8


def pick_device(name: str = "auto") -> torch.device:
    """The device called `name`; `auto` takes CUDA, then a sound MPS, then the CPU. `UsageError` if absent."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps") if torch.backends.mps.is_available() and mps_is_sound() else torch.device("cpu")
    kind = name.split(":")[0]
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in available:
        raise UsageError(f"Unknown device '{name}': choose auto, cpu, cuda or mps.")
    if not available[kind]:
        raise UsageError(f"This machine has no '{name}' that PyTorch can use: choose --device auto or cpu.")
    if kind == "mps" and not mps_is_sound():
        return torch.device("cpu")
    return torch.device(name)


def mps_is_sound() -> bool:
    """Whether the inverse FFT on MPS agrees with the CPU's: some PyTorch versions get it wrong."""
    spectrum = torch.polar(torch.ones(4, 1025), torch.linspace(0, 99, 4 * 1025).reshape(4, 1025))
    try:
        there = torch.fft.irfft(spectrum.to("mps")).cpu()
    except (RuntimeError, NotImplementedError, TypeError) as error:
        log.warning("The Apple GPU cannot compute inverse FFTs (%s): using the CPU.", error)
        return False
    if torch.allclose(there, torch.fft.irfft(spectrum), atol=1e-4):
        return True
    log.warning("The Apple GPU gives wrong inverse FFTs with this PyTorch: using the CPU.")
    return False


def default_threads() -> int:
    """Threads to use when none are asked for: the cores that this process may use, at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, MAX_THREADS))


def prepare(threads: int | None = None) -> int:
    """Set the thread count of this process (returned); flush denormals, which make CPUs crawl on fading sound."""
    threads = threads or default_threads()
    if threads < 1:
        raise UsageError("--threads must be at least 1.")
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    return threads


def gains_by_bfloat16(device: torch.device) -> bool:
    """Whether training in bfloat16 is faster here: CUDA from Ampere on, CPUs with AMX tiles."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
