"""Acoustic nearest-neighbour search: the passage of the corpus that sounds most like a window.

Windows last a quarter of a second and are compared without their level. Compared are the codec's
latents, which stand for log-mel spectra at several resolutions (`models/analysis.py`). Each
recording is indexed in several encodings whose frames begin at different samples, since a copy
need not begin on our frame grid.

A difference is judged relative to the change within the window: two hums are soon alike, two hits
hardly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from distill.models.pointer import squared_distance
from distill.models.vqvae import VQVAE

WINDOW_S = 0.25
"""Length of a window, in seconds: about one note or hit."""

SHORTEST = 3
"""Frames of the shortest window: fewer leave nothing to compare."""

STRIDE = 3
"""Frames from one window of a sound to the next; more in sounds of over `MOST_WINDOWS`."""

MOST_WINDOWS = 800
"""Windows of one sound at most, about 50 s at `STRIDE`: it bounds the time of a search."""

AUDIBLE = 0.75
"""Share of a window's frames that must be audible: all silence is alike."""

CANDIDATES = 16
"""Windows with the nearest means that are compared frame by frame.

No window is nearer than its mean (Jensen's inequality), so few candidates are enough.
"""

BLUR_DB = 1.4
"""Difference in dB between two encodings of one steady sound."""

AT_ONCE = 4_000_000
"""Distances in one block of the candidate search: 16 MB of float32."""

COMPARED_AT_ONCE = 64
"""Windows that are compared with their candidates at once: it bounds memory."""


class Query(NamedTuple):
    """A sound to look for.

    Attributes:
        codes: Its codes `[T, Q]`.
        audible: Which of its frames are audible `[T]` (bool).
    """

    codes: Tensor
    audible: Tensor

    @property
    def longest(self) -> int:
        """Frames of the longest audible stretch."""
        stretch = 0
        longest = 0
        for audible in self.audible.tolist():
            stretch = stretch + 1 if audible else 0
            longest = max(longest, stretch)
        return longest


@dataclass(frozen=True)
class Matches:
    """The nearest window of the corpus for each of `n` windows of a sound.

    Attributes:
        start: First frame of the window in the sound `[n]`.
        length: Frames of the window `[n]`.
        distance_db: RMS difference of the log-mel bands `[n]`, in dB.
        difference: Squared distance over the squared change within the window `[n]`.
        sound: Index of the corpus sound `[n]`.
        frame: First frame of the nearest window in that sound `[n]`.
    """

    start: Tensor
    length: Tensor
    distance_db: Tensor
    difference: Tensor
    sound: Tensor
    frame: Tensor

    @classmethod
    def joined(cls, parts: Sequence["Matches"]) -> "Matches":
        """All matches of `parts`, one after the other."""
        columns = {}
        for field in fields(cls):
            columns[field.name] = torch.cat([getattr(part, field.name) for part in parts])
        return cls(**columns)


NO_MATCHES = Matches(
    start=torch.zeros(0, dtype=torch.long),
    length=torch.zeros(0, dtype=torch.long),
    distance_db=torch.zeros(0),
    difference=torch.zeros(0),
    sound=torch.zeros(0, dtype=torch.long),
    frame=torch.zeros(0, dtype=torch.long),
)
"""The matches of a sound without an audible window."""


