"""Kills, full disks, crowds and absurd options: a small campaign, in processes of its own."""

import subprocess
import sys
from pathlib import Path

from tests.campaign.small import COUNTS

ROOT = Path(__file__).parents[2]


def test_a_small_campaign_does_no_harm(tmp_path: Path) -> None:
    # It forks, which this process with its threads must not.
    words = [sys.executable, "-m", "tests.campaign.small", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for kind, count in COUNTS.items():
        assert f"{kind.NAME}: {count} trials: " in done.stdout
    assert done.stdout.count("; 0 faults") == len(COUNTS)
