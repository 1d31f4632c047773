"""Options of `distill train`."""

from pathlib import Path
from typing import Annotated

import typer

from distill.training.config import VQVAEConfig

Sounds = Annotated[
    Path | None,
    typer.Argument(help="Folder of your sounds (not needed with --resume).", metavar="DATASET_DIR"),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Model file to write, .sda. Default: name of the folder."),
]
Minutes = Annotated[
    float | None, typer.Option(help="Minutes to train. Default: by the length of the corpus.")
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the corpus, in place of minutes.")]
Steps = Annotated[
    int | None, typer.Option(help="Steps to train, in place of minutes (repeatable on a CPU).")
]
CodebookSize = Annotated[
    int | None,
    typer.Option(help="Codes per level. Default: by files and length."),
]
Levels = Annotated[
    int | None,
    typer.Option(
        "--rvq-levels",
        help=f"Levels of codes, 2 to 8. Default: {VQVAEConfig.num_quantizers}.",
    ),
]
BatchSize = Annotated[
    int | None, typer.Option(help="Pieces of half a second per step. Default: by device.")
]
LearningRate = Annotated[
    float | None,
    typer.Option("--lr", help=f"Highest learning rate. Default: {VQVAEConfig.learning_rate:g}."),
]
Channels = Annotated[int | None, typer.Option(help="1 mono, 2 stereo. Default: as the corpus is.")]
Seed = Annotated[
    int | None, typer.Option(help=f"Seed of all random choices. Default: {VQVAEConfig.seed}.")
]
ModelName = Annotated[
    str | None, typer.Option(help="Name of the model. Default: name of the file.")
]
Resume = Annotated[
    Path | None,
    typer.Option(help="Go on with the interrupted training of this model.", metavar="MODEL_PATH"),
]
DiscardPrior = Annotated[
    bool, typer.Option("--discard-prior", help="Overwrite a model file that holds a prior.")
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace a model, or start an interrupted training afresh."),
]
ContinueModel = Annotated[
    Path | None,
    typer.Option(
        "--continue-model",
        help="Train the next version of this model: same codes, and its prior, for more sounds.",
        metavar="MODEL_PATH",
    ),
]
NoEarlyStop = Annotated[
    bool,
    typer.Option("--no-early-stop", help="Train for the full time even if it no longer improves."),
]
ThenPrior = Annotated[
    bool, typer.Option("--then-prior", help="Train the generator as well, once this is done.")
]
