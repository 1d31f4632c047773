"""Stretches in line: windows or events of a sound that follow one another as in one recording.

A recording may repeat itself: the bars of a loop are alike. The nearest counterparts of two
windows may then lie in different bars although the two follow one another in both. So each window
is also compared with the place that continues the windows before it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from distill.inference.copies.acoustic import Matches, PassageSearch, Query

IN_LINE_S = 0.05
"""Seconds by which the offset between sound and recording may change from one stretch to the
next within one passage."""

FIRST_BLOCK = 4
"""Windows that are compared at once at first; twice as many each time, as long as they fit."""

MOST_BACK = 16
"""Windows that a stretch may reach back, about a second: it bounds the time."""

BEYOND_END = 2
"""Frames that a window may reach beyond the end of a recording, which is cut at its silent tail."""


class Stretch(NamedTuple):
    """A part of a sound that sounds the same as a recording, in line.

    Attributes:
        begin: Its first frame.
        end: The frame after its last one.
        windows: How many windows or events it consists of.
        distance_db: RMS difference of the log-mel bands, in dB.
        source: Name of the recording.
        source_s: Where it begins there, in seconds.
    """

    begin: int
    end: int
    windows: int
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
        entries: Sequence[Mapping[str, Any]],
        frame_rate: float,
        sound: Query,
        difference: float,
    ) -> None:
        """Prepare for one sound.

        Args:
            search: The search that found the matches.
            entries: `name` and `start_s` of each of its sounds.
            frame_rate: Code frames in a second.
            sound: The sound.
            difference: Acoustic difference below which two windows sound the same.
        """
        self.search = search
        self.entries = entries
        self.frame_rate = frame_rate
        self.sound = sound
        self.difference = difference

    def of_windows(self, matches: Matches) -> Iterator[Stretch]:
        """Yield stretches of windows that touch."""
        for length in matches.length.unique():
            own = matches.rows((matches.length == length).nonzero()[:, 0])
            yield from _Line(self, own, touch_by_order=False).stretches()

    def of_events(self, matches: Matches) -> Iterator[Stretch]:
        """Yield stretches of events that follow one another, in order of time."""
        yield from _Line(self, matches, touch_by_order=True).stretches()


class _Line:
    """The stretches of windows of one length, or of events."""

    def __init__(
        self,
        finder: StretchFinder,
        matches: Matches,
        touch_by_order: bool,
    ) -> None:
        """Prepare for `matches` in order of time; events touch if no other one lies between."""
        self.finder = finder
        self.matches = matches
        self.touch_by_order = touch_by_order
        self.start = matches.start.tolist()
        self.end = (matches.start + matches.length).tolist()
        self.is_same = (matches.difference < finder.difference).tolist()

    def stretches(self) -> Iterator[Stretch]:
        """Yield the stretches, joined where they touch in line."""
        group: list[_Rows] = []
        for line in self._lines():
            if group and self._touches(group[-1].rows[-1], line.rows[0]):
                if self._is_in_line(group[-1].first, line.first):
                    group.append(line)
                    continue
            if group:
                yield self._stretch(group)
            group = [line]
        if group:
            yield self._stretch(group)

    def _lines(self) -> Iterator[_Rows]:
        """Yield rows that lie exactly in line, from the first one that is not yet covered on."""
        covered: set[int] = set()
        for first, is_same in enumerate(self.is_same):
            if first in covered or not is_same:
                continue
            earlier = self._extend(first, range(first - 1, max(-1, first - 1 - MOST_BACK), -1))
            later = self._extend(first, range(first + 1, len(self.start)))
            covered.update(later)
            yield _Rows(first, [*reversed(earlier), first, *later])

    def _extend(self, first: int, rows: range) -> list[int]:
        """Those of `rows` that continue `first`, until one no longer touches the last of them."""
        fitting: list[int] = []
        last = first
        done = 0
        block = FIRST_BLOCK
        while done < len(rows):
            part = rows[done : done + block]
            for row, fits in zip(part, self._fits(first, part), strict=True):
                if not self._touches(*sorted((last, row))):
                    return fitting
                if fits:
                    fitting.append(row)
                    last = row
            done += block
            block *= 2
        return fitting

    def _fits(self, first: int, rows: Sequence[int]) -> list[bool]:
        """Whether each of `rows` sounds the same as what continues the counterpart of `first`."""
        search = self.finder.search
        matches = self.matches
        chosen = torch.tensor(rows)
        start = matches.start[chosen]
        length = matches.length[chosen]
        sound = matches.sound[first]
        frame = matches.frame[first] + start - matches.start[first]
        is_inside = (frame >= 0) & (frame + length <= search.frames[sound] + BEYOND_END)
        place = search.begins[sound] + frame.clamp(min=0).minimum(search.frames[sound] - 1)
        difference = search.difference_at(self.finder.sound, start, length, place)
        fits: list[bool] = (is_inside & (difference < self.finder.difference)).tolist()
        return fits

    def _touches(self, earlier: int, later: int) -> bool:
        """Whether nothing lies between two rows."""
        if self.touch_by_order:
            return later <= earlier + 1
        # Windows that start where the last one ends still touch it.
        return bool(self.start[later] <= self.end[earlier])

    def _is_in_line(self, first: int, second: int) -> bool:
        """Whether two rows are as far apart in one recording as they are in the sound."""
        first_name, first_s = self._source(first)
        second_name, second_s = self._source(second)
        apart_s = (self.start[second] - self.start[first]) / self.finder.frame_rate
        return first_name == second_name and abs(second_s - first_s - apart_s) <= IN_LINE_S

    def _source(self, row: int) -> tuple[str, float]:
        """The recording that a row comes from, and where in it, in seconds."""
        entry = self.finder.entries[int(self.matches.sound[row])]
        frame = int(self.matches.frame[row])
        return entry["name"], entry["start_s"] + frame / self.finder.frame_rate

    def _stretch(self, group: Sequence[_Rows]) -> Stretch:
        """The stretch that the lines of `group` form."""
        rows = sorted({row for line in group for row in line.rows})
        name, source_s = self._source(group[0].first)
        begin = self.start[rows[0]]
        source_s -= (self.start[group[0].first] - begin) / self.finder.frame_rate
        return Stretch(
            begin=begin,
            end=max(self.end[row] for row in rows),
            windows=len(rows),
            distance_db=float(self.matches.distance_db[rows].mean()),
            source=name,
            # An encoding may begin up to a frame before its recording.
            source_s=max(0.0, source_s),
        )
