"""Whole files that campaigns mutate, made once by small trainings in a process of their own."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

import distill
from distill.settings import SAMPLE_RATE
from distill.training.metrics import StepMetrics
from distill.training.prior_loop import train_prior
from distill.workflows.train import prior_settings

CODEC = {
    "hidden_size": 16,
    "codebook_size": 16,
    "num_quantizers": 3,
    "batch_size": 2,
    "crop_frames": 8,
    "threads": 1,
}
PRIOR = {
    "max_epochs": 2,
    "hidden_size": 16,
    "num_layers": 1,
    "num_heads": 2,
    "batch_size": 2,
    "context_s": 0.5,
    "encodings": 1,
    "min_steps_per_epoch": 2,
    "threads": 1,
}
STEPS = 6
"""Steps of the codec: enough for all entries of a file."""


def material(shared: Path) -> Path:
    """The folder of whole files, made at the first call.

    It holds `sounds/`, `model.sda` with a prior, `codec.sda` without, `codes.json`, `new.wav` with
    a recipe, and models with the checkpoints of an interrupted `train` and `train-prior`.
    """
    folder = shared / "material"
    if not folder.exists():
        # Training starts threads, and a process with threads is not forked safely.
        subprocess.run([sys.executable, "-m", "tests.campaign.material", str(folder)], check=True)
    return folder


def write_material(folder: Path) -> None:
    """Make all files in `folder`."""
    sounds = folder / "sounds"
    _write_sounds(sounds)
    codec = folder / "codec.sda"
    model = folder / "model.sda"
    distill.train(sounds, codec, steps=STEPS, **CODEC)
    model.write_bytes(codec.read_bytes())
    distill.train_prior(model, sounds, **PRIOR)
    loaded = distill.load(model, threads=1)
    codes = distill.encode(loaded, sounds / "low" / "0.wav")
    distill.save_codes(folder / "codes.json", codes)
    distill.generate(loaded, duration=0.3, seed=3)[0].save(folder / "new.wav")
    _interrupt_training(sounds, folder / "broken.sda")
    _interrupt_prior(sounds, codec, folder / "broken-prior.sda")


def _write_sounds(folder: Path) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    for number in range(6):
        tone = np.sin(2 * np.pi * 110 * 1.4**number * t) * np.exp(-8 * t)
        noise = rng.standard_normal(len(t)) * np.exp(-80 * t)
        path = folder / ("low" if number < 3 else "high") / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, 0.5 * tone + 0.1 * noise, SAMPLE_RATE)


def _interrupt_training(sounds: Path, output: Path) -> None:
    """Leave a codec in training with its checkpoint."""
    stop = threading.Event()

    def after_event(event: Any) -> None:
        if isinstance(event, StepMetrics) and event.step >= STEPS // 2:
            stop.set()

    distill.train(sounds, output, callback=after_event, cancel_event=stop, steps=STEPS, **CODEC)


def _interrupt_prior(sounds: Path, codec: Path, output: Path) -> None:
    """Leave a codec with the checkpoint of a prior that has one of its epochs."""
    output.write_bytes(codec.read_bytes())
    stop = threading.Event()
    settings, _ = prior_settings(sounds, **PRIOR)
    train_prior(output, sounds, settings, callback=lambda epoch: stop.set(), cancel_event=stop)


if __name__ == "__main__":
    write_material(Path(sys.argv[1]))
