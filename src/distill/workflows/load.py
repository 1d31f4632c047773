"""Which model made a sound, where nobody says."""

from pathlib import Path

from distill.device import pick_device, prepare
from distill.errors import ModelFileError, UsageError
from distill.inference.recipe import Recipe
from distill.models.persistence import LoadedVQModel, load_model_v2, read_header
from distill.workflows.paths import FilePath


def find_model(recipe: Recipe | None, sound: FilePath | None) -> Path:
    """The model file with the id of the `recipe` of `sound`: beside the sound, or in the current
    folder.

    `UsageError` where there is none, or no sound to tell by.
    """
    if recipe is None or sound is None:
        raise UsageError("Which model? Name one, as in `distill generate my.sda`.")
    folders = dict.fromkeys((Path(sound).resolve().parent, Path.cwd()))
    for path in (path for folder in folders for path in sorted(folder.glob("*.sda"))):
        if recipe.model_id and recipe.model_id == _id(path):
            return path
    raise UsageError(
        f"The model that made {sound} (id {recipe.model_id}) lies neither beside it nor in this folder: name it, as in "
        f"`distill generate my.sda --again {sound}`."
    )


def _id(path: Path) -> str | None:
    """The id of a model file; None of one that cannot be read, which is not the one then."""
    try:
        return str(read_header(path)["metadata"].get("id", ""))
    except ModelFileError:
        return None


def load(path: FilePath, device: str = "auto", threads: int | None = None) -> LoadedVQModel:
    """The model in the file `path`, ready to use. Raises the `ModelFileError` that says what is
    wrong."""
    prepare(threads)
    return load_model_v2(path, device=pick_device(device))
