"""Is what was copied found, and what is new left alone? Passages planted in codes and sound,
through a codec.

DISTILL_CORPORA=… python benchmarks/copying.py --model codec.sda loops ambient

The codec may have been trained on part of the corpora. Every other of its held-out files sets the
zero point (training uses all of them); random passages of the others are "held out", passages of
files that it has never seen "never heard". A passage is flagged when the meter says 20 % or more,
and found when it names the right file as well. Of what is planted 95 % have to be found, of what is
new 5 % at most may be flagged.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.common import corpora_dir, link_corpus
from distill.data.corpus import scan_corpus
from distill.data.dataset import Region, split_by_manifest
from distill.inference.copies.index import CorpusSound, copy_index
from distill.inference.copies.meter import SILENT_DB, CopyMeter
from distill.inference.copies.report import CopyReport
from distill.models.chunked import decode_codes, encode_audio
from distill.models.persistence import load_model_v2
from distill.models.vqvae import VQVAE
from distill.training.prior.data import draw_gains, draw_offsets
from distill.training.prior_config import PriorConfig

FLAGGED = 20.0
PASSAGE_S = 2.0
LEAST_FOUND, MOST_FLAGGED = 0.95, 0.05
NEW = ("held out", "never heard")
SHIFT_S = 0.3
LOUDER = 10 ** (6 / 20)


def passages(
    regions: list[Region], rng: np.random.Generator, count: int, length: int
) -> list[tuple[str, np.ndarray]]:
    """`count` random passages: the name of their file, and `[C, n]` of `length` samples, or the
    whole file if less."""
    drawn = []
    for i in rng.integers(len(regions), size=count):
        audio = np.array(regions[i].audio())
        start = int(rng.integers(max(1, audio.shape[1] - length + 1)))
        drawn.append((regions[i].clip.name, audio[:, start : start + length]))
    return drawn


def planted(
    model: VQVAE, train: Sequence[Region], codes: list[list[Tensor]], count: int, seed: int
) -> dict[str, list[tuple[str, Tensor]]]:
    """Per case, pairs of file name and codes."""
    rng = np.random.default_rng(seed)
    frames, shift = round(PASSAGE_S * model.frame_rate), round(SHIFT_S * model.sample_rate)
    cases: dict[str, list[tuple[str, Tensor]]] = {"verbatim": [], "shifted": [], "louder": []}
    while len(cases["verbatim"]) < count:
        i = int(rng.integers(len(train)))
        region, learned = train[i], codes[i][0]
        name, audio = region.clip.name, np.array(region.audio())
        first = int(rng.integers(max(1, len(learned) - frames + 1)))
        begin, end = first * model.frame_hop, (first + frames) * model.frame_hop
        passage = audio[:, begin:end]
        if np.square(passage).mean() < 10 ** (SILENT_DB / 10):
            continue
        # Later in the file; where that ends, after silence.
        later = audio[:, begin + shift : end + shift]
        shifted = later if end + shift <= audio.shape[1] else np.pad(passage, ((0, 0), (shift, 0)))
        cases["verbatim"].append((name, learned[first : first + frames]))
        cases["shifted"].append((name, encode_audio(model, shifted)))
        cases["louder"].append((name, encode_audio(model, passage * np.float32(LOUDER))))
    return cases


def run(model_path: Path, folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Facts of the index, and figures of each of the `cases`, of `count` passages each."""
    loaded = load_model_v2(model_path)
    model = loaded.model
    split = split_by_manifest(scan_corpus(folder, model.channels).clips, loaded.metadata["corpus"])
    known = {entry["hash"] for entry in loaded.metadata["corpus"]}
    new = [r for r in split.held_out if r.clip.content_hash in known]
    unheard = [r for r in (*split.train, *split.held_out) if r.clip.content_hash not in known]
    train = tuple(r for r in split.train if r.clip.content_hash in known)
    offsets = draw_offsets(PriorConfig().encodings, model.frame_hop, seed)
    leads = [offset / model.sample_rate for offset in offsets]
    lifted = list(zip(offsets, draw_gains(len(offsets), seed), strict=True))
    learned = [
        [encode_audio(model, r.audio() * np.float32(10 ** (g / 20)), o) for o, g in lifted]
        for r in train
    ]
    heard = [
        CorpusSound(r.clip.name, r.start / model.sample_rate, c, leads)
        for r, c in zip(train, learned, strict=True)
    ]
    began = time.perf_counter()
    calibrating, tested = new[::2], new[1::2]
    index = copy_index(model, heard, [encode_audio(model, r.audio()) for r in calibrating])
    built_s = time.perf_counter() - began
    meter = CopyMeter(model, index)
    cases = planted(model, train, learned, count, seed)
    length = round(PASSAGE_S * model.sample_rate)
    for title, regions in zip(NEW, (tested, unheard), strict=True):
        if regions:
            some = passages(regions, np.random.default_rng(seed), count, length)
            cases[title] = [(name, encode_audio(model, audio)) for name, audio in some]
    figures, took = {}, []
    for title, sounds in cases.items():
        began = time.perf_counter()
        reports = [meter.measure(codes, decode_codes(model, codes)) for _, codes in sounds]
        took.append((time.perf_counter() - began) / len(sounds))
        figures[title] = summary([name for name, _ in sounds], reports)
    size = sum(index[key].numel() * index[key].element_size() for key in ("codes", "passage_codes"))
    seconds = sum(r.n_samples for r in train) / model.sample_rate
    files = {
        "files": len(train),
        "calibrating_files": len(calibrating),
        "held_out_files": len(tested),
    }
    facts = files | {"corpus_s": seconds, "index_s": built_s, "index_bytes_per_s": size / seconds}
    return facts | {"measure_s": float(np.mean(took)), "zero": index["zero"], "cases": figures}


