"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ModelPath = Annotated[Path, typer.Argument(help="Model file (.sda).", metavar="MODEL_PATH")]
DatasetDir = Annotated[Path, typer.Argument(help="Folder of your sounds.", metavar="DATASET_DIR")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads. Default: one a core, at most 8.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
CodesPath = Annotated[
    Path, typer.Argument(help="Codes file (.json or .json.gz).", metavar="CODES_PATH")
]
FromTime = Annotated[
    str | None, typer.Option("--from", help="Seconds (1.5) or code frames (70f).", metavar="TIME")
]
ToTime = Annotated[
    str | None, typer.Option("--to", help="Likewise; default: the end.", metavar="TIME")
]
Levels = Annotated[str | None, typer.Option(help="1-2, or 1,3, or structure,timbre. Default: all.")]
