"""Players of the system: found by name, and errors that say where the sounds lie."""

import os
import sys
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.library.system_player import find_player, play_sound

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="players by name")


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    os.chmod(folder / name, 0o755)


def test_the_first_player_that_is_there_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_player() is None
    with pytest.raises(UsageError, match=f"No player of sounds was found: .* {tmp_path}"):
        play_sound(tmp_path / "pair-01-x.wav")
    program(tmp_path, "aplay", f'echo "$@" > {tmp_path}/played')
    play_sound(tmp_path / "pair-01-x.wav")
    assert (tmp_path / "played").read_text() == f"-q {tmp_path}/pair-01-x.wav\n"
    program(tmp_path, "paplay", "exit 3")
    with pytest.raises(UsageError, match=r"paplay cannot play pair-01-x\.wav"):
        play_sound(tmp_path / "pair-01-x.wav")
