"""Lineage: how a model comes from an earlier one, whose codes stay valid.

A version has the analysis and the codebooks of the one before, bit for bit: so codes, edits and
priors go on to fit. Its decoder begins with the weights of that one, and learns on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from distill.cancellation import Check, check_each
from distill.data.dataset import ClipRegion
from distill.errors import UsageError
from distill.files import FilePath
from distill.models.chunked import encode_audio
from distill.models.frame_memory import MOST_NUMBERS, NO_KEY, FrameMemory, column_keys
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE

MEMORY_GROWTH = 2
"""Most numbers of a frame memory that has grown, relative to those of a first version: the file
must not grow with each version."""

ADDED_FACTOR = 3.0
"""How often a version hears an added file for once that it hears one of before: the decoder knows
those (docs/log/codec-training.md)."""

FIRST_VERSION = 1
"""Version of a model that comes from no other."""

FIXED_SETTINGS = {
    "--codebook-size": "codebook_size",
    "--rvq-levels": "num_quantizers",
    "--channels": "channels",
    "--hidden-size": "hidden_size",
}
"""Settings that codes and weights depend on, by option: a version has those of its parent."""


def version_of(metadata: Mapping[str, Any]) -> int:
    """The version that the metadata of a model state: 1 for a model that comes from no other."""
    return int(metadata.get("version", FIRST_VERSION))


def fixed_settings(
    codec: Mapping[str, Any], settings: Mapping[str, Any], parent_path: FilePath
) -> dict[str, Any]:
    """Fields of `VQVAEConfig` that a version takes from the model that it goes on from.

    Args:
        codec: Constructor arguments of the codec of that model.
        settings: Fields that a user has set; None stands for "not given".
        parent_path: Path of that model, for the message.

    Raises:
        UsageError: One of them differs.
    """
    result = {name: codec[name] for name in FIXED_SETTINGS.values() if name in codec}
    for option, name in FIXED_SETTINGS.items():
        if settings.get(name) not in (None, result.get(name)):
            raise UsageError(
                f"{option} stays as it is in a model that goes on from {parent_path}, "
                "whose codes stay valid: leave it out, or train afresh."
            )
    return result


def lineage_entries(
    parent: LoadedVQModel,
    manifest: Sequence[Mapping[str, Any]],
    muted: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Entries of the metadata that say where a version comes from.

    Args:
        parent: The earlier model.
        manifest: Entries of the files of the new corpus.
        muted: Name and hash of the files that are left out by hand.
    """
    metadata = parent.metadata
    version = version_of(metadata)
    health = metadata.get("level_health") or []
    return {
        "version": version + 1,
        "parent": {
            "id": str(metadata.get("id") or ""),
            "name": str(metadata.get("name") or parent.path.stem),
            "version": version,
            "hash": parent.weights_hash,
            "code_perplexity": [float(level["perplexity"]) for level in health],
        },
        "changes": corpus_changes(metadata.get("corpus") or [], manifest, muted),
    }


def corpus_changes(
    before: Sequence[Mapping[str, Any]],
    now: Sequence[Mapping[str, Any]],
    muted: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Changes of a corpus, by the content of its files.

    Args:
        before: Entries of the files before.
        now: Entries of the files now.
        muted: Name and hash of files that are left out by hand.

    Returns:
        `added`, `removed` and `muted` files, and those that are `weighted` otherwise, each by
        `name` and `hash`.
    """
    earlier = {entry["hash"]: entry for entry in before}
    present = {entry["hash"]: entry for entry in now}
    silent = {entry["hash"] for entry in muted}
    absent = [entry for entry in before if entry["hash"] not in present]
    weights = [
        {**_brief(entry), "before": _weight(earlier[entry["hash"]]), "now": _weight(entry)}
        for entry in now
        if entry["hash"] in earlier and _weight(entry) != _weight(earlier[entry["hash"]])
    ]
    return {
        "added": [_brief(entry) for entry in now if entry["hash"] not in earlier],
        "removed": [_brief(entry) for entry in absent if entry["hash"] not in silent],
        "muted": [_brief(entry) for entry in absent if entry["hash"] in silent],
        "weighted": weights,
    }


def crop_factors(regions: Sequence[ClipRegion], identity: Mapping[str, Any]) -> list[float] | None:
    """How often each of `regions` is heard beside its weight; None in a first version.

    Args:
        regions: Training sounds.
        identity: Entries of the metadata, with those of `lineage_entries` in a version.
    """
    added = {entry["hash"] for entry in identity.get("changes", {}).get("added", [])}
    if not added:
        return None
    return [ADDED_FACTOR if region.clip.content_hash in added else 1.0 for region in regions]


def _brief(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": entry["name"], "hash": entry["hash"]}


def _weight(entry: Mapping[str, Any]) -> float:
    return float(entry.get("weight", 1.0))


def next_codec(parent: VQVAE, regions: Sequence[ClipRegion], check: Check = lambda: None) -> VQVAE:
    """The codec of the next version: that of `parent`, with room for the frames of `regions`.

    Args:
        parent: Codec of the earlier version, on its device; stays as it is.
        regions: Training sounds of the new version.
        check: Called before each sound; may raise.

    Returns:
        A codec in training mode. Before its first step, it encodes and decodes as `parent` does.
    """
    keys = _memory_keys(parent, regions, check)
    codec = VQVAE(**(parent.config | {"memory_frames": len(keys)}))
    weights = dict(parent.state_dict())
    if codec.memory is not None and parent.memory is not None:
        weights |= _grown_memory(parent.memory, keys)
    codec.load_state_dict(weights)
    return codec.to(parent.rvq.codebooks.device).train()


def _memory_keys(parent: VQVAE, regions: Sequence[ClipRegion], check: Check) -> torch.Tensor:
    """Sorted keys `[M]` of the columns that the new memory holds, on the CPU.

    First come columns of the present corpus that are there already, then its new ones, then those
    of sounds that have left it: there is room for so many alone.
    """
    if parent.memory is None:
        return torch.zeros(0, dtype=torch.int64)
    old = parent.memory.keys.cpu()
    old = old[old != NO_KEY]
    codes = [encode_audio(parent, region.audio()) for region in check_each(regions, check)]
    present = column_keys(torch.cat(codes).cpu()).unique()
    is_there = torch.isin(present, old)
    absent = old[~torch.isin(old, present)]
    room = MEMORY_GROWTH * MOST_NUMBERS // parent.config["memory_width"]
    room = max(room, len(old))
    # Keys are hashes: the first of them are as good a choice as any.
    keys = torch.cat((present[is_there], present[~is_there], absent))[:room]
    return keys.sort().values


def _grown_memory(memory: FrameMemory, keys: torch.Tensor) -> dict[str, torch.Tensor]:
    """Entries of the state of a memory for `keys` `[M]`: vectors of old columns, 0 for new ones."""
    old_keys = memory.keys.cpu()
    old_vectors = memory.vectors.detach().cpu()
    rows = torch.searchsorted(old_keys, keys).clamp(max=len(old_keys) - 1)
    is_old = old_keys[rows] == keys
    vectors = old_vectors[rows] * is_old[:, None]
    return {"memory.keys": keys, "memory.vectors": vectors}
