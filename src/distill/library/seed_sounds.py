"""New sounds of fixed seeds, as previews hold them. Loads torch."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from distill.models.persistence import LoadedVQModel
from distill.workflows.describe_results import generated_facts
from distill.workflows.generate import generate


def draw_seeds(
    loaded: LoadedVQModel,
    folder: Path,
    seeds: Sequence[int],
    seconds: float,
    cancel_event: threading.Event | None = None,
) -> Iterator[dict[str, Any]]:
    """Facts of the new sound of each seed, once its file is written.

    Args:
        loaded: A model with a prior.
        folder: Folder of the files.
        seeds: A sound each.
        seconds: Length of each sound.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.
    """
    for seed in seeds:
        (sound,) = generate(loaded, seconds, seed, cancel_event=cancel_event)
        path = sound.save(folder / f"seed-{seed}.wav")
        yield asdict(generated_facts(path, sound))
