"""The copy meter: whether it finds planted copies, and leaves new sounds alone.

    DISTILL_CORPORA=… python -m benchmarks.prior.copying --model codec.sda loops ambient

Takes about 3 minutes for 100 passages of each case.

Passages are planted in codes and in sound, through a codec that may have been trained on part of
the corpora. Every other of its held-out files sets the zero point (training uses all of them).
Random passages of the rest are the case "held out", those of files that the codec has never seen
"never heard". A passage is flagged at 20 % or more, and found when the meter names its file as
well. At least 95 % of the planted passages have to be found; at most 5 % of the new ones may be
flagged. The case "new order" has events of the recordings, cut at their onsets, none after the one
before it: on average at least 90 % of it have to count as events, and at most 5 % as passages.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.common import Bound, corpora_dir, link_corpus, parser_of, run_main
from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion, split_by_manifest
from distill.inference.copies.index import CorpusSound, build_copy_index
from distill.inference.copies.meter import SILENT_FRAME_DB, CopyMeter
from distill.inference.copies.report import CopyReport
from distill.inference.events.onsets import find_onsets
from distill.models.chunked import decode_codes, encode_audio
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.models.vqvae import VQVAE
from distill.training.prior.encoding import draw_gains, draw_offsets
from distill.training.prior_config import PriorConfig

LEAST_PERCENT = 20.0
"""Percent from which a passage counts as flagged."""

PASSAGE_S = 2.0
"""Seconds of a passage, or the whole file if that is shorter."""

FOUND_BOUND = Bound(0.95, is_upper=False)
"""Share of the planted passages that has to be found."""

FLAGGED_BOUND = Bound(0.05)
"""Share of the new passages that may be flagged."""

EVENT_BOUND = Bound(90.0, is_upper=False)
"""Mean percent of events in a new order that has to count as single events."""

ORDER_BOUND = Bound(5.0)
"""Mean percent of them that may count as passages."""

NEW_ORDER = "new order"
"""The case of events as recorded, in an order that no recording has."""

LONGEST_EVENT_S = 0.9
"""Seconds of an event of that case, at most: one of more than 1 s is a passage by itself."""

NEW = ("held out", "never heard")
"""The cases without a copy."""

SHIFT_S = 0.3
"""Seconds by which a passage of the case "shifted" begins later."""

LOUDER_DB = 6.0
"""Gain of a passage of the case "louder"."""


class Passage(NamedTuple):
    """Name of the file that a passage is from, and its codes `[T, Q]`."""

    name: str
    codes: Tensor


class Goal(NamedTuple):
    """The `figure` that counts for a case, and its `bound`."""

    figure: str
    bound: Bound


def goals_of(case: str) -> list[Goal]:
    """The goals of a case: planted passages have to be found, new ones not to be flagged."""
    if case == NEW_ORDER:
        return [Goal("passage_percent", ORDER_BOUND), Goal("event_percent", EVENT_BOUND)]
    return [Goal("flagged", FLAGGED_BOUND) if case in NEW else Goal("found", FOUND_BOUND)]


# --- passages -------------------------------------------------------------------------------------


def random_passages(
    codec: VQVAE,
    regions: Sequence[ClipRegion],
    rng: np.random.Generator,
    count: int,
) -> list[Passage]:
    """`count` passages at random places of `regions`."""
    length = round(PASSAGE_S * codec.sample_rate)
    passages = []
    for i in rng.integers(len(regions), size=count):
        audio = np.array(regions[i].audio())
        start = int(rng.integers(max(1, audio.shape[1] - length + 1)))
        codes = encode_audio(codec, audio[:, start : start + length])
        passages.append(Passage(regions[i].clip.name, codes))
    return passages


def planted_passages(
    codec: VQVAE,
    train: Sequence[ClipRegion],
    codes: Sequence[Sequence[Tensor]],
    rng: np.random.Generator,
    count: int,
) -> dict[str, list[Passage]]:
    """Copies of random passages, by case.

    Args:
        codec: The codec.
        train: The sounds that are indexed.
        codes: Codes `[T, Q]` of each encoding of each sound.
        rng: Draws the places.
        count: Passages of each case.
    """
    frames = round(PASSAGE_S * codec.frame_rate)
    shift = round(SHIFT_S * codec.sample_rate)
    gain = np.float32(10 ** (LOUDER_DB / 20))
    cases: dict[str, list[Passage]] = {"verbatim": [], "shifted": [], "louder": []}
    while len(cases["verbatim"]) < count:
        i = int(rng.integers(len(train)))
        name = train[i].clip.name
        audio = np.array(train[i].audio())
        own_codes = codes[i][0]
        first = int(rng.integers(max(1, len(own_codes) - frames + 1)))
        begin = first * codec.frame_hop
        end = (first + frames) * codec.frame_hop
        passage = audio[:, begin:end]
        if np.square(passage).mean() < 10 ** (SILENT_FRAME_DB / 10):
            continue
        # Later in the file; where that ends, after silence.
        if end + shift <= audio.shape[1]:
            later = audio[:, begin + shift : end + shift]
        else:
            later = np.pad(passage, ((0, 0), (shift, 0)))
        cases["verbatim"].append(Passage(name, own_codes[first : first + frames]))
        cases["shifted"].append(Passage(name, encode_audio(codec, later)))
        cases["louder"].append(Passage(name, encode_audio(codec, passage * gain)))
    return cases


def events_in_new_order(
    codec: VQVAE,
    codes: Sequence[Sequence[Tensor]],
    rng: np.random.Generator,
    count: int,
) -> list[Passage]:
    """`count` sounds made of events as recorded, none after the one before it in a recording.

    Args:
        codec: The codec.
        codes: Codes `[T, Q]` of each encoding of each sound.
        rng: Draws the events.
        count: Number of sounds.

    Returns:
        The sounds, without a name; none from recordings with fewer than three events.
    """
    longest = LONGEST_EVENT_S * codec.frame_rate
    events = []
    for own_codes, *_ in codes:
        onsets = find_onsets(codec, codec.rvq.lookup(own_codes.long())).astype(int)
        parts = [own_codes[first:last] for first, last in pairwise(onsets)]
        # None lies between two events that do not follow one another.
        events += [None, *(part if len(part) <= longest else None for part in parts)]
    whole = [i for i, event in enumerate(events) if event is not None]
    if len(whole) < 3:
        return []
    passages = []
    for _ in range(count):
        parts = []
        last = -1
        while sum(map(len, parts)) < PASSAGE_S * codec.frame_rate:
            i = int(rng.choice(whole))
            if i not in (last, last + 1):
                parts.append(events[i])
                last = i
        passages.append(Passage("", torch.cat(parts)))
    return passages


# --- the corpus -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Material:
    """The sounds of a corpus, by what the codec and the meter know of them.

    Attributes:
        train: What is indexed.
        calibrating: Held-out sounds that set the zero point.
        held_out: The other held-out sounds.
        never_heard: Sounds of files that the codec was not trained with.
    """

    train: list[ClipRegion]
    calibrating: list[ClipRegion]
    held_out: list[ClipRegion]
    never_heard: list[ClipRegion]

    @classmethod
    def of(cls, loaded: LoadedVQModel, folder: Path) -> "Material":
        """The sounds in `folder`."""
        manifest = loaded.metadata["corpus"]
        clips = scan_corpus(folder, loaded.model.channels).clips
        split = split_by_manifest(clips, manifest)
        hashes = {entry["hash"] for entry in manifest}
        held_out = [r for r in split.held_out if r.clip.content_hash in hashes]
        everything = (*split.train, *split.held_out)
        return cls(
            train=[r for r in split.train if r.clip.content_hash in hashes],
            calibrating=held_out[::2],
            held_out=held_out[1::2],
            never_heard=[r for r in everything if r.clip.content_hash not in hashes],
        )


def encodings_of(
    codec: VQVAE,
    regions: Sequence[ClipRegion],
    seed: int,
) -> tuple[list[list[Tensor]], list[float]]:
    """Encodings of sounds as in prior training.

    Returns:
        Codes `[T, Q]` of each encoding of each region, and how much earlier each begins, in
        seconds.
    """
    offsets = draw_offsets(PriorConfig().encodings, codec.frame_hop, seed)
    gains_db = draw_gains(len(offsets), seed)
    codes = []
    for region in regions:
        encodings = []
        for offset, gain_db in zip(offsets, gains_db, strict=True):
            audio = region.audio() * np.float32(10 ** (gain_db / 20))
            encodings.append(encode_audio(codec, audio, offset))
        codes.append(encodings)
    return codes, [offset / codec.sample_rate for offset in offsets]


# --- figures --------------------------------------------------------------------------------------


def measure(
    loaded: LoadedVQModel,
    folder: Path,
    count: int,
    seed: int,
) -> dict[str, Any]:
    """Index a corpus, and measure passages of every case.

    Args:
        loaded: The model whose codec is used.
        folder: The corpus.
        count: Passages of each case.
        seed: Of encodings and places.

    Returns:
        Facts of the index, and the figures of each of the `cases`.
    """
    codec = loaded.model
    material = Material.of(loaded, folder)
    codes, leads_s = encodings_of(codec, material.train, seed)
    corpus = [
        CorpusSound(
            name=region.clip.name,
            start_s=region.start / codec.sample_rate,
            codes=own_codes,
            leads_s=leads_s,
        )
        for region, own_codes in zip(material.train, codes, strict=True)
    ]
    began = time.perf_counter()
    calibrating = [encode_audio(codec, region.audio()) for region in material.calibrating]
    index = build_copy_index(codec, corpus, calibrating)
    index_s = time.perf_counter() - began
    cases = planted_passages(codec, material.train, codes, np.random.default_rng(seed), count)
    in_new_order = events_in_new_order(codec, codes, np.random.default_rng(seed), count)
    if in_new_order:
        cases[NEW_ORDER] = in_new_order
    for title, regions in zip(NEW, (material.held_out, material.never_heard), strict=True):
        if regions:
            rng = np.random.default_rng(seed)
            cases[title] = random_passages(codec, regions, rng, count)

    meter = CopyMeter(codec, index)
    figures = {}
    measure_s = []
    for title, passages in cases.items():
        began = time.perf_counter()
        reports = [meter.measure(p.codes, decode_codes(codec, p.codes)) for p in passages]
        measure_s.append((time.perf_counter() - began) / len(passages))
        figures[title] = summary([passage.name for passage in passages], reports)
    tensors = (index["codes"], index["passage_codes"])
    corpus_s = sum(region.n_samples for region in material.train) / codec.sample_rate
    return {
        "files": len(material.train),
        "calibrating_files": len(material.calibrating),
        "held_out_files": len(material.held_out),
        "corpus_s": corpus_s,
        "index_s": index_s,
        "index_bytes_per_s": sum(t.numel() * t.element_size() for t in tensors) / corpus_s,
        "measure_s": float(np.mean(measure_s)),
        "zero": index["zero"],
        "cases": figures,
    }


def summary(names: Sequence[str], reports: Sequence[CopyReport]) -> dict[str, float]:
    """Figures of one case.

    Args:
        names: The file that each passage is from.
        reports: The report on each passage.

    Returns:
        Shares that are `flagged`, and `found` (flagged with the right file); mean and median
        percent of passages and of single events; the 5th and 95th percentile of the distance in dB.
    """
    flags = [report.passage_percent >= LEAST_PERCENT for report in reports]
    result = []
    for name, report, is_flagged in zip(names, reports, flags, strict=True):
        evidence = [*report.runs, report.passage]
        sources = {entry.source for entry in evidence if entry is not None}
        result.append(is_flagged and name in sources)
    passages = [report.passage_percent for report in reports]
    events = [report.event_percent for report in reports]
    distances_db = [report.passage.distance_db for report in reports if report.passage]
    return {
        "flagged": float(np.mean(flags)),
        "found": float(np.mean(result)),
        "passage_percent": float(np.mean(passages)),
        "event_percent": float(np.mean(events)),
        "passage_percent_median": float(np.median(passages)),
        "event_percent_median": float(np.median(events)),
        "distance_db_5": float(np.quantile(distances_db, 0.05)),
        "distance_db_95": float(np.quantile(distances_db, 0.95)),
    }


def corpora_folder(corpora: Sequence[str], scratch: Path) -> Path:
    """The folder of one corpus, or one in `scratch` with links to the files of several."""
    if len(corpora) == 1:
        return corpora_dir() / corpora[0]
    files = [file for name in corpora for file in (corpora_dir() / name).glob("*.flac")]
    return link_corpus(sorted(files), scratch / "corpus")


def show(cases: dict[str, dict[str, float]]) -> None:
    """Print a line for each case, with its bound."""
    for case, row in cases.items():
        figures = ", ".join(f"{name} {value:.3g}" for name, value in row.items())
        verdicts = [
            f"{figure} {bound}: {bound.verdict(row[figure])}" for figure, bound in goals_of(case)
        ]
        print(f"{case:12} {figures} ({'; '.join(verdicts)})")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument(
        "--count",
        type=int,
        default=100,
        help="passages of each case",
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    torch.set_num_threads(1)
    loaded = load_model_v2(args.model)
    with tempfile.TemporaryDirectory() as scratch:
        folder = corpora_folder(args.corpora, Path(scratch))
        result = measure(loaded, folder, args.count, args.seed)
    cases = result.pop("cases")
    print(json.dumps(result))
    show(cases)


if __name__ == "__main__":
    run_main(main)
