"""Models from files: load one by its path, or find the one that made a sound."""

from collections.abc import Callable
from pathlib import Path

from distill.device import default_threads, pick_device, prepare
from distill.errors import ModelFileError, UsageError
from distill.files import FilePath
from distill.inference.blending.settings import BlendRecord
from distill.inference.recipe import Recipe
from distill.models.persistence import LoadedVQModel, load_model_v2, read_header
from distill.workflows.hub import fetch, find_fetched, is_address

Loader = Callable[[FilePath, str, int | None], LoadedVQModel]
"""Loads the model in a file, on a device and with a number of threads, as `load` does."""

MOST_WORKERS = 4
"""Pieces of a sound that are in work at once, at most: each takes up to 100 MB."""


def load(path: FilePath, device: str = "auto", threads: int | None = None) -> LoadedVQModel:
    """Load a model, ready to use.

    Args:
        path: Model file (`.sda`), or `hf://USER/NAME` for one at the hub.
        device: `auto`, `cpu`, `cuda` or `mps`.
        threads: CPU threads that share every operation; None: one, and the pieces of a sound, or
            several sounds, side by side on the cores, at most 4 of them.

    Raises:
        ModelFileError: If the file is missing, damaged, or no model.
        HubError: If the hub cannot be reached, or does not have it.
        UsageError: If the device is unknown or absent.

    Example:
        model = distill.load("my.sda")
    """
    file = fetch(path) if is_address(path) else path
    loaded = load_model_v2(file, device=pick_device(device))
    use_threads(loaded, threads)
    return loaded


def use_threads(loaded: LoadedVQModel, threads: int | None) -> None:
    """Set the threads that a model computes on, as `load` does."""
    is_on_cpu = loaded.model.rvq.codebooks.device.type == "cpu"
    shares_work = threads is None and is_on_cpu
    prepare(1 if threads is None else threads)
    loaded.model.workers = min(default_threads(), MOST_WORKERS) if shares_work else 1


def find_model(recipe: Recipe | None, sound: FilePath | None) -> Path:
    """Find the model file that generated a sound, beside the sound or in the current folder.

    Args:
        recipe: Recipe in the metadata of the sound, which names the id of its model.
        sound: The sound file.

    Raises:
        UsageError: If there is no such model file, or no sound to go by.
    """
    if recipe is None or sound is None:
        raise UsageError("Which model? Name one, as in `distill generate my.sda`.")
    if path := _near(sound, recipe.model_id):
        return path
    raise UsageError(
        f"The model that made {sound} (id {recipe.model_id}) lies neither beside it nor in this "
        f"folder: name it, as in `distill generate my.sda --again {sound}`."
    )


def find_second_model(record: BlendRecord, sound: FilePath) -> Path:
    """Find the second model file of a blended sound, beside the sound or in the current folder.

    One at the hub is found where it was fetched before. The hub is not asked: what a sound file
    says is not what a person says.

    Args:
        record: What the sound says of the blend.
        sound: The sound file.

    Raises:
        UsageError: If there is no such model file.
    """
    if path := _near(sound, record.id):
        return path
    if is_address(record.name) and (fetched := find_fetched(record.name)):
        return fetched
    raise UsageError(
        f"{sound} was blended with '{record.name}' (id {record.id}), which lies neither beside it "
        "nor in this folder: name that with --blend."
    )


def _near(sound: FilePath, model_id: str) -> Path | None:
    """The model file with an id, beside a sound or in the current folder; None without one."""
    # Each folder once, though the sound may lie in the current one.
    folders = dict.fromkeys((Path(sound).resolve().parent, Path.cwd()))
    for folder in folders:
        for path in sorted(folder.glob("*.sda")):
            if model_id and model_id == _read_id(path):
                return path
    return None


def _read_id(path: Path) -> str | None:
    """The id of a model file; None if the file cannot be read, and so cannot be used anyway."""
    try:
        return str(read_header(path)["metadata"].get("id", ""))
    except ModelFileError:
        return None
