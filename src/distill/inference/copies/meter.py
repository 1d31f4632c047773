"""The copy meter: how much of a sound repeats the corpus, where, and whether that is chance.

Two searches, each for what the other misses:

- shared code runs (`code_runs`): coarse codes that a prior repeats after overfitting;
- acoustic nearest neighbours (`acoustic`): passages that sound alike, at any level and at any
  place on the frame grid.

The zero point says how much of that new recordings show as well. It is measured once, when the
prior is trained, on the held-out sounds (`zero_point`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distill.inference.copies.acoustic import PassageSearch
from distill.inference.copies.code_runs import (
    NOWHERE,
    EndingRuns,
    HeavyRun,
    RunSearch,
    heavy_runs,
)
from distill.inference.copies.matches import Matches, SoundMatches
from distill.inference.copies.parts import RepeatedPart, Shares, passages_of, shares_of
from distill.inference.copies.recorded_onsets import RecordedOnsets
from distill.inference.copies.report import CopyReport, NearPassage, SharedRun
from distill.inference.copies.stretches import LONG_S, Stretch, StretchFinder
from distill.inference.copies.windows import Query
from distill.inference.events.onsets import find_onsets
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE

RUN_LEVELS = (1, 2)
"""How many levels the code runs span: level 1 alone, and levels 1 and 2 merged.

