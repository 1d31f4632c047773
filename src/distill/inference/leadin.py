"""What a prior hears before it begins: some seconds of the corpus, which are not played.

A prior looks back far more than it remembers: from nothing it has nothing to go on, and keeps to what it draws in the
first frames. After some seconds of a recording it moves as that does.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.errors import UsageError

NAMES_SHOWN = 5


class LeadIn(NamedTuple):
    """`codes` `[T, Q]`; `starts` `[T]` (bool), frames that begin a sound; whether what follows begins one; `names` of
    the recordings."""

    codes: Tensor
    starts: Tensor
    ended: bool
    names: tuple[str, ...]

    @property
    def age(self) -> int:
        """Frames since the last sound began."""
        begun = self.starts.nonzero()
        return 0 if self.ended else len(self.codes) - (int(begun[-1]) if len(begun) else 0)


def matching(recordings: Sequence[dict[str, Any]], like: str) -> list[dict[str, Any]]:
    """Those of `recordings` whose name holds `like`, in capitals or not; `UsageError` for none."""
    found = [recording for recording in recordings if like.lower() in recording["name"].lower()]
    if not found:
        names = sorted(recording["name"] for recording in recordings)
        some = ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "")
        raise UsageError(
            f"No recording that the model learned from has '{like}' in its name: choose another --like. "
            f"There are {some}."
        )
    return found


def draw_lead_in(recordings: Sequence[dict[str, Any]], frames: int, like: str, seed: int) -> LeadIn:
    """About `frames` frames of one of the `recordings` that are `like`, or of several where they are short.

    A recording is `name`, `codes` `[T, Q]` and `whole`: whether it was kept to its end.
    """
    return _drawn(matching(recordings, like), frames, seed)


def draw_ended(recordings: Sequence[dict[str, Any]], frames: int, like: str, seed: int) -> LeadIn:
    """A lead-in after which a new sound begins: of ends of recordings, where any were kept to theirs."""
    found = matching(recordings, like)
    whole = [recording for recording in found if recording["whole"]]
    ends = [{**recording, "codes": recording["codes"][-frames:]} for recording in whole or found]
    return _drawn(ends, frames, seed)._replace(ended=True)


def _drawn(found: Sequence[dict[str, Any]], frames: int, seed: int) -> LeadIn:
    rng = np.random.default_rng((seed, 1))
    parts: list[dict[str, Any]] = []
    while sum(len(part["codes"]) for part in parts) < frames:
        recording = found[int(rng.integers(len(found)))]
        if len(recording["codes"]) >= frames:
            return _window(recording, frames, rng)
        parts.append(recording)
    codes = torch.cat([part["codes"].long() for part in parts])[-frames:]
    starts = torch.zeros(len(codes), dtype=torch.bool)
    begins = len(codes) - np.cumsum([len(part["codes"]) for part in reversed(parts)])
    starts[begins[begins >= 0]] = True
    return LeadIn(codes, starts, bool(parts[-1]["whole"]), tuple(part["name"] for part in parts))


def _window(recording: dict[str, Any], frames: int, rng: np.random.Generator) -> LeadIn:
    """A stretch of one recording, from anywhere in it."""
    codes = recording["codes"]
    begin = int(rng.integers(len(codes) - frames + 1))
    starts = torch.zeros(frames, dtype=torch.bool)
    starts[0] = begin == 0
    ended = bool(recording["whole"]) and begin + frames == len(codes)
    return LeadIn(codes[begin : begin + frames].long(), starts, ended, (recording["name"],))
