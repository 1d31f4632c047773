"""Mutated codes files: read, shown, edited, decoded and written again."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import distill
from distill.inference.codes.grid import CodeGrid
from distill.models.persistence import LoadedVQModel
from tests.campaign.commands import run_command
from tests.campaign.material import material
from tests.campaign.mutate import mutate_bytes, mutate_json, mutate_value, pick, splice
from tests.campaign.report import Plan, Tally
from tests.campaign.workers import run_case

NAME = "codes"
COUNT = 10_000
TAKES_S = 10

LONGEST_S = 5.0
"""Seconds of sound that is decoded of a survivor: trials are short."""

SHARE_WORKED_ON = 0.3
"""Share of the survivors that are shown, edited and decoded."""


def run(plan: Plan) -> Tally:
    """Mutate codes files as the plan says."""
    return run_case(CodesCase(material(plan.shared)), plan)


class CodesCase:
    """Mutated codes files."""

    name = NAME
    suffix = ".json"

    def __init__(self, folder: Path) -> None:
        self._model: LoadedVQModel = distill.load(folder / "model.sda", threads=1)
        plain = (folder / "codes.json").read_bytes()
        grid = distill.load_codes(folder / "codes.json")
        edited = distill.edit.lock(distill.edit.reverse(grid, start="3f", stop="8f").grid).grid
        other = folder / "edited.json"
        distill.save_codes(other, edited)
        self._files = (plain, other.read_bytes())
        self._tables = [json.loads(content) for content in self._files]

    def whole(self) -> Sequence[bytes]:
        """A file as it was encoded, an edited one, and a compressed one."""
        return (*self._files, gzip.compress(self._files[0], mtime=0))

    def make(self, rng: np.random.Generator, canary: Path) -> bytes:
        """A file with other bytes, or with other values."""
        if rng.random() < 0.6:
            content = _to_text(self._mutated_table(rng), rng)
        else:
            content = pick(rng, self._files)
            if rng.random() < 0.2:
                content = splice(content, pick(rng, self._files), rng)
            change = mutate_json if rng.random() < 0.4 else mutate_bytes
            content = change(content, rng)
        chance = rng.random()
        if chance < 0.1:
            return gzip.compress(content, mtime=0)
        if chance < 0.2:
            return mutate_bytes(gzip.compress(content, mtime=0), rng)
        return content

    def _mutated_table(self, rng: np.random.Generator) -> Any:
        table = pick(rng, self._tables)
        for _ in range(int(rng.integers(1, 3))):
            table = mutate_value(table, rng)
        return table

    def use(self, path: Path, rng: np.random.Generator) -> str:
        """Read the file; show, edit, decode and write a share of those that can be read."""
        grid = distill.load_codes(path)
        if rng.random() >= SHARE_WORKED_ON:
            return "read"
        run_command("codes", path)
        run_command("codes", path, "--json")
        self._edit(grid, path)
        if grid.codebook_hash == self._model.model.codebook_hash() and grid.seconds < LONGEST_S:
            sound = distill.decode(self._model, grid)
            if not np.isfinite(sound).all():
                raise ArithmeticError("the decoded sound holds samples that are not numbers")
        return "used"

    def _edit(self, grid: CodeGrid, path: Path) -> None:
        for edited in (distill.edit.reverse(grid).grid, distill.edit.repeat(grid, times=2).grid):
            again = path.with_name("again.json")
            distill.save_codes(again, edited)
            if distill.load_codes(again) != edited:
                raise ArithmeticError("codes are other codes when read again")
            again.unlink()


def _to_text(table: Any, rng: np.random.Generator) -> bytes:
    """JSON of any table, with signs that Python cannot write as UTF-8 too."""
    # Ten per cent plain, so that text beyond ASCII is in the file as such.
    is_ascii = rng.random() < 0.9
    return json.dumps(table, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
