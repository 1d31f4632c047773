"""A comparison of two models: what both make of the same seeds. It loads torch."""

from collections.abc import Callable
from pathlib import Path

from distill.errors import UsageError
from distill.files import FilePath
from distill.library.comparison import Comparison, Couple
from distill.library.comparison_sounds import create_comparison
from distill.library.leftovers import scratch_folder
from distill.library.workspace import Workspace
from distill.workflows.generate import generate
from distill.workflows.load import Loader, load

DURATION_S = 8.0
"""Seconds of a sound: long enough to judge, short enough to remember while the other plays."""

Progress = Callable[[int, int], None]
"""Called with the number of sounds made, and of all."""


def compare_models(
    workspace: Workspace,
    models: tuple[FilePath, FilePath],
    pairs: int = 12,
    duration: float = DURATION_S,
    seed: int = 0,
    name: str = "",
    loader: Loader = load,
    progress: Progress = lambda done, total: None,
) -> Comparison:
    """Let two models generate from the same seeds, and make a blind comparison of the sounds.

    Args:
        workspace: The workspace.
        models: Both model files.
        pairs: Number of pairs.
        duration: Seconds of each sound.
        seed: Seed of the first pair, then `seed + 1` and so on; it draws the sides too.
        name: Name of the comparison. Default: of both models.
        loader: Loads a model.
        progress: Called after each sound.

    Raises:
        UsageError: There are too few or too many pairs.
        NoPriorError: A model has not learnt to generate.
    """
    if not 1 <= pairs <= 100:
        raise UsageError("--pairs must lie between 1 and 100.")
    first, second = (Path(path) for path in models)
    sides = (first.stem, second.stem)
    if sides[0] == sides[1]:
        sides = (str(first), str(second))
    with scratch_folder(workspace) as folder:
        for place, path in enumerate((first, second)):
            model = loader(path, "auto", None)
            for number in range(pairs):
                (sound,) = generate(model, duration, seed=seed + number)
                sound.save(folder / f"{place}-{number}.wav")
                progress(place * pairs + number + 1, 2 * pairs)
        couples = [
            Couple(
                first=folder / f"0-{number}.wav",
                second=folder / f"1-{number}.wav",
                labels=(f"seed {seed + number}",) * 2,
            )
            for number in range(pairs)
        ]
        return create_comparison(workspace, couples, sides, seed, name)
