"""Every command of the quick start runs, with a budget of seconds."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from distill.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "quickstart.md").read_text(encoding="utf-8")
QUICK = {
    "train": "--steps 12 --batch-size 2 --codebook-size 16",
    "train-prior": "--epochs 1 --layers 1 --hidden-size 32 --heads 2",
}


@pytest.mark.usefixtures("small_networks")
def test_every_command_runs(
    tmp_path: Path, corpus_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(corpus_dir, tmp_path / "sounds")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    commands = re.findall(r"^ +distill (.+)$", PAGE, re.MULTILINE)
    assert len(commands) >= 8
    for command in commands:
        words = shlex.split(command.replace("--minutes 20", ""))
        result = CliRunner().invoke(app, [*words, *QUICK.get(words[0], "").split()])
        assert result.exit_code == 0, f"{command}: {result.output}"
    for name in ("new.wav", "hit.wav", "loop.wav", "rise.wav"):
        assert (tmp_path / name).stat().st_size > 1000
