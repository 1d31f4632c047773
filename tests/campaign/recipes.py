"""Mutated recipes in sounds: read, and used to make the sound again."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

import distill
from distill.audio.tags import read_tags
from distill.models.persistence import LoadedVQModel
from distill.workflows.request import EarlierSound, make_request
from tests.campaign.commands import run_command
from tests.campaign.material import material
from tests.campaign.mutate import mutate_bytes, mutate_json, mutate_value
from tests.campaign.report import Plan, Tally
from tests.campaign.workers import run_case

NAME = "recipes"
COUNT = 2_000
TAKES_S = 80

LONGEST_S = 1.0
"""Seconds of a sound that is made again: trials are short."""

SHARE_BY_COMMAND = 0.1
"""Share of all files that `distill generate --again` gets too."""


def run(plan: Plan) -> Tally:
    """Mutate recipes as the plan says."""
    return run_case(RecipesCase(material(plan.shared)), plan)


class RecipesCase:
    """Sounds with mutated recipes."""

    name = NAME
    suffix = ".wav"

    def __init__(self, folder: Path) -> None:
        self._model_path = folder / "model.sda"
        self._model: LoadedVQModel = distill.load(self._model_path, threads=1)
        paths = sorted((folder / "generated").glob("*.wav"))
        self._files = [path.read_bytes() for path in paths]
        self._texts = [read_tags(path)["comment"].encode() for path in paths]
        self._tables = [json.loads(text) for text in self._texts]
        self._samples = [sf.read(path, dtype="int16")[0] for path in paths]

    def whole(self) -> Sequence[bytes]:
        """Sounds as Distill wrote them, and in the frame that mutated recipes get."""
        return (*self._files, *map(self._frame, range(len(self._texts)), self._texts))

    def _frame(self, index: int, text: bytes) -> bytes:
        """A WAV file with sound `index` and this comment, whatever it is."""
        samples = self._samples[index].astype("<i2").tobytes()
        fmt = struct.pack("<HHIIHH", 1, 1, 48_000, 96_000, 2, 16)
        info = b"INFO" + _chunk(b"ISFT", b"Distill\0") + _chunk(b"ICMT", text + b"\0")
        chunks = _chunk(b"fmt ", fmt) + _chunk(b"LIST", info) + _chunk(b"data", samples)
        return _chunk(b"RIFF", b"WAVE" + chunks)

    def make(self, rng: np.random.Generator, canary: Path) -> bytes:
        """A sound whose recipe has other values or bytes."""
        index = int(rng.integers(len(self._texts)))
        chance = rng.random()
        if chance < 0.1:
            return mutate_bytes(self._files[index], rng)
        if chance < 0.2:
            return self._frame(index, mutate_bytes(self._texts[index], rng))
        if chance < 0.3:
            return self._frame(index, mutate_json(self._texts[index], rng))
        return self._frame(index, json.dumps(self._mutated_table(index, rng)).encode())

    def _mutated_table(self, index: int, rng: np.random.Generator) -> Any:
        table = dict(self._tables[index])
        recipe = table["distill"]
        for _ in range(int(rng.integers(1, 3))):
            recipe = mutate_value(recipe, rng)
        return table | {"distill": recipe}

    def use(self, path: Path, rng: np.random.Generator) -> str:
        """Read the recipe, and make the sound again if it is a short one."""
        if rng.random() < SHARE_BY_COMMAND:
            self._command(path)
        earlier = EarlierSound.read(path)
        request = make_request(earlier)
        earlier.recipe.check_model(self._model, path)
        if request.duration > LONGEST_S:
            return "read"
        sound = distill.generate_again(self._model, path)
        if not np.isfinite(sound.audio).all():
            raise ArithmeticError("a sound was made of samples that are not numbers")
        return "used"

    def _command(self, path: Path) -> None:
        # Seconds are checked before frames are drawn: a long one is not begun.
        output = path.with_name("again.wav")
        try:
            is_short = EarlierSound.read(path).recipe.duration <= LONGEST_S
        except distill.DistillError:
            is_short = True
        if is_short:
            run_command("generate", self._model_path, "--again", path, "-o", output)
        output.unlink(missing_ok=True)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)
