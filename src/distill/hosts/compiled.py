"""Modules compiled by TorchScript, which torch keeps but no longer recommends."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def no_deprecation() -> Iterator[None]:
    """A block in which torch does not say that TorchScript is old."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        yield


def compile_stream(module: nn.Module) -> torch.jit.ScriptModule:
    """A module in eval mode with a method `start` beside `forward`, a third faster on small blocks.

    The first calls of it take longest.
    """
    with no_deprecation():
        scripted = torch.jit.script(module)
        frozen: torch.jit.ScriptModule = torch.jit.freeze(scripted, preserved_attrs=["start"])
    return frozen
