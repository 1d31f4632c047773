"""The prompt: a few seconds of the corpus that the prior continues. They are not played.

Without a prompt the prior keeps repeating its first frames; after a few seconds of a recording it
moves as that does. Users know the prompt as `--lead-in`.
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
"""Names of recordings in an error message, at most."""
PROMPT_TRIES = 32
"""Prompts from which the one nearest to the targets is taken."""
ABSENT_DISTANCE = 0.25
"""Squared distance to a target of a frame that lacks the attribute (silence, noise without pitch):
as far off as frames are on average."""


class LeadIn(NamedTuple):
    """A prompt.

    Attributes:
        codes: codes `[T, Q]`.
        starts: frames `[T]` (bool) that begin a sound.
        ends_sound: whether a new sound begins after it.
        names: names of its recordings, each once.
        attributes: attributes `[T, A]` of each frame, where the model file keeps them.
        parts: the recordings that it consists of, in order; empty for other sounds.
        metre: positions `[T, 2]` in beat and bar; None where they are unknown.
    """

    codes: Tensor
    starts: Tensor
    ends_sound: bool
    names: tuple[str, ...]
    attributes: Tensor | None = None
    parts: tuple["Part", ...] = ()
    metre: Tensor | None = None

    @property
    def age(self) -> int:
        """Frames since the current sound began, or since the first known frame; 0 after its end."""
        if self.ends_sound:
            return 0
        starts = self.starts.nonzero()
        last_start = int(starts[-1]) if len(starts) else 0
        return len(self.codes) - last_start


class Part(NamedTuple):
    """`frames` of a recording from frame `first` on."""

    recording: Recording
    first: int
    frames: int

    def metre(self, frame_rate: float) -> Tensor:
        """Positions `[frames, 2]` in beat and bar; NaN without a pulse."""
        pulse = self.recording.pulse
        if pulse is None:
            return torch.full((self.frames, 2), torch.nan)
        seconds = np.arange(self.first, self.first + self.frames) / frame_rate
        return torch.from_numpy(pulse.metre_at(seconds)).float()


class LeadInBatch(NamedTuple):
    """Prompts of one length for `B` streams, or one prompt for all of them (`B` is 1 then).

    Attributes:
        codes: codes `[B, T, Q]`.
        starts: frames `[B, T]` (bool) that begin a sound.
        ends_sound: whether `[B]` (bool) a new sound begins after it.
        age: frames `[B]` since the current sound began.
        metre: positions `[B, T, 2]` in beat and bar; NaN where they are unknown.
    """

    codes: Tensor
    starts: Tensor
    ends_sound: Tensor
    age: Tensor
    metre: Tensor

    @classmethod
    def stack(cls, prompts: Sequence[LeadIn]) -> "LeadInBatch":
        """The batch of `prompts` of one length."""
        return cls(
            codes=torch.stack([prompt.codes for prompt in prompts]),
            starts=torch.stack([prompt.starts for prompt in prompts]),
            ends_sound=torch.tensor([prompt.ends_sound for prompt in prompts]),
            age=torch.tensor([prompt.age for prompt in prompts]),
            metre=torch.stack([_metre_of(prompt) for prompt in prompts]),
        )

    def row(self, number: int) -> "LeadInBatch":
        """The prompt of one stream, by its number."""
        if len(self.codes) == 1:
            return self
        return LeadInBatch(*(part[number : number + 1] for part in self))

    def to(self, device: torch.device) -> "LeadInBatch":
        """The same on a device."""
        return LeadInBatch(*(part.to(device) for part in self))


def _metre_of(prompt: LeadIn) -> Tensor:
    """Positions `[T, 2]` of a prompt in beat and bar; NaN where they are unknown."""
    if prompt.metre is None:
        return torch.full((len(prompt.codes), 2), torch.nan)
    return prompt.metre


def with_metre(prompt: LeadIn, frame_rate: float) -> LeadIn:
    """`prompt` with the positions of its frames in beat and bar."""
    metre = torch.cat([part.metre(frame_rate) for part in prompt.parts])
    return prompt._replace(metre=metre)


def matching_recordings(recordings: Sequence[Recording], like: str) -> list[Recording]:
    """The recordings whose name contains `like`, in upper or lower case; `UsageError` for none."""
    matches = [recording for recording in recordings if like.lower() in recording.name.lower()]
    if not matches:
        names = sorted(recording.name for recording in recordings)
        ellipsis = ", …" if len(names) > NAMES_SHOWN else ""
        raise UsageError(
            f"No recording that the model learned from has '{like}' in its name: choose another "
            f"--like. There are {', '.join(names[:NAMES_SHOWN])}{ellipsis}."
        )
    return matches


def draw_lead_in(
    recordings: Sequence[Recording],
    frames: int,
    like: str,
    seed: int,
) -> LeadIn:
    """Draw a prompt: a stretch of one recording, or several short recordings in a row.

    Args:
        recordings: recordings to choose from.
        frames: length of the prompt.
        like: text that their names must contain.
        seed: seed of the sound.

    Raises:
        UsageError: where no name contains `like`.
    """
    return _draw(matching_recordings(recordings, like), frames, seed)


def draw_sound_end(
    recordings: Sequence[Recording],
    frames: int,
    like: str,
    seed: int,
) -> LeadIn:
    """Draw a prompt after which a new sound begins: ends of recordings that are kept to their end,
    if there are any. Arguments as for `draw_lead_in`."""
    matches = matching_recordings(recordings, like)
    whole_recordings = [recording for recording in matches if recording.whole]
    ends = [_last_frames(recording, frames) for recording in whole_recordings or matches]
    return _draw(ends, frames, seed)._replace(ends_sound=True)


def draw_nearest(
    draw: Callable[..., LeadIn],
    recordings: Sequence[Recording],
    frames: int,
    like: str,
    seed: int,
    targets: Tensor,
) -> LeadIn:
    """Draw several prompts and take the one nearest to targets.

    Args:
        draw: `draw_lead_in` or `draw_sound_end`.
        recordings: recordings to choose from.
        frames: length of the prompt.
        like: text that their names must contain.
        seed: seed of the sound.
        targets: attributes `[A]`; NaN where one is free.
    """
    # Purpose 3 of the sound's seed; a prompt takes 1.
    seeds = np.random.SeedSequence((seed, 3)).generate_state(PROMPT_TRIES, np.uint32).tolist()
    prompts = (draw(recordings, frames, like, own_seed) for own_seed in seeds)
    return min(prompts, key=lambda prompt: _distance(prompt, targets))


def _distance(prompt: LeadIn, targets: Tensor) -> float:
    """Mean squared distance between the attributes of a prompt and `targets` `[A]`."""
    if prompt.attributes is None:
        return 0.0
    # Attributes that are left free do not count.
    is_set = ~targets.isnan()
    differences = (prompt.attributes.float() - targets)[:, is_set]
    return float(differences.square().nan_to_num(nan=ABSENT_DISTANCE).mean())


def _last_frames(recording: Recording, frames: int) -> Recording:
    attributes = None if recording.traits is None else recording.traits[-frames:]
    return replace(
        recording,
        codes=recording.codes[-frames:],
        traits=attributes,
        # Counted from the beginning, which is not there any more.
        pulse=None,
        cut=None,
    )


def _draw(recordings: Sequence[Recording], frames: int, seed: int) -> LeadIn:
    """Draw recordings until one is long enough, or all of them together are."""
    # Purpose 1 of the seed: the codes of a sound do not depend on how its prompt is drawn.
    rng = np.random.default_rng((seed, 1))
    parts: list[Recording] = []
    while sum(len(part.codes) for part in parts) < frames:
        recording = recordings[_draw_index(recordings, rng)]
        if len(recording.codes) >= frames:
            return _draw_stretch(recording, frames, rng)
        parts.append(recording)
    return _join(parts, frames)


def _draw_index(recordings: Sequence[Recording], rng: np.random.Generator) -> int:
    """Number of a recording, as likely as its weight says."""
    weights = np.array([recording.weight for recording in recordings])
    if (weights == weights[0]).all():
        return int(rng.integers(len(recordings)))
    return int(rng.choice(len(recordings), p=weights / weights.sum()))


def _join(parts: Sequence[Recording], frames: int) -> LeadIn:
    """The last `frames` of several recordings in a row."""
    codes = torch.cat([part.codes.long() for part in parts])[-frames:]
    starts = torch.zeros(len(codes), dtype=torch.bool)
    # Counted from the end: the first recording may be cut at its beginning.
    first_frames = len(codes) - np.cumsum([len(part.codes) for part in reversed(parts)])
    starts[first_frames[first_frames >= 0]] = True
    # A file has attributes for all of its recordings or for none.
    attributes = [part.traits for part in parts if part.traits is not None]
    return LeadIn(
        codes=codes,
        starts=starts,
        ends_sound=parts[-1].whole,
        # Short recordings may be drawn more than once.
        names=tuple(dict.fromkeys(part.name for part in parts)),
        attributes=torch.cat(attributes)[-frames:] if attributes else None,
        parts=_last_parts(parts, frames),
    )


def _last_parts(recordings: Sequence[Recording], frames: int) -> tuple[Part, ...]:
    """The last `frames` of several recordings in a row."""
    parts: list[Part] = []
    missing = frames
    for recording in reversed(recordings):
        length = min(len(recording.codes), missing)
        first = len(recording.codes) - length
        parts.append(Part(recording=recording, first=first, frames=length))
        missing -= length
    return tuple(part for part in reversed(parts) if part.frames)


def _draw_stretch(recording: Recording, frames: int, rng: np.random.Generator) -> LeadIn:
    """A stretch of one recording, from anywhere in it."""
    total = len(recording.codes)
    first = int(rng.integers(total - frames + 1))
    stretch = slice(first, first + frames)
    starts = torch.zeros(frames, dtype=torch.bool)
    starts[0] = first == 0
    return LeadIn(
        codes=recording.codes[stretch].long(),
        starts=starts,
        ends_sound=recording.whole and stretch.stop == total,
        names=(recording.name,),
        attributes=None if recording.traits is None else recording.traits[stretch],
        parts=(Part(recording, first, frames),),
    )
