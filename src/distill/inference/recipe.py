"""The recipe of a generated sound, carried by its file: enough to regenerate it exactly."""

import json
import logging
import os
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from distill import __version__
from distill.audio.delivery import AS_IS, Delivery
from distill.audio.tags import find_json, read_tags
from distill.bounds import BOUNDS
from distill.errors import AudioError, CodebookMismatchError
from distill.inference.blending.settings import BlendRecord
from distill.inference.codes.grid import LARGEST_GAIN
from distill.inference.modes.request import ModeSettings, Request
from distill.inference.modes.traits import traits_of
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel
from distill.models.plain_types import Choice, find_fault, maybe

KEY = "distill"
"""The entry of the JSON comment that holds the recipe."""

_DECODER = json.JSONDecoder()

FORMER_SETTINGS = frozenset(("free_levels", "closeness"))
"""Settings of sampling in recipes of earlier versions, which drew frame by frame."""

_PAIR_OF_NUMBERS = [float]
_CURVE = [_PAIR_OF_NUMBERS]

RECIPE_TYPES = {
    "version": str,
    "model_id": str,
    "model_hash": str,
    "device": str,
    "threads": int,
    "seed": int,
    "duration": float,
    "sampling": {
        "temperature?": float,
        "top_k?": int,
        "top_p?": float,
        "lead_in?": float,
        "like?": str,
        "nearness?": float,
        "tempo?": maybe(float),
        "swing?": float,
        "free_time?": bool,
        "form?": str,
        "form_variation?": float,
    },
    "gain": float,
    "way?": {
        "kind?": str,
        "source?": str,
        "source_hash?": str,
        "amount?": maybe(float),
        "start?": maybe(float),
        "stop?": maybe(float),
    },
    "steering?": {
        "loudness?": _CURVE,
        "brightness?": _CURVE,
        "noisiness?": _CURVE,
        "pitch?": _CURVE,
        "onsets?": _CURVE,
        "tags?": [[Choice((str, float))]],
        "guidance?": float,
    },
    "max_copy?": maybe(float),
    "blend?": maybe({"name": str, "id": str, "hash": str, "share": float, "versions": bool}),
    "delivery?": {
        "rate?": int,
        "mono?": bool,
        "width?": float,
        "loudness_target?": float,
        "binaural?": str,
        "binaural_hash?": str,
        "azimuth?": Choice((float, str)),
        "elevation?": Choice((float, str)),
    },
}
"""Types of the entries of a recipe, see `models/plain_types.py`."""

log = logging.getLogger(__name__)


class NoRecipeError(AudioError):
    """A sound carries no recipe that can be used; `reason` says why in a few words, if known."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Recipe:
    """All that decides a sound: the same model on the same device gives the same samples.

    Field names are keys in sound files.

    Args:
        version: Distill's.
        model_id: The `id` in the model's metadata.
        model_hash: SHA-256 of all its weights, `LoadedVQModel.weights_hash`.
        device: Type of the device, such as `cpu`.
        threads: CPU threads, which decide the order of sums.
        seed: Of the draw that was kept.
        duration: Seconds of new sound, as asked for.
        sampling: How codes were drawn.
        gain: Factor that brought the new part to its level.
        way: The mode and its settings.
        steering: Percentiles and tags.
        max_copy: Limit on copying, for information only: `seed` needs no second draw.
        blend: The second model and its share; None for a sound of one model.
        delivery: Rate, channels, width, place and loudness that were asked for.
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
    blend: BlendRecord | None = None
    delivery: Delivery = AS_IS

    @classmethod
    def of(
        cls,
        loaded: LoadedVQModel,
        request: Request,
        seed: int,
        gain: float,
        blend: BlendRecord | None = None,
    ) -> "Recipe":
        """The recipe of the sound of `seed` that `loaded` has just rendered for `request`, with the
        second model of a `blend` if there is one."""
        return cls(
            version=__version__,
            model_id=_id(loaded),
            model_hash=loaded.weights_hash,
            device=_device(loaded),
            threads=torch.get_num_threads(),
            seed=seed,
            duration=request.duration,
            sampling=request.sampling,
            gain=gain,
            way=request.mode,
            steering=request.steering or Steering(),
            max_copy=request.max_copy,
            blend=blend,
        )

    def entries(self) -> dict[str, Any]:
        """The recipe as entries of JSON, from which `make_recipe` makes it again."""
        entries = asdict(self)
        # Sounds of one model, delivered as they are, are read by earlier versions too.
        if self.blend is None:
            del entries["blend"]
        del entries["delivery"]
        if self.delivery.has_shape:
            entries["delivery"] = self.delivery.shape.entries()
        return entries

    def tags(self, **extra: Any) -> dict[str, str]:
        """Tags for the sound's file: the recipe and `extra`, as one JSON object in the comment."""
        text = json.dumps({KEY: self.entries(), **extra})
        return {"software": f"Distill {self.version}", "comment": text}

    def check_model(self, loaded: LoadedVQModel, path: str | os.PathLike[str]) -> None:
        """Check that `loaded` is the model that made the sound at `path`.

        Warn if another version of Distill, device or number of threads may change the result.
        `CodebookMismatchError` for another model.
        """
        if self.model_hash != loaded.weights_hash:
            raise CodebookMismatchError(
                f"{path} was made with another model (id {self.model_id}) than {loaded.path} "
                f"(id {_id(loaded)}), or before its prior was trained again: "
                "name the model it was made with."
            )
        # Each of these changes the order of sums, and with it the last bits.
        earlier = _circumstances(self.version, self.device, self.threads)
        now = _circumstances(__version__, _device(loaded), torch.get_num_threads())
        if earlier != now:
            log.warning(
                "%s was made by %s; this is %s: it may not come out the same.", path, earlier, now
            )


