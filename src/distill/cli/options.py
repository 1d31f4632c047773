"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ModelPath = Annotated[Path, typer.Argument(help="Model file (.sda).", metavar="MODEL_PATH")]
DatasetDir = Annotated[Path, typer.Argument(help="Folder of your sounds.", metavar="DATASET_DIR")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads. Default: one a core, at most 8.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
