"""Checks of metadata that read whole tensors: codes within the codebooks, beats in order."""

import math
from typing import Any

import torch
from torch import Tensor


def fault_in_codes(metadata: dict[str, Any], codebook_size: int) -> str | None:
    """Name of the first tensor of codes with a code that the codebooks lack; None for none.

    It reads all codes, unlike the other checks.
    """
    index = metadata.get("copy_index") or {}
    tensors = {f"copy_index.{name}": index.get(name) for name in ("codes", "passage_codes")}
    for number, entry in enumerate(metadata.get("recordings") or ()):
        tensors[f"recordings[{number}].codes"] = entry["codes"]
        for i, codes in enumerate(entry.get("shifted", ())):
            tensors[f"recordings[{number}].shifted[{i}]"] = codes
    for place, codes in tensors.items():
        if isinstance(codes, Tensor) and not _are_codes(codes, codebook_size):
            return f"prior_metadata.{place}"
    return None


def fault_in_beats(metadata: dict[str, Any]) -> str | None:
    """Name of the first beats that do not increase from 0 on; None for none. It reads them all."""
    for number, entry in enumerate(metadata.get("recordings") or ()):
        if "pulse" not in entry:
            continue
        beats = entry["pulse"]["beats"]
        # All comparisons with NaN are false.
        increases = bool((beats.diff() > 0).all())
        if not (increases and beats[0] >= 0 and beats[-1] < math.inf):
            return f"prior_metadata.recordings[{number}].pulse.beats"
    return None


def _are_codes(codes: Tensor, codebook_size: int) -> bool:
    if not codes.numel():
        return True
    lowest, highest = torch.aminmax(codes)
    return int(lowest) >= 0 and int(highest) < codebook_size
