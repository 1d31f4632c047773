"""Claims on names, between processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from distill.claims import claim, claim_all, release, release_all, training_claimed
from distill.errors import OutputError
from distill.files import clear_leftovers
from distill.workflows.paths import check_outputs, free_path

HOLD = """
import sys
from distill.claims import claim
assert claim(sys.argv[1])
print("claimed", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path):
    """Another process that has claimed `new.wav`."""
    words = [sys.executable, "-c", HOLD, str(tmp_path / "new.wav")]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout.readline() == "claimed\n"
        yield process
        process.kill()


def test_a_name_belongs_to_one_process_until_it_ends(other, tmp_path: Path, monkeypatch) -> None:
    new = tmp_path / "new.wav"
    assert not claim(new)
    assert not claim_all([tmp_path / "a.wav", new])
    # Nobody takes a living claim for the leftover of a dead run.
    clear_leftovers(tmp_path)
    assert not claim(new)
    monkeypatch.chdir(tmp_path)
    assert free_path("new.wav") == Path("new-2.wav")
    with pytest.raises(OutputError, match=r"Another run is writing 'new\.wav'"):
        check_outputs([Path("new.wav")], overwrite=False)
    check_outputs([Path("new.wav")], overwrite=True)
    with (
        pytest.raises(OutputError, match=r"Another run is training 'my\.sda'"),
        training_claimed(new, "my.sda"),
    ):
        pass
    other.kill()
    other.wait()
    assert claim(new)
    release_all()
    assert os.listdir(tmp_path) == []


def test_a_process_may_claim_twice_and_leaves_nothing(tmp_path: Path) -> None:
    assert claim(tmp_path / "new.wav")
    assert claim(tmp_path / "new.wav")
    release(tmp_path / "new.wav")
    release(tmp_path / "new.wav")
    assert os.listdir(tmp_path) == []


def test_a_name_that_is_taken_is_not_kept_claimed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("new.wav").touch()
    assert free_path("new.wav") == Path("new-2.wav")
    release("new-2.wav")
    assert os.listdir(tmp_path) == ["new.wav"]


def test_where_no_file_can_be_made_nothing_is_claimed(tmp_path: Path) -> None:
    assert claim(tmp_path / "no folder" / "new.wav")
