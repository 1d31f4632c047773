"""Absurd values of options and arguments, and the odd things in a folder that some of them name."""

import os
import stat
from pathlib import Path

VALUES = (
    # Text.
    "",
    " ",
    "-",
    "--",
    "*",
    "~",
    "None",
    "a\nb",
    "\x1b[31mred\x07",
    "é🎹\u202e",
    "\udcff.wav",
    "$(touch touched)",
    "%s%n{}[0]",
    "a" * 10_000,
    "/" * 5_000 + ".wav",
    # Numbers, and what looks like them.
    "0",
    "1",
    "-1",
    "00012",
    "1e400",
    "1e-320",
    "-1e9",
    "9" * 400,
    "18446744073709551616",
    "nan",
    "-inf",
    "0x10",
    "1_000",
    "½",
    # Times, levels, curves, weights.
    "-5f",
    "99999999999f",
    "1-99999999",
    "5:nan,0:1e999",
    # Files.
    "missing.wav",
    "../../outside.json",
    ".",
    "zero-device",
    "full-device",
    "pipe",
    "circle",
    "note.txt",
)
"""Values for every option. The last ones name what `furnish_oddities` makes.

None holds a NUL, which no system passes on.
"""

DEVICES = {"zero-device": 5, "full-device": 7}
"""Minor numbers of devices: one that reads without end, one that is always full."""


def furnish_oddities(folder: Path) -> None:
    """Make what the values of files name: devices, a pipe, a link to itself, a text."""
    for name, minor in DEVICES.items():
        try:
            # Own devices: a rename over one of the system's would break that for all.
            os.mknod(folder / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        except PermissionError:
            (folder / name).symlink_to(f"/dev/{name.partition('-')[0]}")
    os.mkfifo(folder / "pipe")
    (folder / "circle").symlink_to("circle")
    (folder / "note.txt").write_text("no sound, no model, no codes\n")
    (folder / "../../outside.json").write_text("not to be touched\n")
