"""Which priority a process has: seen from a process of its own."""

import os
import subprocess
import sys

import pytest

from distill import process
from distill.errors import UsageError
from distill.process import LOW, default_jobs, using_jobs

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
