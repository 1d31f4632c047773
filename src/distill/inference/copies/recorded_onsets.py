"""Onsets of the recordings, found in the copy index where they are asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from distill.inference.events.onsets import LOCAL_S, find_onsets
from distill.models.vqvae import VQVAE

NEAR_S = 0.04
"""Seconds by which an onset may lie beside the place that is asked for: two code frames."""


class RecordedOnsets:
    """Tells whether a recording has an onset at some place."""

    def __init__(
        self,
        codec: VQVAE,
        codes: Tensor,
        entries: Sequence[Mapping[str, Any]],
    ) -> None:
        """Prepare for an index.

        Args:
            codec: The codec of the codes.
            codes: Codes of all encodings, one after the other `[M, Q]`.
            entries: `name`, `start_s` and `frames` of each.
        """
        self.codec = codec
        self.codes = codes
        self.entries = entries
        ends = np.cumsum([entry["frames"] for entry in entries])
        self.begins = (ends - [entry["frames"] for entry in entries]).tolist()

    def has(self, name: str, second: float) -> bool:
        """Whether recording `name` has an onset at `second`."""
        rate = self.codec.frame_rate
        near = NEAR_S * rate
        # As much on either side as the local mean of an onset needs.
        around = round(LOCAL_S * rate)
        for begin, entry in zip(self.begins, self.entries, strict=True):
            frame = (second - entry["start_s"]) * rate
            if entry["name"] != name or not -near <= frame <= entry["frames"] + near:
                continue
            first = max(0, round(frame) - around)
            last = min(entry["frames"], round(frame) + around)
            codes = self.codes[begin + first : begin + last].long()
            latents = self.codec.rvq.lookup(codes.to(self.codec.rvq.codebooks.device))
            onsets = first + find_onsets(self.codec, latents)
            # The other encodings hold the same sound.
            return bool((np.abs(onsets - frame) <= near).any())
        return False