class PassageSearch:
    """Finds the windows of a corpus that sound most like those of a sound."""

    def __init__(
        self,
        codec: VQVAE,
        codes: Tensor,
        frames: Sequence[int],
    ) -> None:
        """Index the corpus.

        Args:
            codec: The codec of the codes.
            codes: Codes of all sounds, one after the other `[M, Q]`.
            frames: Frames of each sound; they sum to `M`.
        """
        codebooks = codec.rvq.codebooks.detach().cpu()
        self.codes = codes
        self.frames = torch.tensor(frames, dtype=torch.long)
        # For each sound its first frame, and for each frame its sound.
        self.begins = self.frames.cumsum(0) - self.frames
        self.owner = torch.arange(len(frames)).repeat_interleave(self.frames)
        # All codebooks as one table, and the row in which the entries of each level begin.
        self.entries = codebooks.flatten(0, 1)
        self.first_entry = len(codebooks[0]) * torch.arange(len(codebooks))
        self.level = codec.analysis.level_direction().detach().cpu()
        self.in_db = codec.analysis.in_db
        self.window = max(SHORTEST, round(WINDOW_S * codec.frame_rate))
        # With a stride, a recording needs room for a window at every offset; a shorter one is
        # searched by windows as long as itself.
        has_room = self.frames >= self.window + STRIDE - 1
        self.sizes = torch.where(has_room, self.window, self.frames.clamp(max=self.window - 1))

    @torch.inference_mode()
    def nearest(self, sounds: Sequence[Query]) -> list[Matches]:
        """The nearest windows of the corpus to those of each sound.

        A window lasts a quarter of a second. It is shorter where the longest audible stretch of the
        sound, or the sound of the corpus, is shorter.
        """
        matches_by_sound = [[NO_MATCHES] for _ in sounds]
        lengths = [min(self.window, sound.longest) for sound in sounds]
        for length in sorted(set(lengths)):
            # Sounds with windows of one length are searched together.
            members = [i for i, own_length in enumerate(lengths) if own_length == length]
            queries = [sounds[i] for i in members]
            sizes = self.sizes.clamp(max=length)
            for size in sizes.unique().tolist():
                if size < SHORTEST:
                    continue
                # The frames of all corpus sounds that are searched at this size.
                has_size = sizes == size
                within = has_size[self.owner].nonzero()[:, 0]
                matches = self._search(queries, size, within)
                for i, own_matches in zip(members, matches, strict=True):
                    matches_by_sound[i].append(own_matches)
        return [Matches.joined(parts) for parts in matches_by_sound]

    def _search(
        self,
        sounds: Sequence[Query],
        size: int,
        within: Tensor,
    ) -> list[Matches]:
        """The nearest windows of one length.

        Args:
            sounds: The sounds to look for.
            size: Frames of a window.
            within: Frames of the corpus in which to search `[m]`.

        Returns:
            The matches of each sound.
        """
        stride = STRIDE if size == self.window else 1
        starts = [_starts(sound, size, stride) for sound in sounds]
        by_sound = [
            self._windows(sound.codes, start, size)
            for sound, start in zip(sounds, starts, strict=True)
        ]
        # The windows of all sounds as one batch.
        windows = torch.cat(by_sound)
        if not len(windows):
            return [NO_MATCHES for _ in sounds]
        place, squared = self._nearest_places(windows, within)
        owner = self.owner[place]
        distance_db = self.in_db(squared)
        change_db = self.in_db(self._variance(windows))
        difference = distance_db.square() / (change_db.square() + BLUR_DB**2)
        # The shorter a window, the sooner it finds one that is alike by chance.
        difference = difference * (self.window / size) ** 0.5
        frame = place - self.begins[owner]
        # Back to the windows of each sound.
        counts = [len(start) for start in starts]
        columns = (distance_db, difference, owner, frame)
        rows = zip(starts, *(column.split(counts) for column in columns), strict=True)
        return [
            Matches(
                start=start,
                length=torch.full_like(start, size),
                distance_db=own_distance,
                difference=own_difference,
                sound=own_sound,
                frame=own_frame,
            )
            for start, own_distance, own_difference, own_sound, own_frame in rows
        ]

    def _nearest_places(self, windows: Tensor, within: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest window of the corpus to each of `windows` `[n, size, D]`.

        Returns:
            The frame of the corpus in which it begins `[n]`, and the squared distance `[n]`.
        """
        size = windows.shape[1]
        means = self._without_level(windows.mean(1))
        candidates = self._candidates(means, size, within)
        blocks = zip(
            windows.split(COMPARED_AT_ONCE),
            candidates.split(COMPARED_AT_ONCE),
            strict=True,
        )
        distances = torch.cat([self._squared_distances(*block) for block in blocks])
        squared, best = distances.min(1)
        place = candidates.gather(1, best[:, None])[:, 0]
        return place, squared

    def _latents(self, codes: Tensor) -> Tensor:
        """Latents `[..., D]` of `codes` `[..., Q]`."""
        # Entries of all levels are looked up and summed in one step, without a copy of each.
        rows = (codes.long() + self.first_entry).flatten(0, -2)
        latents = F.embedding_bag(rows, self.entries, mode="sum")
        return latents.unflatten(0, codes.shape[:-1])

    def _windows(
        self,
        codes: Tensor,
        starts: Tensor,
        size: int,
    ) -> Tensor:
        """Latents `[..., size, D]` of the windows that begin at `starts` `[...]`."""
        frames = starts[..., None] + torch.arange(size)
        return self._latents(codes[frames])

    def _without_level(self, latents: Tensor) -> Tensor:
        """`latents` `[..., D]` without the direction in which loudness moves them."""
        loudness = latents @ self.level
        return latents - loudness[..., None] * self.level

    def _variance(self, windows: Tensor) -> Tensor:
        """Variance `[n]` of the latents within each of `windows` `[n, size, D]`, without level."""
        latents = self._without_level(windows)
        deviation = latents - latents.mean(1, keepdim=True)
        return deviation.square().sum(2).mean(1)

    def _candidates(
        self,
        query_means: Tensor,
        size: int,
        within: Tensor,
    ) -> Tensor:
        """The windows of the corpus with the nearest means.

        Args:
            query_means: Means of the windows to look for `[n, D]`, without level.
            size: Frames of a window.
            within: Frames of the corpus in which to search `[m]`.

        Returns:
            Frames of the corpus in which the candidates begin `[n, c]`.
        """
        n = len(query_means)
        nearest = torch.zeros(n, 0)
        places = torch.zeros(n, 0, dtype=torch.long)
        block = max(CANDIDATES, AT_ONCE // n)
        # Keep the best of each block only, so that memory does not grow with the corpus.
        for begins, means in self._means(size, within, block):
            nearest = torch.cat([nearest, squared_distance(query_means, means)], 1)
            places = torch.cat([places, begins.expand(n, -1)], 1)
            count = min(CANDIDATES, nearest.shape[1])
            nearest, best = nearest.topk(count, largest=False)
            places = places.gather(1, best)
        return places

    def _means(
        self,
        size: int,
        within: Tensor,
        at_once: int,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield where windows of `size` frames begin `[b]`, and their means `[b, D]`, by blocks."""
        for first in range(0, len(within) - size + 1, at_once):
            # The last windows of a block reach into the next one.
            frames = within[first : first + at_once + size - 1]
            begins = frames[: len(frames) - size + 1]
            ends = frames[size - 1 :]
            # A window must not reach from one sound into the next.
            is_whole = self.owner[begins] == self.owner[ends]
            latents = self._without_level(self._latents(self.codes[frames]))
            # Sums over windows as differences of one running sum.
            sums = F.pad(latents.cumsum(0), (0, 0, 1, 0))
            window_sums = sums[size:] - sums[:-size]
            if is_whole.any():
                yield begins[is_whole], window_sums[is_whole] / size

    def _squared_distances(self, windows: Tensor, places: Tensor) -> Tensor:
        """Mean squared distances `[n, c]` between windows, brought to one level.

        Args:
            windows: Latents of the windows to look for `[n, size, D]`.
            places: Frames of the corpus in which their candidates begin `[n, c]`.
        """
        difference = self._windows(self.codes, places, windows.shape[1]) - windows[:, None]
        # A shift of the mean level is not a difference.
        louder = (difference @ self.level).mean(2)
        return difference.square().sum(3).mean(2) - louder.square()


def _starts(
    sound: Query,
    size: int,
    stride: int,
) -> Tensor:
    """Frames in which the audible windows of `size` frames begin `[n]`, one in `stride`."""
    count = len(sound.codes) - size + 1
    if count < 1:
        return torch.zeros(0, dtype=torch.long)
    # Rounded up, so that there are no more windows than `MOST_WINDOWS`.
    least_stride = -(-count // MOST_WINDOWS)
    starts = torch.arange(0, count, max(stride, least_stride))
    audible_share = sound.audible.float().unfold(0, size, 1).mean(1)
    is_audible = audible_share[starts] >= AUDIBLE
    return starts[is_audible]
