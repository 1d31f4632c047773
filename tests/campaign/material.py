"""Whole files that campaigns mutate, made once by small trainings in a process of their own."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
import torch

import distill
from distill.audio.io import read_audio
from distill.models.fit import fit_codec
from distill.models.persistence import LoadedVQModel, save_model_v2
from distill.models.vqvae import VQVAE
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
SMALL = {
    "codebook_size": 16,
    "num_quantizers": 3,
    "hidden_size": 4,
    "decoder_layers": 1,
    "latent_dim": 4,
    "memory_frames": 2,
    "memory_width": 2,
}
"""Constructor arguments of the codec in model files."""

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
SECONDS = 0.5
"""Length of each sound."""

STEPS = 6
"""Steps of the codec: enough for all entries of a file."""


def material(shared: Path) -> Path:
    """The folder of whole files, made at the first call.

    It holds `sounds/`, `model.sda` with a prior, `codec.sda` without, `codes.json`, `generated/`
    with recipes, and models with the checkpoints of an interrupted `train` and `train-prior`.
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
    _write_codec(sounds, codec)
    model.write_bytes(codec.read_bytes())
    distill.train_prior(model, sounds, **PRIOR)
    loaded = distill.load(model, threads=1)
    codes = distill.encode(loaded, sounds / "low" / "0.wav")
    distill.save_codes(folder / "codes.json", codes)
    _write_generated(loaded, folder / "generated")
    _interrupt_training(sounds, folder / "broken.sda")
    _interrupt_prior(sounds, codec, folder / "broken-prior.sda")


def _write_codec(sounds: Path, path: Path) -> None:
    """A model file without a prior, as small as can be: mutations then meet more than weights."""
    distill.train(sounds, path, steps=STEPS, **CODEC)
    metadata = distill.load(path, threads=1).metadata
    codec = VQVAE(SAMPLE_RATE, **SMALL)
    # Of whole frames.
    n = SECONDS * SAMPLE_RATE // codec.frame_hop * codec.frame_hop
    files = sorted(sounds.glob("*/*.wav"))
    audio = [torch.from_numpy(read_audio(file)[None, :, : int(n)]) for file in files]
    fit_codec(codec, audio, torch.Generator().manual_seed(0))
    save_model_v2(path, codec.eval(), {**metadata, "codebook_hash": codec.codebook_hash()})


def _write_sounds(folder: Path) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    for number in range(6):
        tone = np.sin(2 * np.pi * 110 * 1.4**number * t) * np.exp(-8 * t)
        noise = rng.standard_normal(len(t)) * np.exp(-80 * t)
        path = folder / ("low" if number < 3 else "high") / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, 0.5 * tone + 0.1 * noise, SAMPLE_RATE)


def _write_generated(loaded: LoadedVQModel, folder: Path) -> None:
    """Sounds with recipes of all parts."""
    folder.mkdir()
    ways: dict[str, dict[str, Any]] = {
        "new": {},
        "one-shot": {"one_shot": True, "temperature": 0.8},
        "loop": {"loop": True, "like": "low"},
        "steered": {"brightness": [[0, 20], [0.2, 80]], "tags": {"low": 0.5}, "guidance": 2.0},
    }
    for name, settings in ways.items():
        distill.generate(loaded, duration=0.2, seed=3, **settings)[0].save(folder / f"{name}.wav")


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
