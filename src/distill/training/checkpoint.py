"""Checkpoints: all that an interrupted training needs to go on, in one file beside the model.

Raise `VERSION` whenever the entries change: a checkpoint of another version is refused.
"""

import pickle
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch
from torch import Tensor

from distill.errors import CheckpointError
from distill.models.sda_file import save_tensors

# Marker in the file that says what it is.
FORMAT = "distill.checkpoint"

# Version of the entries of a checkpoint.
VERSION = 5

# Errors of torch when bytes of the file are missing or altered.
_DAMAGE = (
    AttributeError,
    BadZipFile,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)


def checkpoint_path(model_path: Path, kind: str = "train") -> Path:
    """Path of the checkpoint of `model_path`: `my.sda.train.ckpt`, `my.sda.prior.ckpt`."""
    return model_path.with_name(f"{model_path.name}.{kind}.ckpt")


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers, strings, lists and dicts to `path`; whole or not at all."""
    save_tensors(path, {"format": FORMAT, "version": VERSION} | state)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint to the CPU.

    Raises:
        CheckpointError: There is none, or it is damaged or of another version.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(
            f"There is no checkpoint at {path}: nothing to go on with. "
            "Start afresh without --resume."
        ) from None
    except _DAMAGE as error:
        raise CheckpointError(
            f"The checkpoint {path} is damaged: delete it and start afresh."
        ) from error

    # Damage may have left something that loads, but is no checkpoint.
    is_ours = isinstance(state, dict) and state.get("format") == FORMAT
    if not is_ours or state.get("version") != VERSION:
        raise CheckpointError(
            f"{path} is no checkpoint of this version of Distill: delete it and start afresh."
        )
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
