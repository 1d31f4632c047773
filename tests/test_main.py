"""`python -m distill`."""

import subprocess
import sys


def test_the_package_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "distill", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "train-prior" in result.stdout