def summary(names: list[str], reports: list[CopyReport]) -> dict[str, float]:
    """Shares of the passages that are flagged, and flagged with the right file; distances in dB."""
    flagged = [r.percent >= FLAGGED for r in reports]
    right = [
        f
        and name in {r.passage.source if r.passage else "", *(run.source for run in r.runs if run)}
        for f, name, r in zip(flagged, names, reports, strict=True)
    ]
    nearest = [r.passage.distance_db for r in reports if r.passage]
    return {
        "flagged": float(np.mean(flagged)),
        "found": float(np.mean(right)),
        "percent_median": float(np.median([r.percent for r in reports])),
        "distance_db_5": float(np.quantile(nearest, 0.05)),
        "distance_db_95": float(np.quantile(nearest, 0.95)),
    }


class Goal(NamedTuple):
    """What a case has to come to: its `figure`, the `bound`, and whether that is an upper one."""

    figure: str
    bound: float
    is_upper: bool

    def is_met(self, value: float) -> bool:
        return value <= self.bound if self.is_upper else value >= self.bound


def goal_of(case: str) -> Goal:
    """Of a planted or a new case."""
    return Goal("flagged", MOST_FLAGGED, True) if case in NEW else Goal("found", LEAST_FOUND, False)


def folder_of(corpora: list[str], into: Path) -> Path:
    """The folder of the one corpus, or one of links to the files of several."""
    if len(corpora) == 1:
        return corpora_dir() / corpora[0]
    return link_corpus(
        sorted(f for name in corpora for f in (corpora_dir() / name).glob("*.flac")),
        into / "corpus",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        result = run(a.model, folder_of(a.corpora, Path(scratch)), a.count, a.seed)
    figures = result.pop("cases")
    print(json.dumps(result))
    for case, row in figures.items():
        goal = goal_of(case)
        said = f"at {'most' if goal.is_upper else 'least'} {goal.bound:g} {goal.figure}: "
        said += "met" if goal.is_met(row[goal.figure]) else "missed"
        print(f"{case:12}", ", ".join(f"{k} {v:.3g}" for k, v in row.items()), f"({said})")
