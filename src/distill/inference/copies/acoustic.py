"""Acoustic nearest-neighbour search: the passage of the corpus that sounds most like a window.

Windows last a quarter of a second and are compared without their level. So are events: an onset
and what follows until the next one. Compared are the codec's latents, which stand for log-mel
spectra at several resolutions (`models/analysis.py`). Each recording is indexed in several
encodings whose frames begin at different samples, since a copy need not begin on our frame grid.

A difference is judged relative to the change within the window: two hums are soon alike, two hits
hardly.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from distill.inference.copies.matches import NO_MATCHES, Matches, SoundMatches, no_match_of
from distill.inference.copies.window_sums import smallest, window_sums
from distill.inference.copies.windows import (
    LONGEST_EVENT,
    SHORTEST_EVENT,
    Query,
    Span,
    events_of,
    window_starts,
)
from distill.models.vqvae import VQVAE

WINDOW_S = 0.25
"""Length of a window, in seconds: about one note or hit."""

SHORTEST = 3
"""Frames of the shortest window: fewer leave nothing to compare."""

CANDIDATES = 16
"""Windows with the nearest means that are compared frame by frame.

No window is nearer than its mean (Jensen's inequality), so few candidates are enough.
"""

BLUR_DB = 1.4
"""Difference in dB between two encodings of one steady sound."""

MOST_DB = 6.0
"""Distance in dB beyond which nothing sounds the same: copies are within 3 dB, others from 3.5."""

STRIDE = 3
"""Frames from one window of a sound to the next; more in sounds of over `MOST_WINDOWS`."""

AT_ONCE = 4_000_000
"""Numbers in one block of the candidate search, distances or latents: 16 MB of float32."""

COMPARED_AT_ONCE = 64
"""Windows that are compared with their candidates at once: it bounds memory."""


class _Means(NamedTuple):
    """Means `[n, D]` of windows to look for, without level, over `size` frames."""

    means: Tensor
    size: int


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
    def nearest(self, sounds: Sequence[Query]) -> list[SoundMatches]:
        """The nearest windows of the corpus to the windows and the events of each sound.

        A window lasts a quarter of a second. It is shorter where the longest audible stretch of the
        sound, or the sound of the corpus, is shorter.
        """
        windows_by_sound = [[NO_MATCHES] for _ in sounds]
        events = [no_match_of(events_of(sound)) for sound in sounds]
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
                own_matches = self._search(queries, size, within)
                for i, own in zip(members, own_matches, strict=True):
                    windows_by_sound[i].append(own.windows)
                    events[i] = events[i].nearer(own.events)
        windows = [Matches.join(parts) for parts in windows_by_sound]
        return [SoundMatches(*pair) for pair in zip(windows, events, strict=True)]

    @torch.inference_mode()
    def difference_at(
        self,
        sound: Query,
        start: Tensor,
        length: Tensor,
        place: Tensor,
    ) -> Tensor:
        """Differences `[n]` between windows and places of the corpus, as in `Matches`.

        Args:
            sound: The sound that holds the windows.
            start: First frames of the windows `[n]`.
            length: Their frames `[n]`.
            place: Frames of the corpus in which their counterparts begin `[n]`.
        """
        windows = self._windows(sound.codes, start, int(length.max()))
        is_part = _is_part(length)
        squares = self._squared_distances(windows, is_part, place[:, None])[:, 0]
        return self._difference(windows, is_part, squares)

    def _search(
        self,
        sounds: Sequence[Query],
        size: int,
        within: Tensor,
    ) -> list[SoundMatches]:
        """The nearest windows of one length, and the nearest events.

        Args:
            sounds: The sounds to look for.
            size: Frames of a window.
            within: Frames of the corpus in which to search `[m]`.

        Returns:
            Matches of each sound.
        """
        stride = STRIDE if size == self.window else 1
        windows = []
        events = [events_of(sound) for sound in sounds]
        for sound in sounds:
            start = window_starts(sound, size, stride)
            windows.append(Span(start, torch.full_like(start, size)))
        # Windows and events of all sounds as two batches, which share one pass over the corpus.
        batches = [self._batch(sounds, windows, size), self._batch(sounds, events, LONGEST_EVENT)]
        sizes = (size, SHORTEST_EVENT)
        means = [
            _Means(self._without_level(latents[:, :own_size].mean(1)), own_size)
            for latents, own_size in zip(batches, sizes, strict=True)
        ]
        candidates = self._candidates(means, within)
        own_windows = self._nearest_of(batches[0], windows, candidates[0], of_windows=True)
        own_events = self._nearest_of(batches[1], events, candidates[1], of_windows=False)
        return [SoundMatches(*pair) for pair in zip(own_windows, own_events, strict=True)]

    def _batch(
        self,
        sounds: Sequence[Query],
        spans: Sequence[Span],
        longest: int,
    ) -> Tensor:
        """Latents `[n, longest, D]` of the windows of all sounds."""
        parts = [
            self._windows(sound.codes, span.start, longest)
            for sound, span in zip(sounds, spans, strict=True)
        ]
        return torch.cat(parts)

    def _nearest_of(
        self,
        windows: Tensor,
        spans: Sequence[Span],
        candidates: Tensor,
        of_windows: bool,
    ) -> list[Matches]:
        """The nearest of several places for each window of several sounds.

        Args:
            windows: Latents of the windows of all sounds `[n, L, D]`.
            spans: Where they lie in each sound.
            candidates: Frames of the corpus in which their candidates begin `[n, c]`.
            of_windows: Whether they begin anywhere; False for events.
        """
        is_part = _is_part(torch.cat([span.length for span in spans]), windows.shape[1])
        if not candidates.numel():
            return [no_match_of(span) for span in spans]
        blocks = zip(
            windows.split(COMPARED_AT_ONCE),
            is_part.split(COMPARED_AT_ONCE),
            candidates.split(COMPARED_AT_ONCE),
            strict=True,
        )
        distances = torch.cat([self._squared_distances(*block) for block in blocks])
        squares, best = distances.min(1)
        place = candidates.gather(1, best[:, None])[:, 0]
        owner = self.owner[place]
        frame = place - self.begins[owner]
        difference = self._difference(windows, is_part, squares)
        if of_windows:
            # The shorter a window, the sooner it finds one that is alike by chance. An event has
            # fewer chances: it begins at an onset.
            difference = difference * (self.window / is_part.sum(1)).sqrt()
        # Back to the windows of each sound.
        counts = [len(span.start) for span in spans]
        columns = (self.in_db(squares), difference, owner, frame)
        rows = zip(spans, *(column.split(counts) for column in columns), strict=True)
        return [
            Matches(
                start=span.start,
                length=span.length,
                distance_db=own_distance,
                difference=own_difference,
                sound=own_sound,
                frame=own_frame,
            )
            for span, own_distance, own_difference, own_sound, own_frame in rows
        ]

    def _difference(
        self,
        windows: Tensor,
        is_part: Tensor,
        squares: Tensor,
    ) -> Tensor:
        """Squared distances `[n]` over the squared change within `windows` `[n, L, D]`."""
        change_db = self.in_db(self._variance(windows, is_part))
        distance_db = self.in_db(squares)
        difference = distance_db.square() / (change_db.square() + BLUR_DB**2)
        # What falls from a hit to silence changes by more than two hits differ.
        return difference.clamp(min=(distance_db > MOST_DB).float())

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
        """Latents `[n, size, D]` of the windows that begin at `starts` `[n]`.

        The last frame stays where a window reaches beyond the end.
        """
        frames = starts[:, None] + torch.arange(size)
        return self._latents(codes[frames.clamp(max=len(codes) - 1)])

    def _without_level(self, latents: Tensor) -> Tensor:
        """`latents` `[..., D]` without the direction in which loudness moves them."""
        loudness = latents @ self.level
        return latents - loudness[..., None] * self.level

    def _variance(self, windows: Tensor, is_part: Tensor) -> Tensor:
        """Variance `[n]` of the latents within each of `windows` `[n, L, D]`, without level."""
        latents = self._without_level(windows)
        share = is_part / is_part.sum(1, keepdim=True)
        mean = torch.einsum("nld,nl->nd", latents, share)
        deviation = (latents - mean[:, None]).square().sum(2)
        return (deviation * share).sum(1)

    def _candidates(self, targets: Sequence[_Means], within: Tensor) -> list[Tensor]:
        """The windows of the corpus with the nearest means.

        Args:
            targets: Means of the windows to look for.
            within: Frames of the corpus in which to search `[m]`.

        Returns:
            For each of `targets`, frames of the corpus in which the candidates begin `[n, c]`.
        """
        counts = [len(means) for means, _ in targets]
        nearest = [torch.zeros(n, 0) for n in counts]
        places = [torch.zeros(n, 0, dtype=torch.long) for n in counts]
        whole_counts = [0 for _ in counts]
        # With few windows to look for, the latents of a block are more than its distances.
        block = max(CANDIDATES, AT_ONCE // max(len(self.level), sum(counts)))
        longest = max(size for _, size in targets)
        for first in range(0, len(within) if sum(counts) else 0, block):
            # The last windows of a block reach into the next one.
            frames = within[first : first + block + longest - 1]
            latents = self._without_level(self._latents(self.codes[frames]))
            for i, (means, size) in enumerate(targets):
                begins = frames[: max(0, len(frames) - size + 1)][:block]
                if not counts[i] or not len(begins):
                    continue
                # A window must not reach from one sound into the next.
                is_whole = self.owner[begins] == self.owner[begins + size - 1]
                corpus_means = window_sums(latents, size)[: len(begins)] / size
                squares = corpus_means.square().sum(1).masked_fill(~is_whole, torch.inf)
                # Without the square of the means themselves: it is the same for all places.
                distances = torch.addmm(squares, means, corpus_means.T, alpha=-2)
                # Keep the best of each block only, so that memory does not grow with the corpus.
                best = smallest(distances, CANDIDATES)
                own_distances = torch.cat([nearest[i], best.values], 1)
                own_places = torch.cat([places[i], begins[best.columns]], 1)
                whole_counts[i] += int(is_whole.sum())
                count = min(CANDIDATES, whole_counts[i])
                nearest[i], order = own_distances.topk(count, largest=False)
                places[i] = own_places.gather(1, order)
        return places

    def _squared_distances(
        self,
        windows: Tensor,
        is_part: Tensor,
        places: Tensor,
    ) -> Tensor:
        """Mean squared distances `[n, c]` between windows, brought to one level.

        Args:
            windows: Latents of the windows to look for `[n, L, D]`.
            is_part: Which of their frames count `[n, L]` (bool).
            places: Frames of the corpus in which their candidates begin `[n, c]`.
        """
        owner = self.owner[places]
        last = self.begins[owner] + self.frames[owner] - 1
        frames = places[..., None] + torch.arange(windows.shape[1])
        frames = torch.minimum(frames, last[..., None])
        difference = self._latents(self.codes[frames]) - windows[:, None]
        share = is_part / is_part.sum(1, keepdim=True)
        # A shift of the mean level is not a difference.
        louder = torch.einsum("ncl,nl->nc", difference @ self.level, share)
        return torch.einsum("ncl,nl->nc", difference.square().sum(3), share) - louder.square()


def _is_part(length: Tensor, longest: int | None = None) -> Tensor:
    """Which frames of windows of `length` `[n]` belong to them `[n, longest]` (bool)."""
    if longest is None:
        longest = int(length.max())
    return torch.arange(longest) < length[:, None]
