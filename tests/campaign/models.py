"""Mutated model files: their header read, loaded, and used to encode, decode and generate."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import distill
from distill.models.persistence import LoadedVQModel, read_header
from tests.campaign.archives import mutate_members, mutate_pickle, split_archive
from tests.campaign.commands import run_command
from tests.campaign.material import material
from tests.campaign.mutate import mutate_bytes, mutate_value, pick, splice
from tests.campaign.report import Plan, Tally
from tests.campaign.workers import run_case

NAME = "models"
COUNT = 10_000
TAKES_S = 160

SHARE_WORKED_ON = 0.2
"""Share of the survivors that encode, decode and generate."""


def run(plan: Plan) -> Tally:
    """Mutate model files as the plan says."""
    return run_case(ModelsCase(material(plan.shared)), plan)


class ModelsCase:
    """Mutated model files."""

    name = NAME
    suffix = ".sda"

    def __init__(self, folder: Path) -> None:
        paths = (folder / "model.sda", folder / "codec.sda")
        self._files = tuple(path.read_bytes() for path in paths)
        self._members = [split_archive(content) for content in self._files]
        self._contents = [load_plain(content) for content in self._files]
        self._sound = 0.1 * np.random.default_rng(0).standard_normal((1, 4096)).astype(np.float32)

    def whole(self) -> Sequence[bytes]:
        """A model with a prior, and one without."""
        return self._files

    def make(self, rng: np.random.Generator, canary: Path) -> bytes:
        """A model with other entries, members, instructions or bytes."""
        # Models with a prior have more to go wrong.
        index = int(rng.random() < 0.2)
        chance = rng.random()
        if chance < 0.5:
            return save_plain(mutated_entries(self._contents[index], rng))
        if chance < 0.65:
            return mutate_members(self._members[index], rng)
        if chance < 0.85:
            return mutate_pickle(self._members[index], rng, canary)
        if chance < 0.9:
            return splice(self._files[index], pick(rng, self._files), rng)
        return mutate_bytes(self._files[index], rng)

    def use(self, path: Path, rng: np.random.Generator) -> str:
        """Show and load the file; encode, decode and generate with a share of the survivors."""
        # As `info` and the search of `--again` read it.
        read_header(path)
        model = distill.load(path, threads=1)
        if not run_command("info", path):
            raise ArithmeticError("a model loads that cannot be shown")
        if rng.random() >= SHARE_WORKED_ON:
            return "loaded"
        run_command("info", path, "--json")
        run_command("codebook", path)
        self._work(model)
        return "used"

    def _work(self, model: LoadedVQModel) -> None:
        codes = distill.encode(model, self._sound)
        distill.decode(model, codes)
        if model.prior is None:
            return
        for settings in ({}, {"brightness": 80}, {"loop": True}, {"one_shot": True}):
            (sound,) = distill.generate(model, duration=0.15, seed=1, **settings)
            if sound.audio.ndim != 2:
                raise ArithmeticError(f"a sound came as {sound.audio.shape}")


def load_plain(content: bytes) -> dict[str, Any]:
    """The entries of an archive."""
    entries: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True)
    return entries


def save_plain(entries: Any) -> bytes:
    """An archive with these entries."""
    file = io.BytesIO()
    torch.save(entries, file)
    return file.getvalue()


def mutated_entries(entries: dict[str, Any], rng: np.random.Generator) -> Any:
    """The entries with one or two changed; others are shared with the original."""
    changed: Any = entries
    for _ in range(int(rng.integers(1, 3))):
        changed = mutate_value(changed, rng)
    return changed
