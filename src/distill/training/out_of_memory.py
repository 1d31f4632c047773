"""Running out of memory: how to recognise it, and how to free memory before the next try.

A step that runs out of memory is done over with half the batch (`codec.trainer`). Only when a
single crop is too much does training end, in one sentence.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from distill.errors import MemoryUsedUpError

# Messages of PyTorch and of the libraries under it that have no error class of their own; the last
# two are oneDNN's.
_PHRASES = (
    "out of memory",
    "can't allocate memory",
    "bad_alloc",
    "alloc_failed",
    "could not create a primitive",
    "could not create a memory",
)

# Crops of half a second in a batch on a CPU: half as many were worse at equal time.
USUAL_BATCH_SIZE = 8

# The same on a CUDA device, which 8 crops leave mostly idle.
CUDA_BATCH_SIZE = 64


def usual_batch_size(device: torch.device, processes: int = 1) -> int:
    """Crops in a batch of so many `processes`, each on a `device`, unless the user says otherwise.

    Each has as many as it would have alone: a GPU with fewer would be mostly idle.
    """
    return processes * (CUDA_BATCH_SIZE if device.type == "cuda" else USUAL_BATCH_SIZE)


def is_out_of_memory(error: Exception) -> bool:
    """Whether `error` says that the memory of the computer or of its GPU is used up."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    message = str(error).lower()
    return any(phrase in message for phrase in _PHRASES)


def free_memory(device: torch.device) -> None:
    """Return memory that PyTorch keeps in reserve to the system."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


@contextmanager
def memory_in_a_sentence() -> Iterator[None]:
    """Turn the many errors of used-up memory into one.

    Raises:
        MemoryUsedUpError: In place of any error for which `is_out_of_memory` is true.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryUsedUpError(
            "Memory is used up, even with a single piece of sound at each step: "
            "close other programs, or train on a machine with more memory. "
            "What was saved before stays, and training can be resumed from it."
        ) from error
