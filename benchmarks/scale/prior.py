"""Growth of prior training: a corpus is prepared twice, then its copy meter is opened.

    python -m benchmarks.scale.prior CODEC.sda FOLDER

Takes about 7 minutes for an hour of sound on 1 thread, half of it the scan.

Times are those of the processor. Each part runs in a process of its own, with a sound cache that is
empty at first. The peak is that of the process, with the 0.4 GB of PyTorch. The meter is opened on
an index that is mapped from its file, as in a model; resident memory is what the process has more
afterwards.
"""

import multiprocessing
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import parser_of, run_main
from distill.data.corpus import CorpusReport, scan_corpus
from distill.data.dataset import make_manifest, split_by_manifest
from distill.inference.copies.meter import CopyMeter
from distill.models.chunked import decode_codes
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.training.corpus_facts import CorpusFacts
from distill.training.prior.metadata import index_corpus
from distill.training.prior.setup import prepare_prior
from distill.training.prior_config import get_adaptive_prior_config

SOUND_S = 12.0
"""Seconds of the sound that is measured: as long as a usual one."""

STATM = Path("/proc/self/statm")
"""Memory of this process in pages, on Linux."""


def in_own_process(function: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """The figures of a function that runs alone in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def scan(model: Path, folder: Path) -> dict[str, float]:
    """Scan the corpus, in one process."""
    report = _scan(load_model_v2(model), folder)
    return {"minutes": report.total_s / 60, "cpu_s": time.process_time(), "peak_mb": _peak_mb()}


def prepare(model: Path, folder: Path, index_path: Path) -> dict[str, float]:
    """Prepare the corpus, and write its copy index to a file."""
    torch.set_num_threads(1)
    loaded = load_model_v2(model)
    clips = _scan(loaded, folder).clips
    split = split_by_manifest(clips, make_manifest(clips))
    config = get_adaptive_prior_config(len(clips))
    began = time.process_time()
    setup = prepare_prior(loaded, split, config, CorpusFacts(), threading.Event())
    cpu_s = time.process_time() - began
    figures = {"encodings": len(setup.offsets), "cpu_s": cpu_s, "peak_mb": _peak_mb()}
    if not index_path.exists():
        index = index_corpus(setup.loaded, setup.material, setup.codes.held_out, setup.offsets)
        torch.save(index, index_path)
    return figures


def open_meter(model: Path, index_path: Path) -> dict[str, float]:
    """Open the copy meter, and measure a sound."""
    torch.set_num_threads(1)
    codec = load_model_v2(model).model
    index = torch.load(index_path, mmap=True, weights_only=True)
    before_mb = _resident_mb()
    began = time.process_time()
    meter = CopyMeter(codec, index)
    opened = time.process_time()
    opened_mb = _resident_mb()
    codes = index["passage_codes"][: round(SOUND_S * codec.frame_rate)].long()
    audio = decode_codes(codec, codes)
    decoded = time.process_time()
    meter.measure(codes, audio)
    return {
        "frames": len(index["codes"]),
        "passage_frames": len(index["passage_codes"]),
        "open_cpu_s": opened - began,
        "open_resident_mb": opened_mb - before_mb,
        "measure_cpu_s": time.process_time() - decoded,
    }


def _scan(loaded: LoadedVQModel, folder: Path) -> CorpusReport:
    return scan_corpus(folder, loaded.model.channels, jobs=1)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _resident_mb() -> float:
    pages = int(STATM.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _show(title: str, figures: dict[str, float]) -> None:
    print(title, ", ".join(f"{name} {value:.4g}" for name, value in figures.items()), flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="distill-scale-") as scratch:
        os.environ["DISTILL_CACHE"] = str(Path(scratch) / "cache")
        index_path = Path(scratch) / "index.pt"
        _show("scan", in_own_process(scan, args.model, args.folder))
        for title in ("first", "again"):
            _show(title, in_own_process(prepare, args.model, args.folder, index_path))
        _show("meter", in_own_process(open_meter, args.model, index_path))


if __name__ == "__main__":
    run_main(main)
