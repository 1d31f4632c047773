"""Running `distill`: in this process for speed, in one of its own where signals or streams
matter."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from distill.cli import app

Run = Callable[..., Result]
TINY_PRIOR = ["--hidden-size", "32", "--layers", "1", "--heads", "2", "--threads", "1"]


@pytest.fixture(autouse=True)
def _plain_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output as in a pipe, whatever the terminal or the build server asks for."""
    for name in (
        "FORCE_COLOR",
        "GITHUB_ACTIONS",
        "NO_COLOR",
        "PY_COLORS",
        "TTY_COMPATIBLE",
        "TTY_INTERACTIVE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`distill` with these arguments, in an empty folder; no command may end in a traceback."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object, **environment: str) -> Result:
        result = CliRunner().invoke(app, [str(a) for a in arguments], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return invoke


@pytest.fixture
def interrupt(tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Run `distill` in a process of its own and press Ctrl-C after a line that begins so.

    Another signal may be sent in its place. Gives exit code, stdout and stderr.
    """

    def press(
        *arguments: object, after: str, number: signal.Signals = signal.SIGINT
    ) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "distill.cli", *(str(a) for a in arguments)]
        with subprocess.Popen(
            command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stderr is not None
            stderr = ""
            for line in process.stderr:
                stderr += line
                if line.startswith(after):
                    process.send_signal(number)
                    break
            out, err = process.communicate(timeout=120)
            return process.returncode, out, stderr + err

    return press


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> Path:
    """A copy of the small model with a prior, to do with as one likes."""
    return Path(shutil.copy(trained, tmp_path / "model.sda"))


@pytest.fixture
def bare_model(codec_only: Path, tmp_path: Path) -> Path:
    """A copy of the small model without a prior."""
    return Path(shutil.copy(codec_only, tmp_path / "bare.sda"))


@pytest.fixture
def tiny_prior_options() -> list[str]:
    """Options for a prior that trains in seconds."""
    return list(TINY_PRIOR)
