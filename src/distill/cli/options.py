"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from distill.process import Priority as ProcessPriority

ModelPath = Annotated[Path, typer.Argument(help="Model file (.sda).", metavar="MODEL_PATH")]
DatasetDir = Annotated[Path, typer.Argument(help="Folder of your sounds.", metavar="DATASET_DIR")]
CodesOrDocument = Annotated[
    Path,
    typer.Argument(
        help="Codes file (.json or .json.gz), or id or name of a document.", metavar="CODES_PATH"
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Threads = Annotated[
    int | None,
    typer.Option(
        help="CPU threads that share every operation. Default: one, and several pieces or sounds "
        "side by side."
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite", help="Replace files that exist; never those that the command reads."
    ),
]
TrainingThreads = Annotated[
    int | None,
    typer.Option(
        help="CPU threads. Default: the fastest number, by trials; for a given number of steps or "
        "epochs, one for each core that is idle at the start, at most 8."
    ),
]
Priority = Annotated[
    ProcessPriority,
    typer.Option(help="low: other programs come first. normal: all are equal."),
]
Detach = Annotated[
    bool,
    typer.Option("--detach", help="Train in the background, even after this terminal is closed."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        help="Processes that read new sounds. Default: DISTILL_JOBS, else one per core, at most 8.",
        metavar="N",
    ),
]
Devices = Annotated[
    int | None,
    typer.Option(
        "--devices",
        help="Processes that train together: one for each GPU, or for a part of the cores. "
        "Default: 1.",
        metavar="N",
    ),
]
LogTarget = Annotated[
    str,
    typer.Option(
        "--log",
        help="Also log to TensorBoard: tensorboard=DIR.",
        metavar="tensorboard=DIR",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
FromTime = Annotated[
    str | None,
    typer.Option("--from", help="Start, in seconds (1.5) or code frames (70f).", metavar="TIME"),
]
ToTime = Annotated[
    str | None,
    typer.Option(
        "--to", help="End, in seconds or frames. Default: end of the sound.", metavar="TIME"
    ),
]
Levels = Annotated[
    str | None, typer.Option(help="Levels: 1-2, or 1,3, or structure,timbre. Default: all.")
]
WorkspaceDir = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        help="Folder of the workspace. Default: DISTILL_WORKSPACE, else ~/Distill.",
        metavar="DIR",
    ),
]
IgnoreChoices = Annotated[
    bool,
    typer.Option(
        "--ignore-choices", help="Hear every file alike, whatever 'distill corpus' has set."
    ),
]
ForGood = Annotated[
    bool, typer.Option("--for-good", help="Delete without a bin: nothing brings it back.")
]
