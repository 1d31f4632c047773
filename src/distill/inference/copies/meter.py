"""The copy meter: how much of a sound repeats the corpus, where, and how that compares with sounds
that are new.

Two searches, each for what the other misses: runs of coarse codes (`runs`), which a prior repeats
when it has learned by heart, and passages that sound alike (`passages`), whatever their level and
their place on the frame grid. What counts as alike is measured once, when the prior is trained, on
the sounds that it does not learn from: the zero point.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distill.inference.copies.acoustic import Matches, PassageSearch, Query
from distill.inference.copies.code_runs import NOWHERE, EndingRuns, RunSearch
from distill.inference.copies.report import CopyReport, NearPassage, SharedRun
from distill.models.vqvae import VQVAE

RUN_LEVELS = (1, 2)
"""Runs are sought in level 1, and in levels 1 and 2 together. Finer ones differ even between two
encodings of one recording."""
BY_CHANCE = 0.05 / 3
"""Share of new passages that may count as repeated by each of the three searches: one in twenty in
all."""
IN_LINE_S = 0.05
"""By so much windows that stand one after the other may differ in where they come from, to be one
passage."""
SILENT_DB = -60.0
JUDGED_S = 2.0
FRAMES_AT_ONCE = 512


class CopyMeter:
    """Measures sounds against what `copy_index` made."""

    def __init__(self, model: VQVAE, index: dict[str, Any]) -> None:
        self.frame_rate, self.sample_rate, self.hop = (
            model.frame_rate,
            model.sample_rate,
            model.frame_hop,
        )
        self.codebook_size = model.codebook_size
        self.encodings, self.passages = index["encodings"], index["passages"]
        self.zero = index.get("zero", {})
        codes = _parted(index["codes"].numpy().astype(np.int64), self.encodings)
        self.levels = [n for n in RUN_LEVELS if n <= index["codes"].shape[1]]
        self.searches = [
            RunSearch([self._merged(c, n) for c in codes], self.codebook_size**n)
            for n in self.levels
        ]
        self.passage_search = PassageSearch(
            model, index["passage_codes"], [entry["frames"] for entry in self.passages]
        )

    def _merged(self, codes: np.ndarray, levels: int) -> np.ndarray:
        """The first `levels` of `[T, Q]` as one number a frame `[T]`."""
        merged = np.zeros(len(codes), np.int64)
        for level in range(levels):
            merged = merged * self.codebook_size + codes[:, level]
        return merged

    def runs(self, codes: np.ndarray, new: np.ndarray | None = None) -> list[EndingRuns]:
        """The runs that `codes` `[T, Q]`, or those that are `new` `[T]` (bool), share with the
        corpus: in level 1, and in levels 1 and 2."""
        merged = [self._merged(codes, levels) for levels in self.levels]
        if new is not None:
            merged = [np.where(new, one, NOWHERE) for one in merged]
        return [search.ending_runs(one) for one, search in zip(merged, self.searches, strict=True)]

    def sought(self, codes: Tensor, audio: np.ndarray) -> Query:
        """A sound with the `codes` `[T, Q]` that `audio` `[C, N]` was decoded from."""
        return Query(
            codes, torch.from_numpy(self._powers(audio, len(codes)) > 10 ** (SILENT_DB / 10))
        )

    def _powers(self, audio: np.ndarray, frames: int) -> np.ndarray:
        """Mean squares `[T]` of so many frames of `audio` `[C, N]`, silence following what there is
        of it."""
        powers = np.zeros(frames)
        for first in range(0, frames, FRAMES_AT_ONCE):
            some = powers[first : first + FRAMES_AT_ONCE]
            sound = audio[:, first * self.hop : (first + len(some)) * self.hop]
            power = np.square(sound).mean(0)
            padded = np.pad(power, (0, len(some) * self.hop - len(power)))
            some[:] = padded.reshape(len(some), self.hop).mean(1)
        return powers

    def chance_bits(self) -> float:
        """Bits that a run of a passage reaches by chance in `BY_CHANCE` of all cases (cf. Karlin &
        Altschul 1990)."""
        tries = self.searches[0].size * JUDGED_S * self.frame_rate
        return math.log2(tries / BY_CHANCE)

    def share(self, runs: Sequence[EndingRuns], hits: Matches, audible: np.ndarray) -> float:
        """How many of the code frames that are `audible` `[T]` (bool) lie in what counts as
        repeated; 0 for silence."""
        edges = np.zeros(len(audible) + 1, int)
        for run, enough in zip(runs, self.zero["bits"], strict=True):
            ends = (run.bits > enough).nonzero()[0] + 1
            np.add.at(edges, ends - run.length[ends - 1], 1)
            np.add.at(edges, ends, -1)
        same = (hits.difference < self.zero["difference"]).numpy()
        np.add.at(edges, hits.start.numpy()[same], 1)
        np.add.at(edges, (hits.start + hits.length).numpy()[same], -1)
        repeated = edges.cumsum()[:-1] > 0
        return float(repeated[audible].mean()) if audible.any() else 0.0

    def measure(self, codes: Tensor, audio: np.ndarray, new: Tensor | None = None) -> CopyReport:
        """What of `audio` `[C, N]`, decoded from `codes` `[T, Q]`, repeats the corpus: of all of
        it, or of the frames that are `new` `[T]` (bool), as if there were silence in place of the
        others."""
        sought = self.sought(codes, audio)
        if new is not None:
            sought = sought._replace(audible=sought.audible & new)
        runs = self.runs(codes.numpy(), None if new is None else new.numpy())
        (hits,) = self.passage_search.nearest([sought])
        share = self.share(runs, hits, sought.audible.numpy())
        zero = self.zero["share"]
        percent = 100 * max(0.0, share - zero) / (1 - zero)
        pairs = zip(runs, self.searches, strict=True)
        return CopyReport(
            percent, share, tuple(self._weightiest(*pair) for pair in pairs), self._nearest(hits)
        )

    def _weightiest(self, runs: EndingRuns, search: RunSearch) -> SharedRun | None:
        if not runs.length.any():
            return None
        end = int(runs.bits.argmax())
        length = int(runs.length[end])
        index, there = search.place(int(runs.corpus_end[end]))
        entry = self.encodings[index]
        source_s = max(0.0, entry["start_s"] + (there + 1 - length) / self.frame_rate)
        output_s = (end + 1 - length) / self.frame_rate
        return SharedRun(
            length / self.frame_rate, float(runs.bits[end]), output_s, entry["name"], source_s
        )

    def _nearest(self, hits: Matches) -> NearPassage | None:
        """The longest of the passages that count as the same; where none does, the nearest window
        of all."""
        if not len(hits.distance_db):
            return None
        same = (hits.difference < self.zero["difference"]).nonzero()[:, 0].tolist()
        if same:
            return max(self._stretches(hits, same), key=lambda passage: passage.seconds)
        return self._passage(hits, [int(hits.difference.argmin())], is_same=False)

    def _stretches(self, hits: Matches, same: Sequence[int]) -> Iterator[NearPassage]:
        """The `same` windows that touch one another and come from one recording, in line, as one
        each."""
        part = [same[0]]
        for i in same[1:]:
            touches = (
                hits.start[part[-1]] < hits.start[i] <= hits.start[part[-1]] + hits.length[part[-1]]
            )
            if touches and self._in_line(hits, part[0], i):
                part.append(i)
            else:
                yield self._passage(hits, part, is_same=True)
                part = [i]
        yield self._passage(hits, part, is_same=True)

    def _in_line(self, hits: Matches, one: int, other: int) -> bool:
        """Whether two windows lie as far apart in one recording as in the sound."""
        there = self._source(hits, one), self._source(hits, other)
        apart = (there[1][1] - there[0][1]) - float(
            hits.start[other] - hits.start[one]
        ) / self.frame_rate
        return there[0][0] == there[1][0] and abs(apart) <= IN_LINE_S

    def _source(self, hits: Matches, i: int) -> tuple[str, float]:
        """The recording that window `i` comes from, and where in it, in seconds."""
        entry = self.passages[int(hits.sound[i])]
        return entry["name"], max(0.0, entry["start_s"] + float(hits.frame[i]) / self.frame_rate)

    def _passage(self, hits: Matches, part: Sequence[int], is_same: bool) -> NearPassage:
        name, source_s = self._source(hits, part[0])
        begin, end = int(hits.start[part[0]]), int(hits.start[part[-1]] + hits.length[part[-1]])
        return NearPassage(
            seconds=(end - begin) / self.frame_rate,
            distance_db=float(hits.distance_db[list(part)].mean()),
            is_same=is_same,
            output_s=begin / self.frame_rate,
            source=name,
            source_s=source_s,
        )


def _parted(rows: np.ndarray, entries: Sequence[dict[str, Any]]) -> list[np.ndarray]:
    return np.split(rows, np.cumsum([entry["frames"] for entry in entries])[:-1])
