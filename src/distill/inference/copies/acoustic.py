"""The passage of the corpus that a sound is nearest to by ear: windows of a quarter of a second,
level left out.

Compared are the codec's latents, which stand for log-mel spectra at several resolutions
(`models/analysis.py`), as all codes of a frame give them. Each recording is there several times,
from different places within a frame on: what is copied need not begin on our frames. By how much
two windows differ is weighed by what happens in them: two hums are soon alike, two hits hardly.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from distill.models.pointer import squared_distance
from distill.models.vqvae import VQVAE

WINDOW_S = 0.25
SHORTEST = 3
"""Frames: of less there is nothing to compare."""
STRIDE = 3
"""Frames from one window of a sound to the next; more in sounds of more than `MOST_WINDOWS`."""
MOST_WINDOWS = 800
AUDIBLE = 0.75
"""So much of a window has to be heard: silence is like any other."""
CANDIDATES = 16
"""Windows whose means are nearest are compared frame by frame: none is nearer than its mean
(Jensen's inequality)."""
BLUR_DB = 1.4
"""By so much two encodings of one steady sound differ."""
AT_ONCE = 4_000_000


class Query(NamedTuple):
    """A sound: its `codes` `[T, Q]`, and which frames of it are `audible` `[T]` (bool)."""

    codes: Tensor
    audible: Tensor

    @property
    def longest(self) -> int:
        """Frames of the longest stretch that is heard."""
        run = longest = 0
        for heard in self.audible.tolist():
            run = run + 1 if heard else 0
            longest = max(longest, run)
        return longest


class Matches(NamedTuple):
    """What is nearest to windows of a sound, each `[n]`: at which frame they begin and how many
    they are; the distance in dB (RMS over log-mel bands), and its square over what happens in the
    window, the `difference`; the sound of the corpus, and the frame of it where the nearest window
    begins."""

    start: Tensor
    length: Tensor
    distance_db: Tensor
    difference: Tensor
    sound: Tensor
    frame: Tensor


NO_HITS = Matches(
    *(
        torch.zeros(0, dtype=kind)
        for kind in (torch.long,) * 2 + (torch.float,) * 2 + (torch.long,) * 2
    )
)


class PassageSearch:
    """Looks for windows of sounds in the `codes` `[N, Q]` of a corpus: of sounds of so many
    `frames` each."""

    def __init__(self, model: VQVAE, codes: Tensor, frames: Sequence[int]) -> None:
        self.codes, self.frames = codes, torch.tensor(frames, dtype=torch.long)
        self.begins = self.frames.cumsum(0) - self.frames
        self.owner = torch.arange(len(frames)).repeat_interleave(self.frames)
        codebooks = model.rvq.codebooks.detach().cpu()
        self.entries, self.first = (
            codebooks.flatten(0, 1),
            len(codebooks[0]) * torch.arange(len(codebooks)),
        )
        self.level = model.analysis.level_direction().detach().cpu()
        self.in_db = model.analysis.in_db
        self.window = max(SHORTEST, round(WINDOW_S * model.frame_rate))
        # One in so many windows lies within a recording only if there are as many of them.
        several = self.frames >= self.window + STRIDE - 1
        self.sizes = torch.where(several, self.window, self.frames.clamp(max=self.window - 1))

    @torch.inference_mode()
    def nearest(self, sounds: Sequence[Query]) -> list[Matches]:
        """For each of the `sounds`, at windows of a quarter of a second, or as long as what is
        heard of the sound, or as the sound of the corpus, if that is less."""
        found = [[NO_HITS] for _ in sounds]
        longest = [min(self.window, sound.longest) for sound in sounds]
        for most in sorted({length for length in longest if length >= SHORTEST}):
            some = [i for i, length in enumerate(longest) if length == most]
            sizes = self.sizes.clamp(max=most)
            for size in sizes.unique().tolist():
                if size >= SHORTEST:
                    within = (sizes == size)[self.owner].nonzero()[:, 0]
                    self._search([sounds[i] for i in some], size, within, [found[i] for i in some])
        return [Matches(*(torch.cat(parts) for parts in zip(*each, strict=True))) for each in found]

    def _search(
        self, sounds: Sequence[Query], size: int, within: Tensor, found: Sequence[list[Matches]]
    ) -> None:
        """Adds to `found` what is nearest to windows of `size` frames, among frames `within` `[n]`
        of the corpus."""
        stride = STRIDE if size == self.window else 1
        starts = [_starts(sound, size, stride) for sound in sounds]
        wanted = torch.cat(
            [self._windows(sound.codes, at, size) for sound, at in zip(sounds, starts, strict=True)]
        )
        if not len(wanted):
            return
        places = self._candidates(self._without_level(wanted.mean(1)), size, within)
        pairs = zip(wanted.split(64), places.split(64), strict=True)
        squared, best = torch.cat([self._squared_distances(*pair) for pair in pairs]).min(1)
        place = places.gather(1, best[:, None])[:, 0]
        sound = self.owner[place]
        distance_db, happens_db = self.in_db(squared), self.in_db(self._variance(wanted))
        # The shorter, the sooner alike.
        difference = (
            distance_db.square() / (happens_db.square() + BLUR_DB**2) * (self.window / size) ** 0.5
        )
        parts = distance_db, difference, sound, place - self.begins[sound]
        each = zip(*(part.split([len(at) for at in starts]) for part in parts), strict=True)
        for hits, at, some in zip(found, starts, each, strict=True):
            hits.append(Matches(at, torch.full_like(at, size), *some))

    def _latents(self, codes: Tensor) -> Tensor:
        """`[..., D]` of `codes` `[..., Q]`."""
        rows = (codes.long() + self.first).flatten(0, -2)
        return F.embedding_bag(rows, self.entries, mode="sum").unflatten(0, codes.shape[:-1])

    def _windows(self, codes: Tensor, starts: Tensor, size: int) -> Tensor:
        """Latents `[..., size, D]` from `starts` `[...]` on."""
        return self._latents(codes[starts[..., None] + torch.arange(size)])

    def _without_level(self, latents: Tensor) -> Tensor:
        """`latents` `[..., D]` less what being louder changes."""
        return latents - (latents @ self.level)[..., None] * self.level

    def _variance(self, windows: Tensor) -> Tensor:
        """Of the latents `[n, size, D]` within each window `[n]`, level left out."""
        flat = self._without_level(windows)
        return (flat - flat.mean(1, keepdim=True)).square().sum(2).mean(1)

    def _candidates(self, wanted: Tensor, size: int, within: Tensor) -> Tensor:
        """Where in the corpus windows of `size` frames begin `[n, c]` whose means are nearest to
        those `wanted` `[n, D]`."""
        nearest, places = torch.zeros(len(wanted), 0), torch.zeros(len(wanted), 0, dtype=torch.long)
        for begins, means in self._means(size, within, max(CANDIDATES, AT_ONCE // len(wanted))):
            nearest = torch.cat([nearest, squared_distance(wanted, means)], 1)
            places = torch.cat([places, begins.expand(len(wanted), -1)], 1)
            nearest, kept = nearest.topk(min(CANDIDATES, nearest.shape[1]), largest=False)
            places = places.gather(1, kept)
        return places

    def _means(self, size: int, within: Tensor, at_once: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Where windows of `size` frames begin `[b]`, in parts, and their means `[b, D]`, level
        left out."""
        for first in range(0, len(within) - size + 1, at_once):
            frames = within[first : first + at_once + size - 1]
            begins, last = frames[: len(frames) - size + 1], frames[size - 1 :]
            whole = self.owner[begins] == self.owner[last]
            sums = F.pad(
                self._without_level(self._latents(self.codes[frames])).cumsum(0), (0, 0, 1, 0)
            )
            if whole.any():
                yield begins[whole], (sums[size:] - sums[:-size])[whole] / size

    def _squared_distances(self, wanted: Tensor, places: Tensor) -> Tensor:
        """Of windows `[n, size, D]` from those of the corpus at `places` `[n, c]`, at the same
        level: `[n, c]`."""
        apart = self._windows(self.codes, places, wanted.shape[1]) - wanted[:, None]
        louder = (apart @ self.level).mean(2)
        return apart.square().sum(3).mean(2) - louder.square()


def _starts(sound: Query, size: int, stride: int) -> Tensor:
    """Where windows of `size` frames of a sound begin `[n]`, one in `stride`, those that are
    heard."""
    count = len(sound.codes) - size + 1
    if count < 1:
        return torch.zeros(0, dtype=torch.long)
    at = torch.arange(0, count, max(stride, -(-count // MOST_WINDOWS)))
    return at[sound.audible.float().unfold(0, size, 1).mean(1)[at] >= AUDIBLE]
