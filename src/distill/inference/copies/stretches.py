"""Stretches in line: windows or events of a sound that follow one another as in one recording.

A recording may repeat itself: the bars of a loop are alike. The nearest counterparts of two
windows may then lie in different bars although the two follow one another in both. So each window
is also compared with the place that continues the windows before it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch

from distill.inference.copies.acoustic import PassageSearch
from distill.inference.copies.matches import Matches
from distill.inference.copies.recorded_onsets import RecordedOnsets
from distill.inference.copies.windows import (
    BEFORE_ONSET,
    LONGEST_EVENT,
    SHORTEST_EVENT,
    Query,
)

LONG_S = 1.0
"""Seconds beyond which what is repeated in line is a passage even if it is a single event."""

IN_LINE_S = 0.05
"""Seconds by which the offset between sound and recording may change from one stretch to the
next within one passage."""

FIRST_BLOCK = 4
"""Windows that are compared at once at first; twice as many each time, as long as they fit."""

ROWS_AT_ONCE = 64
"""Rows whose neighbours are compared at once: it bounds memory."""

MOST_BACK = 16
"""Windows that a stretch may reach back, about a second: it bounds the time."""

BEYOND_END = 2
"""Frames that a window may reach beyond the end of a recording, which is cut at its silent tail."""


class Stretch(NamedTuple):
    """A part of a sound that sounds the same as a recording, in line.

    Attributes:
        begin: Its first frame.
        end: The frame after its last one.
        is_passage: Whether it is long, or holds two events of the recording.
        distance_db: RMS difference of the log-mel bands, in dB.
        source: Name of the recording.
        source_s: Where it begins there, in seconds.
    """

    begin: int
    end: int
    is_passage: bool
    distance_db: float
    source: str
    source_s: float


class _Rows(NamedTuple):
    """Rows of the matches that lie on one line of `first`, which is one of them."""

    first: int
    rows: list[int]


class StretchFinder:
    """Joins the matches of one sound to stretches."""

    def __init__(
        self,
        search: PassageSearch,
        onsets: RecordedOnsets,
        sound: Query,
        difference: float,
    ) -> None:
        """Prepare for one sound.

        Args:
            search: The search that found the matches.
            onsets: Onsets of the recordings in which it searches.
            sound: The sound.
            difference: Acoustic difference below which two windows sound the same.
        """
        self.search = search
        self.onsets = onsets
        self.entries = onsets.entries
        self.frame_rate = onsets.codec.frame_rate
        self.sound = sound
        self.difference = difference

    def of_windows(self, matches: Matches) -> Iterator[Stretch]:
        """Yield stretches of windows that touch."""
        for length in matches.length.unique():
            own = matches.rows((matches.length == length).nonzero()[:, 0])
            yield from _Windows(self, own).stretches()

    def of_events(self, matches: Matches) -> Iterator[Stretch]:
        """Yield stretches of events that follow one another, in order of time."""
        yield from _Events(self, matches).stretches()


class _Windows:
    """The stretches of windows of one length."""

    def __init__(self, finder: StretchFinder, matches: Matches) -> None:
        """Prepare for `matches` in order of time."""
        self.finder = finder
        self.matches = matches
        self.start = matches.start.tolist()
        self.end = (matches.start + matches.length).tolist()
        self.is_same = (matches.difference < finder.difference).tolist()
        # Of some rows, whether their neighbours continue them.
        self._nearby: dict[int, dict[int, bool]] = {}

    def stretches(self) -> Iterator[Stretch]:
        """Yield the stretches, joined where they touch in line."""
        group: list[_Rows] = []
        for line in self._lines():
            if group and self._continues(group[-1], line):
                group.append(line)
                continue
            if group:
                yield self._stretch(group)
            group = [line]
        if group:
            yield self._stretch(group)

    def _lines(self) -> Iterator[_Rows]:
        """Yield rows that lie exactly in line, from the first one that is not yet covered on."""
        spans: set[int] = set()
        for first, is_same in enumerate(self.is_same):
            if first in spans or not is_same:
                continue
            near = self._near(first)
            earlier = self._extend(first, self._rows_before(first), near)
            later = self._extend(first, self._rows_after(first), near)
            spans.update(later)
            yield _Rows(first, [*reversed(earlier), first, *later])

    def _rows_before(self, first: int) -> range:
        """Rows before `first`, backwards, as far as a stretch may reach."""
        return range(first - 1, max(-1, first - 1 - MOST_BACK), -1)

    def _rows_after(self, first: int) -> range:
        """Rows after `first`."""
        return range(first + 1, len(self.start))

    def _near(self, first: int) -> dict[int, bool]:
        """Whether each row of the first block on either side of `first` continues it.

        Most stretches end within these. Those of several rows are compared together.
        """
        if first not in self._nearby:
            rows = range(first, len(self.is_same))
            same = list(islice((row for row in rows if self.is_same[row]), ROWS_AT_ONCE))
            pairs = [
                (row, other)
                for row in same
                for rows in (self._rows_before(row), self._rows_after(row))
                for other in rows[:FIRST_BLOCK]
            ]
            self._nearby = {row: {} for row in same}
            for (row, other), fits in zip(pairs, self._compare(pairs), strict=True):
                self._nearby[row][other] = fits
        return self._nearby[first]

    def _extend(self, first: int, rows: range, near: Mapping[int, bool]) -> list[int]:
        """Those of `rows` that continue `first`, until one no longer touches the last of them.

        Args:
            first: A row.
            rows: The rows on one side of it.
            near: Whether each of the first block of them fits.
        """
        fitting: list[int] = []
        last = first
        count = 0
        block = FIRST_BLOCK
        fits = near
        while count < len(rows):
            part = rows[count : count + block]
            if count:
                pairs = [(first, row) for row in part]
                fits = dict(zip(part, self._compare(pairs), strict=True))
            for row in part:
                if not self._touches(*sorted((last, row))):
                    return fitting
                if fits[row]:
                    fitting.append(row)
                    last = row
            count += block
            block *= 2
        return fitting

    def _compare(self, pairs: Sequence[tuple[int, int]]) -> list[bool]:
        """Whether the second row of each pair continues the first."""
        if not pairs:
            return []
        starts = [self.start[row] for _, row in pairs]
        lengths = [self.end[row] - self.start[row] for _, row in pairs]
        return self._fits([first for first, _ in pairs], starts, lengths)

    def _fits(
        self,
        firsts: Sequence[int],
        starts: Sequence[int],
        lengths: Sequence[int],
    ) -> list[bool]:
        """Whether windows sound the same as what continues the counterparts of rows.

        Args:
            firsts: A row for each window.
            starts: First frames of the windows.
            lengths: Their frames.
        """
        search = self.finder.search
        start = torch.tensor(starts)
        length = torch.tensor(lengths)
        first = torch.tensor(firsts)
        sound = self.matches.sound[first]
        frame = self.matches.frame[first] + start - self.matches.start[first]
        is_inside = (frame >= 0) & (frame + length <= search.frames[sound] + BEYOND_END)
        place = search.begins[sound] + frame.clamp(min=0).minimum(search.frames[sound] - 1)
        difference = search.difference_at(self.finder.sound, start, length, place)
        fits: list[bool] = (is_inside & (difference < self.finder.difference)).tolist()
        return fits

    def _touches(self, earlier: int, later: int) -> bool:
        """Whether nothing lies between two rows."""
        # Windows that start where the last one ends still touch it.
        return bool(self.start[later] <= self.end[earlier])

    def _continues(self, earlier: _Rows, later: _Rows) -> bool:
        """Whether two lines touch, and are as far apart in one recording as they are in the
        sound."""
        if not self._touches(earlier.rows[-1], later.rows[0]):
            return False
        first = earlier.first
        second = later.first
        apart = self.start[second] - self.start[first]
        drift_s = self._source_s(second) - self._source_s(first) - apart / self.finder.frame_rate
        return self._name(first) == self._name(second) and abs(drift_s) <= IN_LINE_S

    def _name(self, row: int) -> str:
        """The recording that a row comes from."""
        name: str = self._entry(row)["name"]
        return name

    def _source_s(self, row: int, frame: float | None = None) -> float:
        """Where in its recording a row lies, in seconds; or `frame` of the sound, in line with
        it."""
        beyond = 0.0 if frame is None else frame - self.start[row]
        second = (int(self.matches.frame[row]) + beyond) / self.finder.frame_rate
        start_s: float = self._entry(row)["start_s"]
        return start_s + second

    def _entry(self, row: int) -> Mapping[str, Any]:
        return self.finder.entries[int(self.matches.sound[row])]

    def _stretch(self, group: Sequence[_Rows]) -> Stretch:
        """The stretch that the lines of `group` form."""
        rows = sorted({row for line in group for row in line.rows})
        begin = self.start[rows[0]]
        return Stretch(
            begin=begin,
            end=self._end(rows),
            is_passage=self._is_passage(group, rows),
            distance_db=float(self.matches.distance_db[rows].mean()),
            source=self._name(rows[0]),
            # An encoding may begin up to a frame before its recording.
            source_s=max(0.0, self._source_s(group[0].first, begin)),
        )

    def _end(self, rows: Sequence[int]) -> int:
        """The frame after the last one of `rows`."""
        return self.end[rows[-1]]

    def _is_passage(self, group: Sequence[_Rows], rows: Sequence[int]) -> bool:
        """Whether `rows`, on the lines of `group`, are long or hold two events.

        They do where the recording has an onset within, and both sides of it are the same. A
        window that straddles a join may be the same, so each side is compared by itself.
        """
        begin = self.start[rows[0]]
        end = self.end[rows[-1]]
        rate = self.finder.frame_rate
        if end - begin > LONG_S * rate:
            return True
        # The onsets of the sound are known: look up those of the recording only beside them.
        if not self.finder.sound.has_onset_between(begin + SHORTEST_EVENT, end - SHORTEST_EVENT):
            return False
        first = group[0].first
        begin_s = self._source_s(first, begin)
        source_onsets = self.finder.onsets.between(
            self._name(first), begin_s, begin_s + (end - begin) / rate
        )
        onsets = [begin + (second - begin_s) * rate for second in source_onsets]
        bounds = [0.0, *(onset for onset in onsets if self.finder.sound.has_onset(onset)), math.inf]
        sides = []
        for earlier, onset, later in zip(bounds, bounds[1:], bounds[2:], strict=False):
            # Half a second at most on either side of the onset.
            before = range(max(begin, math.ceil(earlier)), math.floor(onset) - BEFORE_ONSET)
            after = range(math.ceil(onset), math.floor(min(end, later - BEFORE_ONSET)))
            if min(len(before), len(after)) >= SHORTEST_EVENT:
                sides += [before[-LONGEST_EVENT:], after[:LONGEST_EVENT]]
        if not sides:
            return False
        starts = [side.start for side in sides]
        lengths = [len(side) for side in sides]
        firsts = [line.first for line in group for _ in sides]
        fits = self._fits(firsts, starts * len(group), lengths * len(group))
        by_line = np.array(fits).reshape(len(group), len(sides))
        # Before and after an onset, one line may follow the other.
        return bool(by_line.any(0).reshape(-1, 2).all(1).any())


class _Events(_Windows):
    """The stretches of events: they touch if no other event lies between."""

    def _touches(self, earlier: int, later: int) -> bool:
        return later <= earlier + 1

    def _end(self, rows: Sequence[int]) -> int:
        # The frames before the next onset belong to the last event, although none compares them.
        return super()._end(rows) + BEFORE_ONSET + 1
