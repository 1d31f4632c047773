"""Every command and every line of Python in the README runs, with a budget of seconds in place of
minutes."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from distill.cli import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
QUICK = {
    "train": "--steps 12 --batch-size 2 --codebook-size 16",
    "train-prior": "--epochs 1 --layers 1",
    # Other tests listen at the port as well.
    "play": "--duration 0.5 --osc-port 0",
}


@pytest.fixture
def folder(tmp_path: Path, corpus_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `sounds` and `guitar.wav` in it, as the README has them."""
    shutil.copytree(corpus_dir, tmp_path / "sounds")
    guitar = next(corpus_dir.rglob("*.wav"))
    shutil.copy(guitar, tmp_path / "guitar.wav")
    shutil.copy(guitar, tmp_path / "sounds" / "guitar.wav")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    # Names of renders are looked for in it: those of other pages are elsewhere.
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path


def commands() -> list[str]:
    return re.findall(r"^ +distill (.+)$", README, re.MULTILINE)


def quick(command: str) -> list[str]:
    command = command.replace("~/sounds", "sounds").replace("--pairs 12", "--pairs 1")
    command = re.sub(r"--minutes \d+ ?", "", command)
    # A prior by itself trains for minutes, and --then-prior takes no number of epochs.
    command = command.replace("--then-prior ", "")
    words = shlex.split(command)
    return [*words, *QUICK.get(words[0], "").split()]


def _run(words: list[str]) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, f"{words}: {result.output}"


@pytest.mark.usefixtures("small_networks")
def test_every_command_runs(folder: Path) -> None:
    assert len(commands()) >= 7
    for command in commands():
        _run(quick(command))
        if "--then-prior" in command:
            (model,) = re.findall(r"-o (\S+)", command)
            _run(quick(f"train-prior {model} ~/sounds"))
    assert {"my.sda", "out.wav", "guitar.json", "guitar-again.wav"} <= {
        path.name for path in folder.iterdir()
    }


@pytest.mark.usefixtures("small_networks")
def test_the_python_runs(folder: Path) -> None:
    (code,) = re.findall(r"```python\n(.+?)```", README, re.DOTALL)
    code = code.replace("minutes=20", "steps=12, batch_size=2, codebook_size=16")
    code = code.replace(
        'train_prior("my.sda", "sounds")',
        'train_prior("my.sda", "sounds", max_epochs=1, num_layers=1)',
    )
    exec(compile(code, "README.md", "exec"), {})
    assert (folder / "new.wav").exists()
    assert (folder / "guitar-again.wav").exists()


def test_make_targets_exist() -> None:
    makefile = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:^ +|`)make (\w+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
