"""Which priority a process has: seen from a process of its own."""

import os
import subprocess
import sys

import pytest

from distill.process import LOW

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
