"""Standard streams that are full, closed, or left by their reader."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from distill.cli.streams import LastingStream

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is full")


def shell(line: str, model: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell, in which `$D` is `distill` and `$M` a model."""
    environment = os.environ | {"D": f"{sys.executable} -m distill", "M": str(model)}
    return subprocess.run(["bash", "-c", line], env=environment, text=True, capture_output=True)


@needs_full
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("$D info $M --json >/dev/full", "No space left on device"),
        ("$D --help >/dev/full", "No space left on device"),
        ("$D info $M --json >&-", "it is closed"),
        ("set -o pipefail; $D info $M --json | true; exit $?", "Broken pipe"),
    ],
)
def test_a_result_that_cannot_be_printed_is_an_error(
    line: str, reason: str, codec_only: Path
) -> None:
    done = shell(line, codec_only)
    assert done.returncode == 1
    assert done.stderr == f"Error: Cannot write to standard output: {reason}.\n"


@needs_full
@pytest.mark.parametrize("stderr", ["/dev/full", "&-"])
def test_without_a_display_a_command_does_its_work(stderr: str, codec_only: Path) -> None:
    done = shell(f"$D info $M 2>{stderr} && $D info $M --json 2>{stderr}", codec_only)
    assert done.returncode == 0
    assert '"codebook_size"' in done.stdout


@needs_full
def test_a_failing_stream_keeps_its_first_error() -> None:
    with open(FULL, "w", buffering=1) as full:
        stream = LastingStream(full)
        stream.write("one\n")
        stream.write("two\n")
        stream.flush()
        assert stream.error is not None
        assert stream.error.strerror == "No space left on device"
        assert stream.encoding == full.encoding
