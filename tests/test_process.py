"""How threads wait and which priority a process has: seen from a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from distill.process import LOW, WAIT_SETTINGS

CALLED = "from distill.process import *; import os, sys; "
WAITS = (
    "wait_briefly(); waits = [os.environ.get(name) for name in WAIT_SETTINGS]; "
    "print(waits, 'torch' in sys.modules)"
)
NICE = "set_priority(Priority(sys.argv[1])); print(os.nice(0))"


def printed(code: str, *arguments: str, settings: Mapping[str, str] | None = None) -> str:
    """Output of `code` in a new process, whose environment says how threads wait."""
    environment = {name: value for name, value in os.environ.items() if name not in WAIT_SETTINGS}
    result = subprocess.run(
        [sys.executable, "-c", CALLED + code, *arguments],
        env=environment | dict(settings or {}),
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def test_threads_wait_briefly_before_torch_is_loaded() -> None:
    assert printed(WAITS) == "[None, '10000', '1'] False"


@pytest.mark.parametrize("setting", WAIT_SETTINGS)
def test_what_the_user_has_set_stays(setting: str) -> None:
    expected = ["active" if name == setting else None for name in WAIT_SETTINGS]
    assert printed(WAITS, settings={setting: "active"}) == f"{expected} False"


def test_the_command_line_waits_briefly() -> None:
    code = (
        "import distill.cli as cli; "
        "cli.app = lambda prog_name: print(os.environ['GOMP_SPINCOUNT']); cli.main()"
    )
    assert printed(code) == "10000"


@pytest.mark.skipif(not hasattr(os, "nice"), reason="no priorities of this kind on Windows")
def test_low_priority_lets_others_go_first_and_normal_changes_nothing() -> None:
    before = os.nice(0)
    assert printed(NICE, "normal") == str(before)
    assert printed(NICE, "low") == str(max(before, LOW))
    # As on Windows.
    assert printed("del os.nice; set_priority(Priority.LOW)", "low") == ""
