"""Checkpoints: everything that training needs to go on, in one file beside the model."""

import pickle
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch

from distill.errors import CheckpointError
from distill.models.sda_file import save_tensors

FORMAT = "distill.checkpoint"
VERSION = 4

# What torch lets escape when bytes are missing or altered.
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
    """Where the checkpoint of `model_path` lies: `my.sda.train.ckpt`, `my.sda.prior.ckpt`."""
    return model_path.with_name(f"{model_path.name}.{kind}.ckpt")


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers, strings, lists and dicts; whole or not at all."""
    save_tensors(path, {"format": FORMAT, "version": VERSION} | state)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint. `CheckpointError` when there is none, or it is no checkpoint of this
    version."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(
            f"There is no checkpoint at {path}: nothing to go on with. Start afresh without --resume."
        ) from None
    except _DAMAGE as error:
        raise CheckpointError(
            f"The checkpoint {path} is damaged: delete it and start afresh."
        ) from error
    if (
        not isinstance(state, dict)
        or state.get("format") != FORMAT
        or state.get("version") != VERSION
    ):
        raise CheckpointError(
            f"{path} is no checkpoint of this version of Distill: delete it and start afresh."
        )
    return state
