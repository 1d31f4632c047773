"""Every command and script of the guides runs, on real recordings where there are any, with a
budget of seconds."""

import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from PIL import Image
from typer.testing import CliRunner

from distill.cli import app
from distill.settings import SAMPLE_RATE

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
CODES = (GUIDES / "codes.md").read_text(encoding="utf-8")
CORPORA = os.environ.get("DISTILL_CORPORA")
QUICK = {
    "--minutes 20": "--steps 12 --batch-size 2 --codebook-size 16",
    "train-prior my.sda sounds": (
        "train-prior my.sda sounds --epochs 1 --layers 1 --hidden-size 32 --heads 2"
    ),
}
LOOPS = {"loop_amen": 1.7533}
STROKES = {"ghe1": 0.59, "ghe3": 2.39, "na": 0.72, "te1": 0.18, "tun1": 2.34}
LARGEST_PICTURE = 60_000


def make_sounds(folder: Path) -> None:
    """Sounds of the names and lengths that the guide has: a loop of hits, and strokes that die
    away."""
    rng = np.random.default_rng(0)
    lengths = {f"loops/{name}": seconds for name, seconds in LOOPS.items()}
    lengths |= {f"tabla/tabla_{name}": seconds for name, seconds in STROKES.items()}
    for name, seconds in lengths.items():
        t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        since = t % 0.22 if name.startswith("loops") else t
        sound = 0.4 * np.exp(-12 * since) * np.sin(2 * np.pi * rng.uniform(80, 800) * t)
        path = folder / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, sound + 1e-3 * rng.standard_normal(len(t)), SAMPLE_RATE)


def link_sounds(folder: Path, corpora: Path) -> None:
    """The loop of the guide, and all strokes."""
    files = [corpora / "loops" / f"{name}.flac" for name in LOOPS]
    for file in [*files, *(corpora / "tabla").glob("*.flac")]:
        link = folder / file.parent.name / file.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)


def commands(guide: str) -> list[str]:
    return re.findall(r"^ +distill (.+)$", guide, re.MULTILINE)


def run(command: str) -> None:
    for slow, quick in QUICK.items():
        command = command.replace(slow, quick)
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, f"{command}: {result.output}"


def test_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    corpora = Path(CORPORA) if CORPORA else None
    if corpora and (corpora / "loops").is_dir() and (corpora / "tabla").is_dir():
        link_sounds(tmp_path / "sounds", corpora)
    else:
        make_sounds(tmp_path / "sounds")
    for name, script in re.findall(r"```text\n# (\S+)\n(.+?)```", CODES, re.DOTALL):
        (tmp_path / name).write_text(script)
    for command in commands(CODES):
        run(command)
    pieces = {
        name: sf.read(tmp_path / name)[0]
        for name in ("dialogue.wav", "healed.wav", "turn.wav", "between.wav", "piece.wav")
    }
    bar = round(LOOPS["loop_amen"] * SAMPLE_RATE)
    assert all(np.abs(sound).max() > 0.01 for sound in pieces.values())
    assert all(len(sound) > 3.9 * bar for sound in pieces.values())
    # Each is another, and none is the loop as it was.
    for name in ("turn.wav", "between.wav"):
        assert np.abs(pieces[name] - pieces["dialogue.wav"])[: 2 * bar].max() > 0.01


def test_pictures_are_those_that_the_commands_make() -> None:
    shown = set(re.findall(r"\]\((\S+\.png)\)", CODES))
    original = {shlex.split(command)[-1] for command in commands(CODES) if "--png" in command}
    assert shown == original == {path.name for path in GUIDES.glob("*.png")}
    for name in shown:
        assert (GUIDES / name).stat().st_size < LARGEST_PICTURE
        Image.open(GUIDES / name).verify()
