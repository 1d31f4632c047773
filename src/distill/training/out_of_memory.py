"""How much a step may hear at once, and running out of memory: how to tell, how to give back what
can be given."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from distill.errors import MemoryUsedUpError

# What PyTorch and the libraries under it say, where they have no error class for it; the last two
# are oneDNN's.
_PHRASES = (
    "out of memory",
    "can't allocate memory",
    "bad_alloc",
    "alloc_failed",
    "could not create a primitive",
    "could not create a memory",
)


USUAL_BATCH_SIZE, CUDA_BATCH_SIZE = 8, 64
"""Half-second pieces: on a CPU half as many are worse at equal time; a CUDA device has hardly begun
with so few."""


def usual_batch_size(device: torch.device) -> int:
    """How many pieces a step hears on `device`; memory that runs out halves it."""
    return CUDA_BATCH_SIZE if device.type == "cuda" else USUAL_BATCH_SIZE


def is_out_of_memory(error: Exception) -> bool:
    """Whether `error` says that the memory of the computer or of its GPU is used up."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(
        phrase in str(error).lower() for phrase in _PHRASES
    )


def free_memory(device: torch.device) -> None:
    """Hand back what is held for later use."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


@contextmanager
def memory_in_a_sentence() -> Iterator[None]:
    """Turns the many errors of memory that is used up into `MemoryUsedUpError`."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryUsedUpError(
            "Memory is used up, even with a single piece of sound at each step: close other programs, or train on a "
            "machine with more memory. What was saved before stays, and --resume goes on from it."
        ) from error