Finer levels differ even between two encodings of one recording.
"""

BY_CHANCE = 0.05 / 3
"""Share of new passages that each of the three searches may flag: together one in twenty."""

BESIDE_ONSET = 3
"""Audible frames of a run of codes on either side of an onset from which on it holds two events."""

SILENT_FRAME_DB = -60.0
"""Level in dBFS (RMS of a frame) up to which a frame is silent."""

PASSAGE_S = 2.0
"""Seconds of the passages on which the zero point is measured."""

COPY_METER = "copy meter"
"""Name of the meter among the tools of a model."""

FRAMES_AT_ONCE = 512
"""Frames (about 10 s) whose levels are measured at once: it bounds memory."""


@dataclass(frozen=True)
class ZeroPoint:
    """How much new recordings have in common with the corpus.

    Attributes:
        bits: For each of the code-run searches, the surprise above which a run is no chance.
        difference: The acoustic difference below which two windows sound the same.
        share: Share of the audible frames of new recordings that count as repeated all the same.
        passage_share: Share of them that count as repeated passages all the same.
    """

    bits: tuple[float, ...]
    difference: float
    share: float
    passage_share: float

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "ZeroPoint":
        """Read the entry `zero` of a copy index."""
        return cls(
            bits=tuple(entry["bits"]),
            difference=entry["difference"],
            share=entry["share"],
            # Indexes of earlier versions do not tell passages from single events.
            passage_share=entry.get("passage_share", entry["share"]),
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
        self.codec = codec
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
            sequences = [self._merge(own_codes, levels) for own_codes in codes]
            self.searches.append(RunSearch(sequences, alphabet=self.codebook_size**levels))
        self.passage_search = PassageSearch(
            codec, index["passage_codes"], [entry["frames"] for entry in self.passages]
        )
        self.recorded_onsets = RecordedOnsets(codec, index["passage_codes"], self.passages)
        if "zero" in index:
            self.zero_point = ZeroPoint.from_dict(index["zero"])
        else:
            no_run = (math.inf,) * len(self.levels)
            self.zero_point = ZeroPoint(
                bits=no_run,
                difference=0.0,
                share=0.0,
                passage_share=0.0,
            )

    def _merge(self, codes: np.ndarray, levels: int) -> np.ndarray:
        """The first `levels` of codes `[T, Q]` as one number a frame `[T]`."""
        numbers = np.zeros(len(codes), np.int64)
        for level in range(levels):
            numbers = numbers * self.codebook_size + codes[:, level]
        return numbers

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
        stretches = self.stretches(query, matches, self.zero_point)
        parts = self._parts(runs, stretches, query, self.zero_point)
        shares = shares_of(parts, query)
        # New recordings share that much by chance: it does not count.
        percent = _percent_beyond(shares.repeated, self.zero_point.share)
        passage_percent = _percent_beyond(shares.passages, self.zero_point.passage_share)
        return CopyReport(
            passage_percent=passage_percent,
            event_percent=max(0.0, percent - passage_percent),
            share=shares.repeated,
            passage_share=shares.passages,
            runs=tuple(self._heaviest(r, s) for r, s in zip(runs, self.searches, strict=True)),
            passage=self._plainest(stretches, matches.windows),
            repeats=passages_of(parts, self.frame_rate),
        )

    def query(self, codes: Tensor, audio: np.ndarray) -> Query:
        """The acoustic query of a sound with `codes` `[T, Q]`, decoded to `audio` `[C, N]`."""
        audible = self._powers(audio, len(codes)) > 10 ** (SILENT_FRAME_DB / 10)
        device = self.codec.rvq.codebooks.device
        onsets = find_onsets(self.codec, self.codec.rvq.lookup(codes.long().to(device)))
        return Query(codes=codes, audible=torch.from_numpy(audible), onsets=onsets.tolist())

    def _powers(self, audio: np.ndarray, frames: int) -> np.ndarray:
        """Mean squares `[T]` of the first `frames` of `audio` `[C, N]`, zero-padded at the end."""
        powers = np.zeros(frames)
        for first in range(0, frames, FRAMES_AT_ONCE):
            block = powers[first : first + FRAMES_AT_ONCE]
            samples = audio[:, first * self.hop : (first + len(block)) * self.hop]
            squares = np.square(samples).mean(0)
            # The last frame may reach past the end of the audio.
            missing = len(block) * self.hop - len(squares)
            whole = np.pad(squares, (0, missing))
            block[:] = whole.reshape(len(block), self.hop).mean(1)
        return powers

    def runs(self, codes: np.ndarray, new: np.ndarray | None = None) -> list[EndingRuns]:
        """Find the code runs that a sound shares with the corpus.

        Args:
            codes: Codes of the sound `[T, Q]`.
            new: Which frames to look for `[T]` (bool); all without it.

        Returns:
            The runs in level 1, and those in levels 1 and 2.
        """
        sequences = [self._merge(codes, levels) for levels in self.levels]
        if new is not None:
            sequences = [np.where(new, numbers, NOWHERE) for numbers in sequences]
        return [
            search.ending_runs(numbers)
            for numbers, search in zip(sequences, self.searches, strict=True)
        ]

    def chance_bits(self) -> float:
        """Surprise in bits that a passage reaches by chance in `BY_CHANCE` of all cases.

        It grows with the logarithm of the places compared (Karlin & Altschul 1990).
        """
        places = self.searches[0].size * PASSAGE_S * self.frame_rate
        return math.log2(places / BY_CHANCE)

    def stretches(
        self,
        sound: Query,
        matches: SoundMatches,
        zero_point: ZeroPoint,
    ) -> list[Stretch]:
        """Join what the acoustic search found to stretches that lie in line in one recording.

        Args:
            sound: The sound.
            matches: Its matches in the corpus.
            zero_point: The bounds.
        """
        finder = StretchFinder(
            search=self.passage_search,
            onsets=self.recorded_onsets,
            sound=sound,
            difference=zero_point.difference,
        )
        return [*finder.of_windows(matches.windows), *finder.of_events(matches.events)]

    def shares(
        self,
        runs: Sequence[EndingRuns],
        stretches: Sequence[Stretch],
        sound: Query,
        zero_point: ZeroPoint,
    ) -> Shares:
        """Shares of the audible frames that lie in a run or a stretch beyond chance.

        Args:
            runs: What `runs` found, for each of the searches.
            stretches: What `stretches` found.
            sound: The sound.
            zero_point: The bounds; its shares are not taken off.
        """
        return shares_of(self._parts(runs, stretches, sound, zero_point), sound)

    def _parts(
        self,
        runs: Sequence[EndingRuns],
        stretches: Sequence[Stretch],
        sound: Query,
        zero_point: ZeroPoint,
    ) -> list[RepeatedPart]:
        """The repeated parts of a sound: stretches, and runs of codes beyond chance."""
        parts = [
            RepeatedPart(s.begin, s.end, s.is_passage, s.source, s.source_s) for s in stretches
        ]
        for search, search_runs, least in zip(self.searches, runs, zero_point.bits, strict=True):
            for run in heavy_runs(search_runs, least):
                index, frame = search.place(run.corpus_begin)
                parts.append(
                    RepeatedPart(
                        run.begin,
                        run.end,
                        self._is_run_passage(run, search, sound),
                        self.encodings[index]["name"],
                        self._source_s(index, frame),
                    )
                )
        return parts

    def _source_s(self, index: int, frame: int) -> float:
        """Seconds into a recording of `frame` of its encoding `index`."""
        # An encoding may begin up to a frame before its recording.
        return max(0.0, self.encodings[index]["start_s"] + frame / self.frame_rate)

    def _is_run_passage(
        self,
        run: HeavyRun,
        search: RunSearch,
        sound: Query,
    ) -> bool:
        """Whether a run of codes is long or holds two events."""
        length_s = (run.end - run.begin) / self.frame_rate
        if length_s > LONG_S:
            return True
        first = run.begin + BESIDE_ONSET
        if not sound.has_onset_between(first, run.end - BESIDE_ONSET):
            return False
        index, frame = search.place(run.corpus_begin)
        entry = self.encodings[index]
        begin_s = entry["start_s"] + frame / self.frame_rate
        for onset_s in self.recorded_onsets.between(entry["name"], begin_s, begin_s + length_s):
            # Audible frames of the run before the onset, and from it on.
            onset = run.begin + (onset_s - begin_s) * self.frame_rate
            middle = math.floor(onset)
            before = int(sound.audible[run.begin : middle].sum())
            after = int(sound.audible[middle : run.end].sum())
            if min(before, after) >= BESIDE_ONSET and sound.has_onset(onset):
                return True
        return False

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
            source_s=self._source_s(index, source_first),
        )

    def _plainest(self, stretches: Sequence[Stretch], windows: Matches) -> NearPassage | None:
        """The longest passage, else the longest stretch, else the nearest window; None in
        silence."""
        if stretches:
            stretch = max(stretches, key=lambda s: (s.is_passage, s.end - s.begin))
            return NearPassage(
                seconds=(stretch.end - stretch.begin) / self.frame_rate,
                distance_db=stretch.distance_db,
                is_same=True,
                is_passage=stretch.is_passage,
                output_s=stretch.begin / self.frame_rate,
                source=stretch.source,
                source_s=stretch.source_s,
            )
        if not len(windows.start):
            return None
        nearest = int(windows.difference.argmin())
        entry = self.passages[int(windows.sound[nearest])]
        offset_s = float(windows.frame[nearest]) / self.frame_rate
        return NearPassage(
            seconds=float(windows.length[nearest]) / self.frame_rate,
            distance_db=float(windows.distance_db[nearest]),
            is_same=False,
            is_passage=False,
            output_s=float(windows.start[nearest]) / self.frame_rate,
            source=entry["name"],
            # An encoding may begin up to a frame before its recording.
            source_s=max(0.0, entry["start_s"] + offset_s),
        )


def copy_meter(model: LoadedVQModel) -> CopyMeter | None:
    """The copy meter of a model, which is made once; None where it keeps no index."""
    index = model.prior_facts.copy_index
    if index is None:
        return None
    if COPY_METER not in model.tools:
        model.tools[COPY_METER] = CopyMeter(model.model, index)
    meter: CopyMeter = model.tools[COPY_METER]
    return meter


def _percent_beyond(share: float, zero_share: float) -> float:
    """What `share` goes beyond `zero_share`, in percent of what it could."""
    return 100 * max(0.0, share - zero_share) / (1 - zero_share)


def _split_by_entry(rows: np.ndarray, entries: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """`rows` `[M, …]` cut into the rows of each entry."""
    ends = np.cumsum([entry["frames"] for entry in entries])
    return np.split(rows, ends[:-1])
