"""The system's own player of sounds, where there is one."""

import shutil
import subprocess
import sys
from pathlib import Path

from distill.errors import UsageError

PLAYERS = (
    ("afplay",),
    ("paplay",),
    ("pw-play",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)
"""Programs that play a WAV file to its end: of macOS, of Linux, and of ffmpeg."""

WINDOWS = ("powershell", "-NoProfile", "-Command")


def find_player() -> list[str] | None:
    """The command that plays a file whose name follows; None where there is no player."""
    for command in PLAYERS:
        program = shutil.which(command[0])
        if program:
            return [program, *command[1:]]
    return None


def play_sound(path: Path) -> None:
    """Play a WAV file to its end.

    Raises:
        UsageError: There is no player, or it fails; the message says where the file lies.
    """
    advice = f"play the files in {path.parent} with a program of yours."
    if sys.platform == "win32":
        # A quote in a path is doubled there.
        argument = str(path).replace("'", "''")
        command = [*WINDOWS, f"(New-Object Media.SoundPlayer '{argument}').PlaySync()"]
    else:
        player = find_player()
        if player is None:
            raise UsageError(f"No player of sounds was found: {advice}")
        command = [*player, str(path)]
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run ({error.strerror}): {advice}") from error
    if result.returncode != 0:
        raise UsageError(f"{command[0]} cannot play {path.name}: {advice}")
