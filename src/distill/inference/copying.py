"""The copy meter: how much of a sound repeats the corpus, where, and how that compares with sounds that are new.

Two searches, each for what the other misses: runs of coarse codes (`runs`), which a prior repeats when it has learned
by heart, and passages that sound alike (`passages`), whatever their level and their place on the frame grid. What
counts as alike is measured once, when the prior is trained, on the sounds that it does not learn from: the zero point.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.inference.passages import FRAMES_PER_S, Hits, nearest, picture, powers
from distill.inference.runs import EndingRuns, RunSearch
from distill.models.chunked import decode_codes
from distill.models.vqvae import VQVAE

RUN_LEVELS = (1, 2)
"""Runs are sought in level 1, and in levels 1 and 2 together. Finer ones differ even between two encodings of one
recording."""
BY_CHANCE = 0.05 / 3
"""Share of new passages that may count as repeated by each of the three searches: one in twenty in all."""
MARGIN = 1.25
"""How much weightier a run must be than the weightiest of new passages: of those only a few were measured."""
FARTHEST_DB, NEAREST_DB = 3.25, 1.0
"""Bounds of the distance that counts as the same passage, wherever the zero point lies: passages that went through
one codec lie 1 to 3 dB apart when shifted or louder, others 3.5 dB and more."""
SILENT_DB = -60.0
JUDGED_S = 2.0
MOST_JUDGED = 100
MOST_ZERO_SHARE = 0.9


@dataclass(frozen=True)
class SharedRun:
    """`seconds` of codes of `source` from `source_s` on that stand in the sound from `output_s` on.

    Single frames may differ. `bits` is what the run tells: much where a lot happens, little in silence.
    """

    seconds: float
    bits: float
    output_s: float
    source: str
    source_s: float


@dataclass(frozen=True)
class NearPassage:
    """`seconds` of `source` from `source_s` on that are nearest to the sound from `output_s` on.

    `is_same`: nearer than new sounds are.
    """

    seconds: float
    distance_db: float
    is_same: bool
    output_s: float
    source: str
    source_s: float


@dataclass(frozen=True)
class CopyReport:
    """How much of a sound repeats the corpus.

    `share` is the part of what is audible that lies in runs longer than chance or in passages that sound the same;
    `percent` is how far that is beyond the zero point, from 0 (as new sounds) to 100. `runs` are the weightiest in
    level 1 and in levels 1 and 2.
    """

    percent: float
    share: float
    runs: tuple[SharedRun | None, ...]
    passage: NearPassage | None

    @property
    def sentence(self) -> str:
        """In plain words."""
        if self.percent < 0.5:
            return "It repeats your recordings no more than a new recording of yours would."
        near = self._source()
        where = (
            f", most plainly {near.source} from {near.source_s:.2f} s on (here at {near.output_s:.2f} s)"
            if near
            else ""
        )
        return f"About {self.percent:.0f} % of it repeats your recordings{where}."

    def _source(self) -> "SharedRun | NearPassage | None":
        """What best shows where it comes from: the passage, unless only codes are the same."""
        weightiest = max((run for run in self.runs if run), key=lambda run: run.bits, default=None)
        return self.passage if self.passage and self.passage.is_same else weightiest or self.passage


class Heard(NamedTuple):
    """A sound of the corpus as the prior learns it: `codes` `[T, Q]` of each of its encodings, the first of which
    begins at `start_s` of the file `name`, the others by `leads_s` earlier."""

    name: str
    start_s: float
    codes: Sequence[Tensor]
    leads_s: Sequence[float]


def copy_index(model: VQVAE, corpus: Sequence[Heard], new: Sequence[Tensor]) -> dict[str, Any]:
    """All that it takes to find copies of `corpus` without its files, as a model file can hold it.

    `new` are codes `[T, Q]` of sounds that are no part of it, for the zero point. The pictures are of the sounds as
    the codec decodes them, as what is generated will be.
    """
    kind = torch.uint8 if model.codebook_size <= 256 else torch.int16
    levels = min(max(RUN_LEVELS), model.num_quantizers)
    encodings = [(h.name, h.start_s - lead, c) for h in corpus for lead, c in zip(h.leads_s, h.codes, strict=False)]
    pictures = [picture(powers(decode_codes(model, h.codes[0]), model.sample_rate)) for h in corpus]
    index = {
        "codes": torch.cat([codes[:, :levels] for *_, codes in encodings]).to(kind),
        "encodings": [{"name": n, "start_s": s, "frames": len(codes)} for n, s, codes in encodings],
        "pictures": torch.from_numpy(np.concatenate(pictures)),
        "passages": [
            {"name": h.name, "start_s": h.start_s, "frames": len(p)} for h, p in zip(corpus, pictures, strict=True)
        ],
        "codebook_size": model.codebook_size,
    }
    return index | {"zero": _zero_point(model, CopyMeter(model, index), new)}


class CopyMeter:
    """Measures sounds against what `copy_index` made."""

    def __init__(self, model: VQVAE, index: dict[str, Any]) -> None:
        self.frame_rate, self.sample_rate, self.hop = model.frame_rate, model.sample_rate, model.frame_hop
        self.codebook_size = model.codebook_size
        self.encodings, self.passages = index["encodings"], index["passages"]
        self.zero = index.get("zero", {})
        codes = _parted(index["codes"].numpy().astype(np.int64), self.encodings)
        self.levels = [n for n in RUN_LEVELS if n <= index["codes"].shape[1]]
        self.searches = [RunSearch([self._merged(c, n) for c in codes], self.codebook_size**n) for n in self.levels]
        self.pictures = _parted(index["pictures"].numpy(), self.passages)

    def _merged(self, codes: np.ndarray, levels: int) -> np.ndarray:
        """The first `levels` of `[T, Q]` as one number a frame `[T]`."""
        merged = np.zeros(len(codes), np.int64)
        for level in range(levels):
            merged = merged * self.codebook_size + codes[:, level]
        return merged

    def runs(self, codes: np.ndarray) -> list[EndingRuns]:
        """The runs that `codes` `[T, Q]` share with the corpus: in level 1, and in levels 1 and 2."""
        pairs = zip(self.levels, self.searches, strict=True)
        return [search.ending_runs(self._merged(codes, levels)) for levels, search in pairs]

    def hits(self, audio: np.ndarray) -> Hits:
        """The passages of the corpus that are nearest to windows of `audio` `[C, N]`."""
        return nearest(powers(audio, self.sample_rate), self.pictures)

    def chance_bits(self) -> float:
        """Bits that a run of a passage reaches by chance in `BY_CHANCE` of all cases (cf. Karlin & Altschul 1990)."""
        tries = self.searches[0].size * JUDGED_S * self.frame_rate
        return math.log2(tries / BY_CHANCE)

    def repeated(self, runs: Sequence[EndingRuns], hits: Hits, n_frames: int) -> np.ndarray:
        """Which of the code frames `[T]` lie in what counts as repeated."""
        edges = np.zeros(n_frames + 1, int)
        for run, enough in zip(runs, self.zero["bits"], strict=True):
            ends = (run.bits > enough).nonzero()[0] + 1
            np.add.at(edges, ends - run.length[ends - 1], 1)
            np.add.at(edges, ends, -1)
        same = hits.distance_db < self.zero["distance_db"]
        starts = np.rint(hits.start_s[same] * self.frame_rate).astype(int)
        stops = np.rint((hits.start_s + hits.seconds)[same] * self.frame_rate).astype(int)
        np.add.at(edges, starts.clip(max=n_frames), 1)
        np.add.at(edges, stops.clip(max=n_frames), -1)
        repeated: np.ndarray = edges.cumsum()[:n_frames] > 0
        return repeated

    def share(self, runs: Sequence[EndingRuns], hits: Hits, audio: np.ndarray, n_frames: int) -> float:
        """Repeated part of what is audible in `audio` `[C, N]`; 0 for silence."""
        padded = np.pad(audio, ((0, 0), (0, max(0, n_frames * self.hop - audio.shape[1]))))[:, : n_frames * self.hop]
        power = np.square(padded).mean(0).reshape(n_frames, self.hop).mean(1)
        audible = power > 10 ** (SILENT_DB / 10)
        return float(self.repeated(runs, hits, n_frames)[audible].mean()) if audible.any() else 0.0

    def measure(self, codes: Tensor, audio: np.ndarray) -> CopyReport:
        """What of `audio` `[C, N]`, decoded from `codes` `[T, Q]`, repeats the corpus."""
        runs, hits = self.runs(codes.numpy()), self.hits(audio)
        share = self.share(runs, hits, audio, len(codes))
        zero = self.zero["share"]
        percent = 100 * max(0.0, share - zero) / (1 - zero)
        pairs = zip(runs, self.searches, strict=True)
        return CopyReport(percent, share, tuple(self._weightiest(*pair) for pair in pairs), self._nearest(hits))

    def _weightiest(self, runs: EndingRuns, search: RunSearch) -> SharedRun | None:
        if not runs.length.any():
            return None
        end = int(runs.bits.argmax())
        length = int(runs.length[end])
        index, there = search.place(int(runs.corpus_end[end]))
        entry = self.encodings[index]
        source_s = max(0.0, entry["start_s"] + (there + 1 - length) / self.frame_rate)
        output_s = (end + 1 - length) / self.frame_rate
        return SharedRun(length / self.frame_rate, float(runs.bits[end]), output_s, entry["name"], source_s)

    def _nearest(self, hits: Hits) -> NearPassage | None:
        """The longest of the passages that count as the same; where none does, the nearest of all."""
        if not len(hits.distance_db):
            return None
        same = hits.distance_db < self.zero["distance_db"]
        longest = hits.seconds == hits.seconds[same].max(initial=0)
        chosen = same & longest if same.any() else np.ones_like(same)
        at = int(np.where(chosen, hits.distance_db, np.inf).argmin())
        entry = self.passages[int(hits.picture[at])]
        return NearPassage(
            seconds=float(hits.seconds[at]),
            distance_db=float(hits.distance_db[at]),
            is_same=bool(same[at]),
            output_s=float(hits.start_s[at]),
            source=entry["name"],
            source_s=entry["start_s"] + float(hits.frame[at]) / FRAMES_PER_S,
        )


def _parted(rows: np.ndarray, entries: Sequence[dict[str, Any]]) -> list[np.ndarray]:
    return np.split(rows, np.cumsum([entry["frames"] for entry in entries])[:-1])


def _zero_point(model: VQVAE, meter: CopyMeter, new: Sequence[Tensor]) -> dict[str, Any]:
    """From which bits and up to which distance new sounds repeat the corpus no more than by chance, and the share of
    them that counts as repeated all the same."""
    size = round(JUDGED_S * model.frame_rate)
    passages = [part for codes in new for part in codes.split(size) if len(part)]
    passages = passages[:: -(-len(passages) // MOST_JUDGED)] if passages else []
    sounds = [decode_codes(model, codes) for codes in passages]
    runs = [meter.runs(codes.numpy()) for codes in passages]
    hits = [meter.hits(audio) for audio in sounds]
    least = meter.chance_bits()
    meter.zero = {
        "bits": [
            _quantile([MARGIN * r[i].bits.max() for r in runs], 1 - BY_CHANCE, least, 3 * least)
            for i in range(len(meter.searches))
        ],
        "distance_db": _quantile(
            [h.distance_db.min() for h in hits if len(h.distance_db)], BY_CHANCE, NEAREST_DB, FARTHEST_DB
        ),
    }
    shares = [meter.share(*heard) for heard in zip(runs, hits, sounds, map(len, passages), strict=True)]
    lengths = [len(codes) for codes in passages]
    share = float(np.average(shares, weights=lengths)) if shares else 0.0
    return meter.zero | {"share": min(share, MOST_ZERO_SHARE)}


def _quantile(values: Sequence[float], q: float, lowest: float, highest: float) -> float:
    """Quantile of `values` within bounds, one of them rather than a value between; with none, as strict as may be."""
    if not values:
        return highest if q > 0.5 else lowest
    return float(np.quantile(values, q, method="higher" if q > 0.5 else "lower").clip(lowest, highest))
