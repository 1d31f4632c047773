"""Sounds and renders for tests of the library, made without a model."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.library.render import Render
from distill.library.renders import add_render
from distill.library.workspace import Workspace

RECIPE = {
    "version": "0.2.0",
    "model_id": "0a" * 16,
    "model_hash": "ab" * 32,
    "device": "cpu",
    "threads": 1,
    "seed": 7,
    "duration": 0.1,
    "sampling": {"temperature": 0.9, "top_k": 0, "top_p": 0.97, "lead_in": 4.0, "like": "kick"},
    "gain": 1.0,
    "way": {"kind": "new", "source": "", "amount": None, "start": None, "stop": None},
    "steering": {"brightness": [[0.0, 20.0], [5.0, 90.0]], "tags": [["drums", 0.7]]},
    "max_copy": None,
}
"""Entries of a recipe, as sound files have them."""


def write_sound(path: Path, seed: int = 0) -> Path:
    """A tenth of a second of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).uniform(-0.1, 0.1, 4800)
    sf.write(path, samples, 48_000, subtype="PCM_24")
    return path


def grid(seed: int = 0) -> CodeGrid:
    """Codes of such a sound."""
    return CodeGrid(
        codes=np.random.default_rng(seed).integers(0, 32, (5, 3)),
        codebook_size=32,
        codebook_hash="cd" * 32,
        model_id="0a" * 16,
        frame_rate=46.875,
        level_names=("Structure", "Timbre", "Detail"),
        gain=1.0,
        n_samples=4800,
        sample_rate=48_000,
        channels=1,
        source="",
    )


def keep(
    workspace: Workspace,
    path: Path,
    seed: int = 7,
    recipe: dict[str, Any] | None = None,
    **facts: Any,
) -> Render:
    """Write a sound, and keep it as `generate` does."""
    write_sound(path, seed)
    values: dict[str, Any] = {
        "model_name": "plucks",
        "duration_s": 0.1,
        "sample_rate": 48_000,
        "channels": 1,
        "copy": {"passage_percent": float(seed)},
        **facts,
    }
    whole = RECIPE | {"seed": seed} | (recipe or {})
    render = Render(id="", path=path, made="", recipe=whole, **values)
    return add_render(workspace, render, lambda place: save_codes(place, grid(seed)))
