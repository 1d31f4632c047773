"""Running out of memory: how to tell, and how to give back what can be given back."""

import gc

import torch

# What PyTorch and the libraries under it say, where they have no error class for it.
_PHRASES = ("out of memory", "can't allocate memory", "bad_alloc", "alloc_failed")


def is_out_of_memory(error: Exception) -> bool:
    """Whether `error` says that the memory of the computer or of its GPU is used up."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in _PHRASES)


def free_memory(device: torch.device) -> None:
    """Hand back what is held for later use."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
