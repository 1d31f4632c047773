"""Facts about a file for a host, which lie beside it as JSON."""

from dataclasses import dataclass
from typing import Any

import torch

from distill import __version__
from distill.models.levels import level_names
from distill.models.persistence import LoadedVQModel

FORMAT = "distill.host"
"""Marks the JSON as that of a file for a host."""


@dataclass(frozen=True)
class Latency:
    """How late the sound of a file comes.

    Attributes:
        name: As it was asked for.
        frames_ahead: Code frames that the decoder looks ahead.
        samples: Samples of delay, by method.
        ms: The same in milliseconds.
    """

    name: str
    frames_ahead: int
    samples: dict[str, int]
    ms: dict[str, float]


def latency_of(loaded: LoadedVQModel, name: str, ahead: int, frames: dict[str, int]) -> Latency:
    """The latency of methods that give their results so many code `frames` late."""
    codec = loaded.model
    samples = {method: count * codec.frame_hop for method, count in frames.items()}
    ms = {method: 1000 * count / codec.sample_rate for method, count in samples.items()}
    return Latency(name=name, frames_ahead=ahead, samples=samples, ms=ms)


def host_facts(loaded: LoadedVQModel, to: str, latency: Latency) -> dict[str, Any]:
    """Plain facts about the model, and when its sound comes."""
    codec = loaded.model
    metadata = loaded.metadata
    corpus = metadata.get("corpus") or []
    return {
        "format": FORMAT,
        "version": 1,
        "to": to,
        "distill_version": __version__,
        "torch_version": torch.__version__,
        "model": {
            "id": str(metadata.get("id", "")),
            "name": str(metadata.get("name") or loaded.path.stem),
            "hash": loaded.weights_hash,
            "codebook_hash": codec.codebook_hash(),
        },
        # How much there is, not what: names of files may say more than their owner wants to.
        "corpus": {
            "files": len(corpus),
            "seconds": sum(float(entry.get("duration_s", 0)) for entry in corpus),
        },
        "licence": metadata.get("licence"),
        "sample_rate": codec.sample_rate,
        "channels": codec.channels,
        "frame_hop": codec.frame_hop,
        "frame_rate": codec.frame_rate,
        "level_names": level_names(codec.num_quantizers),
        "codebook_size": codec.codebook_size,
        "receptive_field": list(codec.receptive_field),
        "latency": {
            "name": latency.name,
            "frames_ahead": latency.frames_ahead,
            "samples": latency.samples,
            "ms": latency.ms,
        },
    }