def model_tags(loaded: LoadedVQModel) -> dict[str, str]:
    """Tags for the file of a sound that `loaded` decoded: they name the model, not the source."""
    entries = {
        "version": __version__,
        "model_id": _id(loaded),
        "model_hash": loaded.weights_hash,
    }
    return {"software": f"Distill {__version__}", "comment": json.dumps({KEY: entries})}


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """The recipe in the sound file at `path`. `NoRecipeError` if it carries none.

    It is found wherever a program that saved the file has put it. `FORMER_SETTINGS` are dropped.
    """
    return make_recipe(_read_entries(path), path)


def make_recipe(entries: dict[str, Any], path: str | os.PathLike[str]) -> Recipe:
    """The recipe of such entries, which came from `path`. `NoRecipeError` if they are none."""
    if fault := find_fault(entries, RECIPE_TYPES, ""):
        raise _foreign(path, fault.lstrip("."))
    for name, most in (("duration", BOUNDS["--duration"].most), ("gain", LARGEST_GAIN)):
        if not 0 <= entries[name] <= most:
            raise _foreign(path, name)
    blend = entries.get("blend")
    if blend and not 0 <= blend["share"] <= 1:
        raise _foreign(path, "blend.share")
    try:
        # Files of older versions lack `way` and `steering`, most sounds `blend` and `delivery`.
        parts = {
            "sampling": Sampling(**_without_former(entries["sampling"])),
            "way": ModeSettings(**entries.get("way", {})),
            "steering": Steering.from_dict(entries.get("steering", {})),
            "blend": _read_blend(entries.get("blend")),
            "delivery": Delivery(**entries.get("delivery", {})),
        }
        recipe = Recipe(**entries | parts)
        # A kind that this version does not know comes from elsewhere.
        traits = traits_of(recipe.way)
    except (ValueError, TypeError) as error:
        raise _unreadable(path) from error
    if recipe.way.source and not traits.takes_source:
        raise _foreign(path, "way.source")
    return recipe


def _read_entries(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The entries of the first whole recipe in a file. `NoRecipeError` says why there is none."""
    reason = ""
    # ID3 and bext hold the first characters of a text that is whole elsewhere.
    for text in find_json(path, KEY):
        try:
            entries, _ = _DECODER.raw_decode(text.lstrip())
        except (ValueError, RecursionError):
            reason = reason or "a program that saved it has cut or changed its recipe"
            continue
        if isinstance(entries, dict) and "sampling" in entries:
            return entries
        if isinstance(entries, dict) and "model_hash" in entries:
            reason = "it was played live" if "live" in entries else "it was decoded from codes"
    if not reason and read_tags(path).get("software", "").startswith("Distill"):
        reason = "a program that saved it has dropped its recipe"
    raise _unreadable(path, reason)


def _read_blend(entry: dict[str, Any] | None) -> BlendRecord | None:
    return BlendRecord(**entry) if entry else None


def _without_former(sampling: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sampling.items() if name not in FORMER_SETTINGS}


def _foreign(path: str | os.PathLike[str], entry: str) -> NoRecipeError:
    reason = f"carries settings that no Distill writes ('{entry}')"
    return NoRecipeError(f"{path} {reason}: generate it again.", reason=f"it {reason}")


def _unreadable(path: str | os.PathLike[str], reason: str = "") -> NoRecipeError:
    because = f", {reason}" if reason else ""
    return NoRecipeError(
        f"{path} does not say how it was made{because}: "
        "name a sound that 'distill generate' wrote, as it wrote it.",
        reason=reason,
    )


def _id(loaded: LoadedVQModel) -> str:
    return str(loaded.metadata.get("id", ""))


def _device(loaded: LoadedVQModel) -> str:
    return loaded.model.rvq.codebooks.device.type


def _circumstances(version: str, device: str, threads: int) -> str:
    count = "1 thread" if threads == 1 else f"{threads} threads"
    return f"Distill {version} on {device} with {count}"
