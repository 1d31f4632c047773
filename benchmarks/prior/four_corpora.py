"""Each corpus through doctor, train, train-prior and generate, as a user would; then measures what
came out.

DISTILL_CORPORA=… python benchmarks/four_corpora.py --minutes 2 --threads 2
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.common import corpora_dir, distill, mono, picture
from benchmarks.prior.hits import onsets_per_s, silence_share
from distill.audio.level import db, integrated_loudness
from distill.data.corpus import scan_corpus
from distill.settings import SAMPLE_RATE
from distill.training.prior_config import PriorConfig

EDGE = round(0.005 * SAMPLE_RATE)


def describe(
    sound: np.ndarray, corpus: list[np.ndarray], median_loudness: float
) -> dict[str, float]:
    """Level, peak, DC, share of silence, onsets a second, and sample steps at the ends against the
    corpus's."""
    steps = np.concatenate([np.abs(np.diff(s)) for s in corpus])
    context = round(PriorConfig().context_s * SAMPLE_RATE)
    joins = [
        np.abs(np.diff(sound[at - EDGE : at + EDGE])).max()
        for at in range(context, len(sound), context)
    ]
    ends = (
        np.abs(np.diff(np.concatenate([[0], sound[:EDGE]]))),
        np.abs(np.diff(np.concatenate([sound[-EDGE:], [0]]))),
    )
    return {
        "loudness_off_by": integrated_loudness(sound[None], SAMPLE_RATE) - median_loudness,
        "peak_db": db(float(np.abs(sound).max())),
        "dc": float(sound.mean()),
        "silence_share": silence_share(sound),
        "corpus_silence_share": float(np.mean([silence_share(s) for s in corpus])),
        "onsets_per_s": onsets_per_s(sound),
        "corpus_onsets_per_s": onsets_per_s(np.concatenate(corpus)),
        "end_step": float(max(e.max() for e in ends)),
        "join_step": float(max(joins, default=0.0)),
        "corpus_step_999": float(np.quantile(steps, 0.999)),
    }


def run(
    folder: Path, minutes: float, threads: int, duration: float, out: Path
) -> dict[str, object]:
    out.mkdir(parents=True, exist_ok=True)
    model, name = out / f"{folder.name}.sda", folder.name
    times = {}
    for step, command in {
        "doctor": ("doctor", folder, "--json"),
        "train": (
            "train",
            folder,
            "-o",
            model,
            "--minutes",
            minutes,
            "--threads",
            threads,
            "--discard-prior",
            "--json",
        ),
        "train-prior": ("train-prior", model, folder, "--json"),
        "generate": (
            "generate",
            model,
            "-o",
            out / f"{name}.wav",
            "--duration",
            duration,
            "--seed",
            1,
            "-n",
            3,
            "--threads",
            threads,
            "--json",
        ),
    }.items():
        began = time.perf_counter()
        output = json.loads(distill(*command).stdout)
        times[step] = round(time.perf_counter() - began, 1)
        (out / f"{name}-{step}.json").write_text(json.dumps(output, indent=1))
    report = scan_corpus(folder)
    corpus = [clip.audio()[0] for clip in report.clips]
    median_loudness = float(np.median([clip.loudness for clip in report.clips]))
    sounds = {f"{name} {i}": mono(out / f"{name}-{i}.wav") for i in (1, 2, 3)}
    own = np.concatenate([s[: 4 * SAMPLE_RATE] for s in corpus])[: round(duration * SAMPLE_RATE)]
    picture(
        out / f"{name}.png",
        {f"{name}: the corpus": own} | {f"{k}, generated": v for k, v in sounds.items()},
    )
    figures = [describe(sound, corpus, median_loudness) for sound in sounds.values()]
    return {"times_s": times, "generated": figures, "files": output["files"]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--duration", type=float, default=12)
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient", "oneshots", "tabla"])
    parser.add_argument("--out", type=Path, default=Path("runs/four_corpora"))
    a = parser.parse_args()
    for corpus_name in a.corpora:
        result = run(corpora_dir() / corpus_name, a.minutes, a.threads, a.duration, a.out)
        (a.out / f"{corpus_name}.json").write_text(json.dumps(result, indent=1))
        print(corpus_name, json.dumps(result["times_s"]), flush=True)
        for figures in result["generated"]:  # type: ignore[attr-defined]
            print("  ", ", ".join(f"{k} {v:.3g}" for k, v in figures.items()), flush=True)
