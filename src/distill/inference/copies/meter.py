"""The copy meter: how much of a sound repeats the corpus, where, and whether that is chance.

Two searches, each for what the other misses:

- shared code runs (`code_runs`): coarse codes that a prior repeats after overfitting;
- acoustic nearest neighbours (`acoustic`): passages that sound alike, at any level and at any
  place on the frame grid.

The zero point says how much of that new recordings show as well. It is measured once, when the
prior is trained, on the held-out sounds (`zero_point`).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distill.inference.copies.acoustic import Matches, PassageSearch, Query
from distill.inference.copies.code_runs import NOWHERE, EndingRuns, RunSearch
from distill.inference.copies.report import CopyReport, NearPassage, SharedRun
from distill.models.vqvae import VQVAE

RUN_LEVELS = (1, 2)
"""How many levels the code runs span: level 1 alone, and levels 1 and 2 merged.

Finer levels differ even between two encodings of one recording.
"""

BY_CHANCE = 0.05 / 3
"""Share of new passages that each of the three searches may flag: together one in twenty."""

IN_LINE_S = 0.05
"""Seconds by which the offset between sound and recording may vary within one passage."""

SILENT_FRAME_DB = -60.0
"""Level in dBFS (RMS of a frame) up to which a frame is silent."""

PASSAGE_S = 2.0
"""Seconds of the passages on which the zero point is measured."""

FRAMES_AT_ONCE = 512
"""Frames (about 10 s) whose levels are measured at once: it bounds memory."""


@dataclass(frozen=True)
class ZeroPoint:
    """How much new recordings have in common with the corpus.

    Attributes:
        bits: For each of the code-run searches, the surprise above which a run is no chance.
        difference: The acoustic difference below which two windows sound the same.
        share: Share of the audible frames of new recordings that count as repeated all the same.
    """

    bits: tuple[float, ...]
    difference: float
    share: float

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "ZeroPoint":
        """Read the entry `zero` of a copy index."""
        return cls(
            bits=tuple(entry["bits"]),
            difference=entry["difference"],
            share=entry["share"],
        )

    def to_dict(self) -> dict[str, Any]:
        """The entry `zero` of a copy index."""
        return asdict(self) | {"bits": list(self.bits)}


class CopyMeter:
    """Measures how much sounds repeat the corpus of an index.

    Example:
        >>> meter = CopyMeter(loaded.model, index)
        >>> print(meter.measure(codes, decode_codes(loaded.model, codes)).sentence)
    """

    def __init__(self, codec: VQVAE, index: Mapping[str, Any]) -> None:
        """Prepare the searches.

        Args:
            codec: The codec of the codes.
            index: What `build_copy_index` made. Without `zero` nothing counts as repeated yet.
        """
        self.frame_rate = codec.frame_rate
        self.sample_rate = codec.sample_rate
        self.hop = codec.frame_hop
        self.codebook_size = codec.codebook_size
        self.encodings = index["encodings"]
        self.passages = index["passages"]
        self.levels = [n for n in RUN_LEVELS if n <= index["codes"].shape[1]]
        codes = _split_by_entry(index["codes"].numpy().astype(np.int64), self.encodings)
        self.searches = []
        for levels in self.levels:
            sequences = [self._merged(own_codes, levels) for own_codes in codes]
            self.searches.append(RunSearch(sequences, alphabet=self.codebook_size**levels))
        self.passage_search = PassageSearch(
            codec, index["passage_codes"], [entry["frames"] for entry in self.passages]
        )
        if "zero" in index:
            self.zero_point = ZeroPoint.from_dict(index["zero"])
        else:
            no_run = (math.inf,) * len(self.levels)
            self.zero_point = ZeroPoint(
                bits=no_run,
                difference=0.0,
                share=0.0,
            )

    def _merged(self, codes: np.ndarray, levels: int) -> np.ndarray:
        """The first `levels` of codes `[T, Q]` as one number a frame `[T]`."""
        merged = np.zeros(len(codes), np.int64)
        for level in range(levels):
            merged = merged * self.codebook_size + codes[:, level]
        return merged

    def measure(
        self,
        codes: Tensor,
        audio: np.ndarray,
        new: Tensor | None = None,
    ) -> CopyReport:
        """Report how much of a sound repeats the corpus.

        Args:
            codes: Codes of the sound `[T, Q]`.
            audio: The sound that was decoded from them `[C, N]`.
            new: Which frames to judge `[T]` (bool); the others count as silent. All without it.
        """
        query = self.query(codes, audio)
        # Old frames are as silence for the one search, and as unknown codes for the other.
        if new is not None:
            query = query._replace(audible=query.audible & new)
        runs = self.runs(codes.numpy(), None if new is None else new.numpy())
        (matches,) = self.passage_search.nearest([query])
        share = self.repeated_share(runs, matches, query.audible.numpy(), self.zero_point)
        # New recordings share that much by chance: it does not count.
        beyond = max(0.0, share - self.zero_point.share)
        return CopyReport(
            percent=100 * beyond / (1 - self.zero_point.share),
            share=share,
            runs=tuple(self._heaviest(r, s) for r, s in zip(runs, self.searches, strict=True)),
            passage=self._nearest(matches),
        )

    def query(self, codes: Tensor, audio: np.ndarray) -> Query:
        """The acoustic query of a sound with `codes` `[T, Q]`, decoded to `audio` `[C, N]`."""
        audible = self._powers(audio, len(codes)) > 10 ** (SILENT_FRAME_DB / 10)
        return Query(codes=codes, audible=torch.from_numpy(audible))

    def _powers(self, audio: np.ndarray, frames: int) -> np.ndarray:
        """Mean squares `[T]` of the first `frames` of `audio` `[C, N]`, zero-padded at the end."""
        powers = np.zeros(frames)
        for first in range(0, frames, FRAMES_AT_ONCE):
            block = powers[first : first + FRAMES_AT_ONCE]
            samples = audio[:, first * self.hop : (first + len(block)) * self.hop]
            squares = np.square(samples).mean(0)
            # The last frame may reach past the end of the audio.
            missing = len(block) * self.hop - len(squares)
            padded = np.pad(squares, (0, missing))
            block[:] = padded.reshape(len(block), self.hop).mean(1)
        return powers

    def runs(self, codes: np.ndarray, new: np.ndarray | None = None) -> list[EndingRuns]:
        """Find the code runs that a sound shares with the corpus.

        Args:
            codes: Codes of the sound `[T, Q]`.
            new: Which frames to look for `[T]` (bool); all without it.

        Returns:
            The runs in level 1, and those in levels 1 and 2.
        """
        merged = [self._merged(codes, levels) for levels in self.levels]
        if new is not None:
            merged = [np.where(new, numbers, NOWHERE) for numbers in merged]
        return [
            search.ending_runs(numbers)
            for numbers, search in zip(merged, self.searches, strict=True)
        ]

    def chance_bits(self) -> float:
        """Surprise in bits that a passage reaches by chance in `BY_CHANCE` of all cases.

        It grows with the logarithm of the places compared (Karlin & Altschul 1990).
        """
        places = self.searches[0].size * PASSAGE_S * self.frame_rate
        return math.log2(places / BY_CHANCE)

    def repeated_share(
        self,
        runs: Sequence[EndingRuns],
        matches: Matches,
        audible: np.ndarray,
        zero_point: ZeroPoint,
    ) -> float:
        """Share of the audible frames that lie in a run or a passage beyond chance.

        Args:
            runs: What `runs` found, for each of the searches.
            matches: What the acoustic search found.
            audible: Which frames are audible `[T]` (bool).
            zero_point: The bounds; its `share` is not taken off.

        Returns:
            The share, from 0 to 1; 0 for silence.
        """
        # +1 where a repeated stretch begins, -1 after its end: the sum counts the stretches.
        edges = np.zeros(len(audible) + 1, int)
        for search_runs, bound in zip(runs, zero_point.bits, strict=True):
            ends = (search_runs.bits > bound).nonzero()[0] + 1
            begins = ends - search_runs.length[ends - 1]
            np.add.at(edges, begins, 1)
            np.add.at(edges, ends, -1)
        is_same = (matches.difference < zero_point.difference).numpy()
        begins = matches.start.numpy()
        ends = begins + matches.length.numpy()
        np.add.at(edges, begins[is_same], 1)
        np.add.at(edges, ends[is_same], -1)
        is_repeated = edges.cumsum()[:-1] > 0
        if not audible.any():
            return 0.0
        return float(is_repeated[audible].mean())

    def _heaviest(self, runs: EndingRuns, search: RunSearch) -> SharedRun | None:
        """The run with the most bits; None without a run."""
        if not runs.length.any():
            return None
        # The run is known by its last frame, in the sound and in the corpus.
        last = int(runs.bits.argmax())
        length = int(runs.length[last])
        index, source_last = search.place(int(runs.corpus_end[last]))
        entry = self.encodings[index]
        source_first = source_last + 1 - length
        return SharedRun(
            seconds=length / self.frame_rate,
            bits=float(runs.bits[last]),
            output_s=(last + 1 - length) / self.frame_rate,
            source=entry["name"],
            # An encoding may begin up to a frame before its recording.
            source_s=max(0.0, entry["start_s"] + source_first / self.frame_rate),
        )

    def _nearest(self, matches: Matches) -> NearPassage | None:
        """The longest passage that sounds the same, else the nearest window; None for no window."""
        if not len(matches.distance_db):
            return None
        is_same = matches.difference < self.zero_point.difference
        windows = is_same.nonzero()[:, 0].tolist()
        if windows:
            passages = self._passages(matches, windows)
            return max(passages, key=lambda passage: passage.seconds)
        nearest = int(matches.difference.argmin())
        return self._passage(matches, [nearest], is_same=False)

    def _passages(self, matches: Matches, windows: Sequence[int]) -> Iterator[NearPassage]:
        """Yield passages: `windows` that touch and come from one recording, in line."""
        group = [windows[0]]
        for window in windows[1:]:
            last_start = matches.start[group[-1]]
            last_end = last_start + matches.length[group[-1]]
            # Windows that start where the last one ends still touch it.
            touches = bool(last_start < matches.start[window] <= last_end)
            if touches and self._is_in_line(matches, group[0], window):
                group.append(window)
            else:
                yield self._passage(matches, group, is_same=True)
                group = [window]
        yield self._passage(matches, group, is_same=True)

    def _is_in_line(
        self,
        matches: Matches,
        first: int,
        second: int,
    ) -> bool:
        """Whether two windows are as far apart in one recording as they are in the sound."""
        first_name, first_s = self._source(matches, first)
        second_name, second_s = self._source(matches, second)
        frames_apart = float(matches.start[second] - matches.start[first])
        drift_s = second_s - first_s - frames_apart / self.frame_rate
        return first_name == second_name and abs(drift_s) <= IN_LINE_S

    def _source(self, matches: Matches, window: int) -> tuple[str, float]:
        """The recording that a window comes from, and where in it, in seconds."""
        entry = self.passages[int(matches.sound[window])]
        offset_s = float(matches.frame[window]) / self.frame_rate
        return entry["name"], max(0.0, entry["start_s"] + offset_s)

    def _passage(
        self,
        matches: Matches,
        group: Sequence[int],
        is_same: bool,
    ) -> NearPassage:
        """The passage that the windows of `group` form."""
        name, source_s = self._source(matches, group[0])
        begin = int(matches.start[group[0]])
        end = int(matches.start[group[-1]] + matches.length[group[-1]])
        return NearPassage(
            seconds=(end - begin) / self.frame_rate,
            distance_db=float(matches.distance_db[list(group)].mean()),
            is_same=is_same,
            output_s=begin / self.frame_rate,
            source=name,
            source_s=source_s,
        )


def _split_by_entry(rows: np.ndarray, entries: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """`rows` `[M, …]` cut into the rows of each entry."""
    ends = np.cumsum([entry["frames"] for entry in entries])
    return np.split(rows, ends[:-1])
