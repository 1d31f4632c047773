"""What a generated sound was made of: carried by its file, enough to make it again."""

import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from distill import __version__
from distill.audio.tags import read_tags
from distill.errors import AudioError, CodebookMismatchError
from distill.inference.modes.request import ModeSettings
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import Steering
from distill.models.persistence import LoadedVQModel

KEY = "distill"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """All that decides a sound: with the same model on the same device it comes out the same, to
    the sample.

    `gain` is the factor that brought it to its level; `model_hash` is that of `model_hash`.
    `max_copy` is told only: the `seed` is that of the draw that was kept.
    """

    version: str
    model_id: str
    model_hash: str
    device: str
    threads: int
    seed: int
    duration: float
    sampling: Sampling
    gain: float
    way: ModeSettings = field(default_factory=ModeSettings)
    steering: Steering = field(default_factory=Steering)
    max_copy: float | None = None

    @classmethod
    def of(cls, loaded: LoadedVQModel, threads: int, **settings: Any) -> "Recipe":
        """The recipe of a sound that `loaded` made just now."""
        device = loaded.model.rvq.codebooks.device.type
        stated = str(loaded.metadata.get("id", ""))
        return cls(__version__, stated, model_hash(loaded), device, threads, **settings)

    def tags(self, **more: Any) -> dict[str, str]:
        """Tags for the sound's file: all of it, and `more`, as one JSON object in the comment."""
        text = json.dumps({KEY: asdict(self), **more})
        return {"software": f"Distill {self.version}", "comment": text}

    def check_model(self, loaded: LoadedVQModel, path: str | os.PathLike[str]) -> None:
        """`CodebookMismatchError` when `loaded` is not the model that made the sound at `path`.

        Warns of what else may make it come out otherwise: another version of Distill, device or
        number of threads.
        """
        if self.model_hash != model_hash(loaded):
            raise CodebookMismatchError(
                f"{path} was made with another model (id {self.model_id}) than {loaded.path} "
                f"(id {loaded.metadata.get('id', '')}), or before its prior was trained again: name the model it was "
                "made with."
            )
        now = Recipe.of(
            loaded, torch.get_num_threads(), seed=0, duration=0.0, sampling=self.sampling, gain=1.0
        )
        if self._circumstances != now._circumstances:
            log.warning(
                "%s was made by %s; this is %s: it may not come out the same.",
                path,
                self._circumstances,
                now._circumstances,
            )

    @property
    def _circumstances(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"Distill {self.version} on {self.device} with {threads}"


def model_tags(loaded: LoadedVQModel) -> dict[str, str]:
    """Tags for the file of a sound that `loaded` decoded: by what, but not from what."""
    stated = {
        "version": __version__,
        "model_id": str(loaded.metadata.get("id", "")),
        "model_hash": model_hash(loaded),
    }
    return {"software": f"Distill {__version__}", "comment": json.dumps({KEY: stated})}


def model_hash(loaded: LoadedVQModel) -> str:
    """SHA-256 of all weights of `loaded`, codec and prior."""
    digest = hashlib.sha256()
    networks = [loaded.model] if loaded.prior is None else [loaded.model, loaded.prior]
    for network in networks:
        for name, weights in sorted(network.state_dict().items()):
            digest.update(name.encode())
            digest.update(weights.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """The recipe in the sound file at `path`. `AudioError` when it carries none."""
    try:
        entries = json.loads(read_tags(path).get("comment", ""))[KEY]
        parts = {
            "sampling": Sampling(**entries["sampling"]),
            "way": ModeSettings(**entries.get("way", {})),
            "steering": Steering.from_plain(entries.get("steering", {})),
        }
        recipe = Recipe(**entries | parts)
    except (ValueError, TypeError, KeyError) as error:
        raise AudioError(
            f"{path} does not say how it was made: name a sound that 'distill generate' wrote, as it wrote it."
        ) from error
    return _checked(path, recipe)


def _checked(path: str | os.PathLike[str], recipe: Recipe) -> Recipe:
    kinds = {
        "seed": int,
        "threads": int,
        "duration": float,
        "gain": float,
        "model_id": str,
        "model_hash": str,
    }
    for name, kind in kinds.items():
        value = getattr(recipe, name)
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise AudioError(
                f"{path} carries settings that no Distill writes ('{name}'): make the sound anew."
            )
    return recipe
