"""Which priority a process has: seen from a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from distill import process
from distill.errors import UsageError
from distill.process import LOW, default_jobs, idle_cores, using_jobs

CALLED = "from distill.process import *; import os, sys; "
NICE = "set_priority(Priority(sys.argv[1])); print(os.nice(0))"


def printed(code: str, *arguments: str) -> str:
    """Output of `code` in a new process."""
    result = subprocess.run(
        [sys.executable, "-c", CALLED + code, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


@pytest.mark.skipif(not hasattr(os, "nice"), reason="no priorities of this kind on Windows")
def test_low_priority_lets_others_go_first_and_normal_changes_nothing() -> None:
    before = os.nice(0)
    assert printed(NICE, "normal") == str(before)
    assert printed(NICE, "low") == str(max(before, LOW))
    # As on Windows.
    assert printed("del os.nice; set_priority(Priority.LOW)", "low") == ""


def test_jobs_are_cores_at_most_eight_or_what_the_variable_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DISTILL_JOBS", raising=False)
    for cores, jobs in ((1, 1), (3, 3), (96, 8)):
        monkeypatch.setattr(process, "available_cores", lambda cores=cores: cores)
        assert default_jobs() == jobs
    monkeypatch.setenv("DISTILL_JOBS", "12")
    assert default_jobs() == 12
    for nonsense in ("0", "-1", "65", "2.5", "two", "٣" * 40):
        monkeypatch.setenv("DISTILL_JOBS", nonsense)
        with pytest.raises(UsageError, match="DISTILL_JOBS must be a whole number from 1 to 64"):
            default_jobs()


@pytest.mark.parametrize("before", [None, "5"])
def test_jobs_of_a_block_end_with_it(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISTILL_JOBS", raising=False)
    if before:
        monkeypatch.setenv("DISTILL_JOBS", before)
    with using_jobs(3):
        assert default_jobs() == 3
        with using_jobs(None):
            assert printed("print(default_jobs())") == "3"
    assert os.environ.get("DISTILL_JOBS") == before
    with pytest.raises(UsageError), using_jobs(0):
        pass


def test_idle_cores_are_those_that_nobody_uses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of 4 cores, 3 were idle while the clock went on by a quarter of a second."""
    uptime = tmp_path / "uptime"
    uptime.write_text("100.00 400.00\n")
    times = iter((10.0, 10.25))

    def work(seconds: float) -> None:
        uptime.write_text("100.25 400.75\n")

    monkeypatch.setattr(process, "UPTIME", uptime)
    monkeypatch.setattr(process.time, "sleep", work)
    monkeypatch.setattr(process.time, "monotonic", lambda: next(times))
    assert idle_cores() == pytest.approx(3)


def test_idle_cores_by_the_load_of_the_machine_or_all_of_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on macOS, and as on Windows."""
    monkeypatch.setattr(process, "UPTIME", tmp_path / "none")
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    for load, idle in ((0.0, 8.0), (2.5, 5.5), (30.0, 0.0)):
        monkeypatch.setattr("os.getloadavg", lambda load=load: (load, 9.0, 9.0), raising=False)
        assert idle_cores() == idle
    monkeypatch.delattr("os.getloadavg")
    assert idle_cores() == 8
