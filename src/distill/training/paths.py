"""Where the files of a training lie. Free of torch."""

from pathlib import Path


def checkpoint_path(model_path: Path, kind: str = "train") -> Path:
    """Path of the checkpoint of `model_path`: `my.sda.train.ckpt`, `my.sda.prior.ckpt`."""
    # `with_name` would fail for a path without one, such as `.`.
    return model_path.parent / f"{model_path.name}.{kind}.ckpt"
