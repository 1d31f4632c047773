"""Help is quick (it loads nothing heavy) and fits a terminal of 80 columns."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = [
    "doctor",
    "train",
    "train-prior",
    "generate",
    "encode",
    "decode",
    "convert",
    "codes",
    "codebook",
    "info",
]
OPTIONS = {
    "doctor": "--json",
    "train": (
        "--minutes --epochs --steps --codebook-size --rvq-levels --batch-size --lr "
        "--channels --device --threads --seed --model-name --json --resume --discard-prior "
        "--output -o --overwrite"
    ),
    "train-prior": "--epochs -e --hidden-size --layers --heads --lr --device --json",
    "generate": "--output -o --overwrite --duration --temperature --top-k --top-p --seed -n --json",
    "encode": "--output -o --overwrite",
    "decode": "--output -o --overwrite --levels --from --to --json",
    "convert": "--output -o --overwrite --format --rate --bits --bitrate --loudness-target --mono",
    "codes": "--model --png --overwrite --levels --from --to --json",
    "codebook": "--png --overwrite --previews --json",
}
HEAVY = {"torch", "numpy", "PIL", "scipy", "soundfile", "soxr", "pyloudnorm"}

# Runs every help in one process, and says at the end what was loaded.
ALL_HELPS = """
import sys
from distill.cli import app
for arguments in ([], *([name] for name in sys.argv[1:])):
    app([*arguments, "--help"], standalone_mode=False, prog_name="distill")
print("LOADED", *sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.fixture(scope="module")
def output() -> str:
    environment = {
        k: v
        for k, v in os.environ.items()
        if k not in ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS")
    }
    environment |= {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8", "TERM": "dumb"}
    result = subprocess.run(
        [sys.executable, "-c", ALL_HELPS, *COMMANDS],
        env=environment,
        capture_output=True,
        check=True,
    )
    assert result.stderr == b""
    return result.stdout.decode()


def test_help_fits_80_columns(output: str) -> None:
    lines = output.split("LOADED")[0].splitlines()
    assert max(map(len, lines)) <= 80
    for name in COMMANDS:
        assert re.search(rf"Usage: distill {name} \[OPTIONS\]", output), name


@pytest.mark.parametrize("command", OPTIONS)
def test_help_names_the_options_that_are_fixed(output: str, command: str) -> None:
    helps = dict(zip(["", *COMMANDS], output.split("Usage: distill")[1:], strict=True))
    for option in OPTIONS[command].split():
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", helps[command]), option


def test_help_loads_nothing_heavy(output: str) -> None:
    loaded = set(output.split("LOADED")[1].split())
    assert {"typer", "distill"} <= loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("module", ["distill", "distill.cli"])
def test_both_modules_run(module: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", module, "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert re.fullmatch(r"distill \d+\.\d+\.\d+\n", result.stdout)
