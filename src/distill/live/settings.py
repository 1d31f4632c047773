"""What a sound that plays begins with."""

from dataclasses import asdict, dataclass
from typing import Any

import torch

from distill import __version__
from distill.hosts.latency import check_latency
from distill.inference.modes.request import Request
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.settings import Sampling
from distill.live.defaults import LATENCY
from distill.models.persistence import LoadedVQModel
from distill.models.plain_types import Choice, find_fault, maybe

STEERING_WAIT_FRAMES = 6
"""Code frames (128 ms) after which an event that sounds follows a control, unless the next one has
begun: no shorter, so that a fader that moves does not tremble."""

_CURVE = [[float]]

TYPES = {
    "distill": str,
    "model_id": str,
    "model_hash": str,
    "device": str,
    "threads": int,
    "seed": int,
    "latency": str,
    "level": float,
    "sampling": {
        "temperature": float,
        "top_k": int,
        "top_p": float,
        "lead_in": float,
        "like": str,
        "nearness": float,
        "tempo": maybe(float),
        "swing": float,
        "free_time": bool,
        "form": str,
        "form_variation": float,
    },
    "steering": {
        "loudness": _CURVE,
        "brightness": _CURVE,
        "noisiness": _CURVE,
        "pitch": _CURVE,
        "onsets": _CURVE,
        "tags": [[Choice((str, float))]],
        "guidance": float,
    },
}
"""Types of the entries of `LiveSettings.entries`, see `models/plain_types.py`."""


@dataclass(frozen=True)
class LiveSettings:
    """All that decides a sound that plays, beside the model and the controls.

    Attributes:
        seed: The same seed and the same controls give the same sound.
        sampling: How codes are drawn at first.
        steering: Curves and tags at first.
        latency: How far the decoder looks ahead: one of `LATENCIES`.
        level: In dB, at first.

    Raises:
        UsageError: There is no such latency.
    """

    seed: int
    sampling: Sampling
    steering: Steering
    latency: str = LATENCY
    level: float = 0.0

    def __post_init__(self) -> None:
        check_latency(self.latency)

    @property
    def request(self) -> Request:
        """The request that draws it."""
        return Request(duration=0.0, seed=self.seed, sampling=self.sampling, steering=self.steering)

    def entries(self, loaded: LoadedVQModel) -> dict[str, Any]:
        """The settings and the circumstances of a sound as entries of JSON."""
        return {
            "distill": __version__,
            "model_id": str(loaded.metadata.get("id", "")),
            "model_hash": loaded.weights_hash,
            "device": loaded.model.rvq.codebooks.device.type,
            "threads": torch.get_num_threads(),
            **asdict(self),
        }


def settings_of(entries: dict[str, Any]) -> LiveSettings:
    """The settings in such entries. `ValueError` or `UsageError` for anything else."""
    if fault := find_fault(entries, TYPES, ""):
        raise ValueError(fault.lstrip("."))
    return LiveSettings(
        seed=entries["seed"],
        sampling=Sampling(**entries["sampling"]),
        steering=Steering.from_dict(entries["steering"]),
        latency=entries["latency"],
        level=entries["level"],
    )
