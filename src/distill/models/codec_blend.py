"""A codec between two versions of one: the same codes, and a decoder between both.

Versions share analysis and codebooks to the bit, and their decoders begin with the same weights
(`training/codec/lineage.py`). So the weights between them are those of a decoder as well.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from distill.models.frame_memory import NO_KEY
from distill.models.vqvae import VQVAE

MEMORY_ROWS = ("memory.keys", "memory.vectors")
"""Entries of the state with a row for each column of codes: versions have columns of their own."""


def are_versions(first: VQVAE, second: VQVAE) -> bool:
    """Whether two codecs make the same codes, and have decoders of one kind."""
    if _settings(first) != _settings(second):
        return False
    if first.codebook_hash() != second.codebook_hash():
        return False
    analysis = second.analysis.state_dict()
    # Equal codebooks come from one settling, but a file may have been put together by hand.
    return all(
        torch.equal(weights, analysis[name])
        for name, weights in first.analysis.state_dict().items()
    )


def _settings(codec: VQVAE) -> dict[str, int]:
    """Constructor arguments, but for the size of the memory, which grows with each version."""
    return {name: value for name, value in codec.config.items() if name != "memory_frames"} | {
        "has_memory": codec.memory is not None
    }


@torch.no_grad()
def blend_codecs(first: VQVAE, second: VQVAE, share: float) -> VQVAE:
    """The codec between two versions.

    Args:
        first: One version, in eval mode.
        second: The other, on the same device.
        share: Share of the second, 0 to 1.

    Returns:
        A codec in eval mode on their device. Its frame memory knows the columns of both.

    Example:
        between = blend_codecs(old.model, new.model, 0.4)
    """
    own = first.state_dict()
    other = second.state_dict()
    memory = _blended_rows(own, other, share) if first.memory is not None else {}
    state = {
        name: memory[name] if name in memory else _between(weights, other[name], share)
        for name, weights in own.items()
    }
    frames = len(memory["memory.keys"]) if memory else 0
    codec = VQVAE(**(first.config | {"memory_frames": frames}))
    codec.load_state_dict(state)
    return codec.to(first.rvq.codebooks.device).eval()


def _between(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Weights between two of one shape; whole numbers, and what is equal, stay as they are."""
    if not first.is_floating_point() or torch.equal(first, second):
        return first
    return torch.lerp(first, second, share)


def _blended_rows(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """Rows of a memory with the columns of both: a column that one lacks has the vector 0 there."""
    keys_of = [state["memory.keys"] for state in (first, second)]
    keys = torch.cat(keys_of).unique()
    keys = keys[keys != NO_KEY]
    vectors = [_rows_for(keys, state) for state in (first, second)]
    return {"memory.keys": keys, "memory.vectors": torch.lerp(vectors[0], vectors[1], share)}


def _rows_for(keys: Tensor, state: Mapping[str, Tensor]) -> Tensor:
    """Vectors `[M, width]` of a memory for sorted `keys` `[M]`."""
    stored_keys = state["memory.keys"]
    rows = torch.searchsorted(stored_keys, keys).clamp(max=len(stored_keys) - 1)
    vectors: Tensor = state["memory.vectors"][rows]
    return vectors * (stored_keys[rows] == keys)[:, None]
