"""Where the files of a training lie. Free of torch."""

from pathlib import Path

from distill.errors import OutputError


def checkpoint_path(model_path: Path, kind: str = "train") -> Path:
    """Path of the checkpoint of `model_path`: `my.sda.train.ckpt`, `my.sda.prior.ckpt`."""
    # `with_name` would fail for a path without one, such as `.`.
    return model_path.parent / f"{model_path.name}.{kind}.ckpt"


def log_path(model_path: Path) -> Path:
    """Path of the log of the trainings of `model_path`: `my.sda.log.jsonl`."""
    return model_path.parent / f"{model_path.name}.log.jsonl"


def check_model_name(path: Path) -> None:
    """Check that a model file is called as one.

    Raises:
        OutputError: If its name does not end in `.sda`.
    """
    if path.suffix != ".sda":
        raise OutputError(f"A model file's name must end in .sda: '{path}' does not.")


def check_untrained(path: Path) -> None:
    """Check that no training has written `path`, or left a checkpoint of it.

    Raises:
        OutputError: If one has.
    """
    if checkpoint_path(path).exists():
        raise OutputError(
            f"An interrupted training of '{path}' is there: go on with it by "
            "--resume, or start afresh with --overwrite."
        )
    if path.exists():
        raise OutputError(
            f"'{path}' is a trained model already: "
            "choose another --output, or replace it with --overwrite."
        )
