"""Checkpoints: all that an interrupted training needs to go on, in one file beside the model.

Raise `VERSION` whenever the entries change: a checkpoint of another version is refused.
"""

import logging
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from distill.bounds import check_bound
from distill.errors import CheckpointError, OutputError, UsageError
from distill.models.plain_types import find_fault
from distill.models.sda_file import save_tensors
from distill.models.torch_archive import ArchiveError, UnsafeArchiveError, is_regular, read_archive

log = logging.getLogger(__name__)

# Marker in the file that says what it is.
FORMAT = "distill.checkpoint"

# Version of the entries of a checkpoint.
VERSION = 5

# Errors of networks, optimisers and records that get a state which is not theirs.
_MISFIT = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    UsageError,
    ValueError,
)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers, strings, lists and dicts to `path`; whole or not at all."""
    save_tensors(path, {"format": FORMAT, "version": VERSION} | state)


class PatientSaver:
    """Saves files of a training on its way, for which a full disk is no reason to end.

    Attributes:
        error: That of the last attempt; None if it went well.
    """

    def __init__(self) -> None:
        self.error: OutputError | None = None

    def attempt(self, save: Callable[[], None]) -> None:
        """Call `save`. The first `OutputError` in a row is said, and none of them is raised."""
        earlier = self.error
        self.error = None
        try:
            save()
        except OutputError as error:
            self.error = error
            if earlier is None:
                log.warning("%s Training goes on and tries again later: make room.", error)


def load_checkpoint(path: Path, types: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read a checkpoint to the CPU, once the checksums of all its parts are right.

    Args:
        path: The file.
        types: Types of its entries, as in `plain_types`.

    Raises:
        CheckpointError: There is none, or it is damaged or of another version.
    """
    try:
        # Not there, too, is what has a name longer than any file.
        if not os.path.lexists(path):
            raise FileNotFoundError(path)
        if not is_regular(path):
            raise damage_error(path)  # a pipe would be waited for without end
        state = read_archive(path).contents
    except FileNotFoundError:
        raise CheckpointError(
            f"There is no checkpoint at {path}: nothing to go on with. "
            "Start afresh without --resume."
        ) from None
    except UnsafeArchiveError as error:
        raise CheckpointError(
            f"The checkpoint {path} holds {error}, which Distill never writes: "
            "delete it and start afresh."
        ) from error
    except (ArchiveError, OSError, ValueError) as error:
        raise damage_error(path) from error

    # Damage may have left something that loads, but is no checkpoint.
    is_ours = isinstance(state, dict) and state.get("format") == FORMAT
    if not is_ours or state.get("version") != VERSION:
        raise CheckpointError(
            f"{path} is no checkpoint of this version of Distill: delete it and start afresh."
        )
    if fault := find_fault(state, types or {}, "checkpoint"):
        raise CheckpointError(f"{path} states no usable '{fault}': delete it and start afresh.")
    return state


def random_state(device: torch.device) -> dict[str, Tensor]:
    """State of PyTorch's global generators on the CPU and on `device`, which dropout draws from."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: dict[str, Tensor], device: torch.device) -> None:
    """Let the global generators go on from `state`; a device that has none in it goes on as is."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def discard_checkpoint(path: Path) -> None:
    """Delete a checkpoint that nothing goes on from any more, if there is one.

    One that cannot be deleted, as in a folder that has become read-only, is said and left.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or error
        log.warning("Cannot delete %s (%s): it is of no more use, delete it by hand.", path, reason)


def damage_error(path: Path) -> CheckpointError:
    """The error for a checkpoint that cannot be used."""
    return CheckpointError(f"The checkpoint {path} is damaged: delete it and start afresh.")


@contextmanager
def restoring(path: Path) -> Iterator[None]:
    """Within the context, state that does not fit its network or optimiser is a damaged checkpoint.

    Raises:
        CheckpointError: In place of the errors that torch and constructors raise.
    """
    try:
        yield
    except _MISFIT as error:
        raise damage_error(path) from error


def check_counters(state: dict[str, Any]) -> None:
    """Raise `ValueError` or `UsageError` for counters that no training has."""
    check_bound("--batch-size", state["batch_size"])
    for name in ("step", "elapsed_s", "heard_s"):
        if not 0 <= state[name] < math.inf:
            raise ValueError(f"a training cannot have a '{name}' of {state[name]}")


def load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Load the state of an optimiser, once its tensors have the shapes of their parameters.

    Raises:
        ValueError: If it is the state of another optimiser: torch itself would find out later.
    """
    present = optimizer.state_dict()["param_groups"]
    for group, loaded_group in zip(present, state["param_groups"], strict=True):
        kinds = {name: type(value) for name, value in group.items()}
        loaded_kinds = {name: type(value) for name, value in loaded_group.items()}
        if kinds != loaded_kinds or group["params"] != loaded_group["params"]:
            raise ValueError("the optimiser has other parameters")

    parameters = [weight for group in optimizer.param_groups for weight in group["params"]]
    for index, entries in state["state"].items():
        for value in entries.values():
            shape = parameters[index].shape
            if not isinstance(value, Tensor) or value.shape not in (shape, ()):
                raise ValueError("a state of the optimiser has another shape")
    optimizer.load_state_dict(state)
