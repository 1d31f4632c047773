"""The main job from end to end, on sounds that it makes itself or on a folder of one's own.

python demo.py [--sounds FOLDER]
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import soundfile as sf

from distill.audio.io import read_audio
from distill.data.corpus import scan_corpus
from distill.settings import SAMPLE_RATE

HERE = Path(__file__).parent
MINUTES = 2.0
PRIOR_EPOCHS = 8
SMALL_PRIOR = ("--hidden-size", 192, "--layers", 3, "--heads", 4)
DURATION_S = 12


def decaying(seconds: float, rate: float) -> tuple[np.ndarray, np.ndarray]:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return t, np.exp(-t * rate)


def kick(depth: float) -> np.ndarray:
    t, fade = decaying(0.35, 12)
    return np.sin(2 * np.pi * (depth * t + 6 * (1 - np.exp(-t * 35)))) * fade


def hat(rate: float, rng: np.random.Generator) -> np.ndarray:
    _, fade = decaying(0.18, rate)
    return np.diff(rng.standard_normal(len(fade)), prepend=0) * 0.3 * fade


def pluck(frequency: float, rng: np.random.Generator) -> np.ndarray:
    """A plucked string: a noise burst in a delay line that averages (Karplus & Strong 1983)."""
    period = round(SAMPLE_RATE / frequency)
    line, out = rng.uniform(-1, 1, period), []
    for _ in range(int(1.6 * frequency)):
        out.append(line)
        line = 0.498 * (line + np.roll(line, 1))
    return np.concatenate(out) * 0.7


def pad(frequency: float) -> np.ndarray:
    t = np.arange(round(3 * SAMPLE_RATE)) / SAMPLE_RATE
    voices = [np.sin(2 * np.pi * frequency * k * t * (1 + 0.002 * k) + k) / k for k in range(1, 8)]
    return sum(voices, np.zeros_like(t)) * np.sin(np.pi * t / 3) ** 2 * 0.25


def make_sounds(folder: Path) -> Path:
    """Thirty small sounds: kicks, hats, plucked strings and pads, in four folders."""
    rng = np.random.default_rng(0)
    scale = [110 * 2 ** (n / 12) for n in (0, 3, 5, 7, 10, 12, 15, 17, 19, 22, 24, 27)]
    kinds = {
        "kicks": [kick(d) for d in (38, 44, 50, 56, 62)],
        "hats": [hat(r, rng) for r in (20, 30, 45, 60, 90, 130)],
        "plucks": [pluck(f, rng) for f in scale],
        "pads": [pad(f) for f in scale[:7]],
    }
    for kind, sounds in kinds.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for i, sound in enumerate(sounds):
            sf.write(
                folder / kind / f"{kind[:-1]}{i}.wav",
                sound / np.abs(sound).max() * 0.7,
                SAMPLE_RATE,
                "PCM_24",
            )
    return folder


def distill(*arguments: object) -> None:
    """Show a command and run it."""
    print("\n$ distill", *arguments, flush=True)
    code = subprocess.run([sys.executable, "-m", "distill", *map(str, arguments)]).returncode
    if code:
        sys.exit(code)


def draw(path: Path, corpus: Path, generated: Path) -> None:
    """Spectrograms of some of the corpus, strung together, and of what was generated."""
    own = np.concatenate(
        [np.array(clip.audio()[0, : 2 * SAMPLE_RATE]) for clip in scan_corpus(corpus).clips]
    )
    # Evenly spread over the corpus, so that every kind of sound shows.
    blocks = np.array_split(own, max(1, len(own) // SAMPLE_RATE))
    own = np.concatenate(blocks[:: max(1, len(blocks) // DURATION_S)])[: DURATION_S * SAMPLE_RATE]
    figure, axes = plt.subplots(2, 1, figsize=(11, 6), sharex=True)
    rows = {"your sounds": own, "generated": read_audio(generated)[0]}
    for axis, (title, sound) in zip(axes, rows.items(), strict=True):
        axis.specgram(
            sound + 1e-7,
            NFFT=2048,
            noverlap=1536,
            Fs=SAMPLE_RATE,
            vmin=-140,
            vmax=-30,
            cmap="magma",
        )
        axis.set(ylim=(0, 16_000), xlim=(0, DURATION_S), ylabel="Hz")
        axis.set_title(title, loc="left")
    axes[-1].set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sounds",
        type=lambda name: Path(name).expanduser(),
        help="a folder of your own recordings",
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of codec training")
    parser.add_argument("--out", type=Path, default=HERE / "demo")
    a = parser.parse_args()
    began = time.perf_counter()
    a.out.mkdir(parents=True, exist_ok=True)
    sounds = a.sounds or make_sounds(a.out / "sounds")
    model, wav, png = (a.out / f"demo{suffix}" for suffix in (".sda", ".wav", ".png"))
    distill("train", sounds, "-o", model, "--minutes", a.minutes, "--discard-prior")
    # The smallest prior, whatever the folder: a demo should not take an hour.
    distill("train-prior", model, sounds, "--epochs", PRIOR_EPOCHS, *SMALL_PRIOR)
    distill("generate", model, "-o", wav, "--duration", DURATION_S, "--seed", 7)
    distill("info", model)
    draw(png, sounds, wav)
    print(f"\nDone in {time.perf_counter() - began:.0f} s.")
    print(f"Sound:       {wav}\nSpectrogram: {png}\nModel:       {model}")


if __name__ == "__main__":
    main()
