"""Onsets of the recordings, found in the copy index where they are asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from distill.inference.events.onsets import LOCAL_S, find_onsets
from distill.models.vqvae import VQVAE


class RecordedOnsets:
    """Finds the onsets of a part of a recording."""

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

    def between(
        self,
        name: str,
        first_s: float,
        last_s: float,
    ) -> list[float]:
        """Onsets of recording `name` from `first_s` to `last_s`, in seconds."""
        rate = self.codec.frame_rate
        # As much on either side as the local mean of an onset needs.
        around = round(LOCAL_S * rate)
        for begin, entry in zip(self.begins, self.entries, strict=True):
            first = (first_s - entry["start_s"]) * rate
            last = (last_s - entry["start_s"]) * rate
            if entry["name"] != name or last < 0 or first >= entry["frames"]:
                continue
            begin_at = max(0, round(first) - around)
            end_at = min(entry["frames"], round(last) + around)
            codes = self.codes[begin + begin_at : begin + end_at].long()
            latents = self.codec.rvq.lookup(codes.to(self.codec.rvq.codebooks.device))
            onsets = begin_at + find_onsets(self.codec, latents)
            onsets = onsets[(onsets >= first) & (onsets <= last)]
            # The other encodings hold the same sound.
            seconds: list[float] = (entry["start_s"] + onsets / rate).tolist()
            return seconds
        return []
