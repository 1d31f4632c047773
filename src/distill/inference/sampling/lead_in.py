"""What a prior hears before it begins: some seconds of the corpus, which are not played.

A prior looks back far more than it remembers: from nothing it has nothing to go on, and keeps to
what it draws in the first frames. After some seconds of a recording it moves as that does.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.errors import UsageError
from distill.models.prior_metadata import Recording

NAMES_SHOWN = 5
TRIES = 32
"""Of so many lead-ins the one nearest to what is asked is taken."""


class LeadIn(NamedTuple):
    """`codes` `[T, Q]`; `starts` `[T]` (bool), frames that begin a sound; whether what follows
    begins one; `names` of the recordings; `traits` `[T, N]` of the frames, where they are known."""

    codes: Tensor
    starts: Tensor
    ended: bool
    names: tuple[str, ...]
    traits: Tensor | None = None

    @property
    def age(self) -> int:
        """Frames since the last sound began."""
        begun = self.starts.nonzero()
        return 0 if self.ended else len(self.codes) - (int(begun[-1]) if len(begun) else 0)


class LeadInBatch(NamedTuple):
    """One for each of `B` streams, equally long: `codes` `[B, T, Q]`, `starts` `[B, T]`, `ended`
    and `age` `[B]`; or one for all of them, then `B` is 1."""

    codes: Tensor
    starts: Tensor
    ended: Tensor
    age: Tensor

    @classmethod
    def of(cls, each: Sequence[LeadIn]) -> "LeadInBatch":
        codes, starts = (
            torch.stack([one.codes for one in each]),
            torch.stack([one.starts for one in each]),
        )
        return cls(
            codes,
            starts,
            torch.tensor([one.ended for one in each]),
            torch.tensor([one.age for one in each]),
        )

    def to(self, device: torch.device) -> "LeadInBatch":
        return LeadInBatch(*(part.to(device) for part in self))


def matching(recordings: Sequence[Recording], like: str) -> list[Recording]:
    """Those of `recordings` whose name holds `like`, in capitals or not; `UsageError` for none."""
    found = [recording for recording in recordings if like.lower() in recording.name.lower()]
    if not found:
        names = sorted(recording.name for recording in recordings)
        some = ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "")
        raise UsageError(
            f"No recording that the model learned from has '{like}' in its name: choose another --like. "
            f"There are {some}."
        )
    return found


def draw_lead_in(recordings: Sequence[Recording], frames: int, like: str, seed: int) -> LeadIn:
    """About `frames` frames of one of the `recordings` that are `like`, or of several where they
    are short."""
    return _drawn(matching(recordings, like), frames, seed)


def draw_ended(recordings: Sequence[Recording], frames: int, like: str, seed: int) -> LeadIn:
    """A lead-in after which a new sound begins: of ends of recordings, where any were kept to
    theirs."""
    found = matching(recordings, like)
    whole = [recording for recording in found if recording.whole]
    ends = [_last(recording, frames) for recording in whole or found]
    return _drawn(ends, frames, seed)._replace(ended=True)


def draw_near(
    draw: Callable[..., LeadIn],
    recordings: Sequence[Recording],
    frames: int,
    like: str,
    seed: int,
    asked: Tensor,
) -> LeadIn:
    """Of several lead-ins that `draw` gives, the one whose traits are nearest to what is `asked`
    `[N]`."""
    seeds = np.random.SeedSequence((seed, 3)).generate_state(TRIES, np.uint32).tolist()
    return min(
        (draw(recordings, frames, like, seed) for seed in seeds),
        key=lambda lead_in: _distance(lead_in, asked),
    )


def _distance(lead_in: LeadIn, asked: Tensor) -> float:
    if lead_in.traits is None:
        return 0.0
    wanted = ~asked.isnan()
    # What has no such trait, silence and noise without pitch, is as far off as anything usually is.
    away = (lead_in.traits.float() - asked)[:, wanted].square().nan_to_num(nan=0.25)
    return float(away.mean())


def _last(recording: Recording, frames: int) -> Recording:
    traits = None if recording.traits is None else recording.traits[-frames:]
    return replace(recording, codes=recording.codes[-frames:], traits=traits)


def _drawn(found: Sequence[Recording], frames: int, seed: int) -> LeadIn:
    rng = np.random.default_rng((seed, 1))
    parts: list[Recording] = []
    while sum(len(part.codes) for part in parts) < frames:
        recording = found[int(rng.integers(len(found)))]
        if len(recording.codes) >= frames:
            return _window(recording, frames, rng)
        parts.append(recording)
    codes = torch.cat([part.codes.long() for part in parts])[-frames:]
    starts = torch.zeros(len(codes), dtype=torch.bool)
    begins = len(codes) - np.cumsum([len(part.codes) for part in reversed(parts)])
    starts[begins[begins >= 0]] = True
    # A file has traits for all of its recordings or for none.
    traits = [part.traits for part in parts if part.traits is not None]
    return LeadIn(
        codes=codes,
        starts=starts,
        ended=parts[-1].whole,
        names=tuple(part.name for part in parts),
        traits=torch.cat(traits)[-frames:] if traits else None,
    )


def _window(recording: Recording, frames: int, rng: np.random.Generator) -> LeadIn:
    """A stretch of one recording, from anywhere in it."""
    codes = recording.codes
    begin = int(rng.integers(len(codes) - frames + 1))
    starts = torch.zeros(frames, dtype=torch.bool)
    starts[0] = begin == 0
    ended = recording.whole and begin + frames == len(codes)
    traits = None if recording.traits is None else recording.traits[begin : begin + frames]
    return LeadIn(codes[begin : begin + frames].long(), starts, ended, (recording.name,), traits)
