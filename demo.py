"""The main job from end to end: train, train the prior, generate, draw a picture.

    python demo.py [--sounds FOLDER]

Works on sounds that it makes itself, or on a folder of your own. Takes about 4 minutes on 2 cores.
Writes a model, a sound and a spectrogram into `demo/`.
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

from benchmarks.common import draw_spectrogram
from distill.audio.io import read_audio
from distill.data.corpus import scan_corpus
from distill.settings import SAMPLE_RATE

HERE = Path(__file__).parent
"""The folder of this file."""

MINUTES = 2.0
"""Minutes of codec training: enough to hear what it does."""

PRIOR_EPOCHS = 8
"""Epochs of prior training, about a minute."""

SMALL_PRIOR = ("--hidden-size", 192, "--layers", 3, "--heads", 4)
"""The smallest prior, whatever the folder: a demo should not take an hour."""

REPLACE = ("--overwrite",)
"""The demo may run again: its model and its sound are replaced."""

DURATION_S = 12
"""Seconds of the generated sound, and of the corpus in the picture."""

EXCERPT_S = 2
"""Seconds of each recording that may show in the picture."""

SEED = 7
"""Seed of the generated sound."""

PEAK = 0.7
"""Peak of each sound that is made: -3 dBFS."""


# --- sounds ---------------------------------------------------------------------------------------


def seconds_of(duration_s: float) -> np.ndarray:
    """Times `[N]` in seconds of the samples of a sound."""
    return np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE


def kick(frequency: float) -> np.ndarray:
    """A bass drum `[N]`: a sine that falls to `frequency` in Hz."""
    t = seconds_of(0.35)
    sweep = 6 * (1 - np.exp(-35 * t))
    return np.sin(2 * np.pi * (frequency * t + sweep)) * np.exp(-12 * t)


def hat(decay: float, rng: np.random.Generator) -> np.ndarray:
    """A hi-hat `[N]`: bright noise that falls by the factor e `decay` times a second."""
    t = seconds_of(0.18)
    bright = np.diff(rng.standard_normal(len(t)), prepend=0)
    return 0.3 * bright * np.exp(-decay * t)


def pluck(frequency: float, rng: np.random.Generator) -> np.ndarray:
    """A plucked string `[N]`: noise in a delay line that averages (Karplus & Strong 1983)."""
    period = round(SAMPLE_RATE / frequency)
    line = rng.uniform(-1, 1, period)
    periods = []
    for _ in range(int(1.6 * frequency)):
        periods.append(line)
        # Slightly less than half of each neighbour, so that the string dies away.
        line = 0.498 * (line + np.roll(line, 1))
    return np.concatenate(periods)


def pad(frequency: float) -> np.ndarray:
    """A pad `[N]`: seven slightly detuned harmonics that swell and fade."""
    t = seconds_of(3)
    sound = np.zeros_like(t)
    for k in range(1, 8):
        partial = frequency * k * (1 + 0.002 * k)
        sound += np.sin(2 * np.pi * partial * t + k) / k
    return sound * np.sin(np.pi * t / 3) ** 2


def make_sounds(folder: Path) -> Path:
    """Write thirty small sounds into `folder`: kicks, hats, plucked strings and pads."""
    rng = np.random.default_rng(0)
    # A minor pentatonic scale from A2, in Hz.
    scale = [110 * 2 ** (n / 12) for n in (0, 3, 5, 7, 10, 12, 15, 17, 19, 22, 24, 27)]
    kinds = {
        "kicks": [kick(frequency) for frequency in (38, 44, 50, 56, 62)],
        "hats": [hat(decay, rng) for decay in (20, 30, 45, 60, 90, 130)],
        "plucks": [pluck(frequency, rng) for frequency in scale],
        "pads": [pad(frequency) for frequency in scale[:7]],
    }
    for kind, sounds in kinds.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for i, sound in enumerate(sounds):
            path = folder / kind / f"{kind[:-1]}{i}.wav"
            sf.write(path, PEAK * sound / np.abs(sound).max(), SAMPLE_RATE, "PCM_24")
    return folder


# --- the job --------------------------------------------------------------------------------------


def distill(*arguments: object) -> None:
    """Print a command and run it."""
    print("\n$ distill", *arguments, flush=True)
    command = [sys.executable, "-m", "distill", *map(str, arguments)]
    code = subprocess.run(command).returncode
    if code:
        sys.exit(code)


def corpus_excerpt(corpus: Path) -> np.ndarray:
    """12 s `[N]` of a corpus, spread evenly so that every kind of sound shows."""
    clips = scan_corpus(corpus).clips
    whole = np.concatenate([np.array(clip.audio()[0, : EXCERPT_S * SAMPLE_RATE]) for clip in clips])
    seconds = np.array_split(whole, max(1, len(whole) // SAMPLE_RATE))
    choice = seconds[:: max(1, len(seconds) // DURATION_S)]
    return np.concatenate(choice)[: DURATION_S * SAMPLE_RATE]


def draw(path: Path, corpus: Path, output: Path) -> None:
    """Write spectrograms of an excerpt of the corpus and of the generated sound."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(11, 6), sharex=True)
    draw_spectrogram(above, corpus_excerpt(corpus), "your sounds")
    draw_spectrogram(below, read_audio(output)[0], "generated")
    below.set_xlim(0, DURATION_S)
    below.set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sounds",
        type=lambda name: Path(name).expanduser(),
        help="a folder of your own recordings",
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of codec training")
    parser.add_argument("--out", type=Path, default=HERE / "demo")
    return parser.parse_args()


def main() -> None:
    """Run the demo."""
    args = arguments()
    began = time.perf_counter()
    args.out.mkdir(parents=True, exist_ok=True)
    sounds = args.sounds or make_sounds(args.out / "sounds")
    model = args.out / "demo.sda"
    wav = args.out / "demo.wav"
    picture = args.out / "demo.png"
    distill("train", sounds, "-o", model, "--minutes", args.minutes, *REPLACE, "--discard-prior")
    distill("train-prior", model, sounds, "--epochs", PRIOR_EPOCHS, *SMALL_PRIOR)
    distill("generate", model, "-o", wav, "--duration", DURATION_S, "--seed", SEED, *REPLACE)
    distill("info", model)
    draw(picture, sounds, wav)
    print(f"\nDone in {time.perf_counter() - began:.0f} s.")
    print(f"Sound:       {wav}\nSpectrogram: {picture}\nModel:       {model}")


if __name__ == "__main__":
    main()
