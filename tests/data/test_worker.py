"""The process of a scan, spoken to as the pool does."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile as sf

from distill.data.cache import is_measured


def test_each_task_is_answered_by_one_line(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    sf.write(tmp_path / "a.wav", np.full(500, 0.2), 48_000)
    names = ["nowhere.wav", "a.wav"]
    orders = [{"do": "sound", "path": str(tmp_path / name), "channels": 1} for name in names]
    result = subprocess.run(
        [sys.executable, "-P", "-m", "distill.data.worker"],
        input="".join(json.dumps(order) + "\n" for order in orders),
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "\n\n", "")
    assert is_measured(tmp_path / "a.wav", 1)
