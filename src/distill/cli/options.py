"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from distill.errors import UsageError

ModelPath = Annotated[Path, typer.Argument(help="Model file (.sda).", metavar="MODEL_PATH")]
DatasetDir = Annotated[Path, typer.Argument(help="Folder of your sounds.", metavar="DATASET_DIR")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads. Default: one a core, at most 8.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]

LARGEST_SEED = 2**62
"""PyTorch and NumPy both take this, with room for the seeds that follow it."""


def check_seed(seed: int | None) -> None:
    """`UsageError` for a seed that no random generator takes."""
    if seed is not None and not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"--seed must lie between 0 and {LARGEST_SEED}.")
