"""Codec quality: train on most of two corpora, score own and held-out files with mel7.

DISTILL_CORPORA=… python benchmarks/codec_quality.py --minutes 10 --threads 2
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from common import corpora_dir, distill, link_corpus, mel7, mono, picture, split_files
from distill.audio.io import write_wav
from distill.inference.codec import decode_sound, encode_sound
from distill.library import workflows
from distill.models.persistence import LoadedVQModel


def scores_of(model: LoadedVQModel, files: list[Path], out: Path) -> dict[str, float]:
    """mel7 of every file against what the codec makes of it, which is written to `out`."""
    out.mkdir(parents=True, exist_ok=True)
    scores = {}
    for file in files:
        sound = mono(file)
        decoded = decode_sound(model, encode_sound(model, sound[None]))
        write_wav(out / f"{file.stem}.wav", decoded)
        scores[file.stem] = mel7(sound, decoded[0])
    return scores


def run(minutes: float, threads: int, seed: int, names: tuple[str, ...], out: Path) -> dict[str, object]:
    own, held_out = split_files(corpora_dir(), names)
    out.mkdir(parents=True, exist_ok=True)
    model_path = out / "codec.sda"
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        corpus = link_corpus(own, Path(folder) / "own")
        options = ("--minutes", minutes, "--threads", threads, "--seed", seed)
        report = distill("train", corpus, "-o", model_path, *options, "--discard-prior", "--json")
    wall_s = time.perf_counter() - began
    model = workflows.load(model_path, "cpu", threads)
    own_scores = scores_of(model, own, out / "own")
    held_scores = scores_of(model, held_out, out / "held_out")
    for file in (held_out[0], held_out[-1]):
        pair = {"source": mono(file), "decoded": mono(out / "held_out" / f"{file.stem}.wav")}
        picture(out / f"{file.stem}.png", {f"{file.stem}, {k}": v for k, v in pair.items()})
    return {
        "minutes": minutes, "threads": threads, "seed": seed, "corpora": names, "wall_s": wall_s,
        "mel7_own": float(np.mean(list(own_scores.values()))),
        "mel7_held_out": float(np.mean(list(held_scores.values()))),
        "training": json.loads(report.stdout), "own": own_scores, "held_out": held_scores,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument("--out", type=Path, default=Path("runs/codec_quality"))
    a = parser.parse_args()
    result = run(a.minutes, a.threads, a.seed, tuple(a.corpora), a.out)
    (a.out / "result.json").write_text(json.dumps(result, indent=1))
    speed = result["training"]["realtime_factor"]  # type: ignore[index]
    print(f"mel7 own {result['mel7_own']:.3f}, held out {result['mel7_held_out']:.3f}, training {speed:.1f}x real time")
