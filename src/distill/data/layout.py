"""Mono or stereo: what a corpus asks of the codec, and what is written when it is decoded."""

from collections.abc import Sequence
from typing import NamedTuple

from distill.audio.stereo import WIDE_DB
from distill.data.cache import Width

WIDE_SHARE = 0.1
"""Share of the files, or of their time, that must be wide for a codec to learn stereo, which costs
time."""


class Layout(NamedTuple):
    """`channels` of the codec, `output_channels` of what it decodes, and `reason`: one sentence for
    people."""

    channels: int
    output_channels: int
    reason: str


MONO = Layout(1, 1, "Mono.")


def fixed_layout(channels: int) -> Layout:
    """The layout of a codec with so many channels, whatever the corpus holds."""
    return Layout(channels, channels, f"{'Mono' if channels == 1 else 'Stereo'}, as asked.")


def choose_layout(files: Sequence[Width]) -> Layout:
    """What suits sound files as wide as these.

    Stereo where a tenth of them is wide; else mono, decoded to two equal channels where most have
    two (dual mono).
    """
    wide = [file for file in files if file.side_db >= WIDE_DB]
    seconds = sum(file.duration_s for file in files)
    share = max(
        len(wide) / max(len(files), 1), sum(file.duration_s for file in wide) / max(seconds, 1e-9)
    )
    count = f"{len(wide)} of {len(files)} files"
    if share >= WIDE_SHARE:
        return Layout(
            2, 2, f"Stereo: left and right differ in {count} (mono with train --channels 1)."
        )
    more = (
        f": left and right differ only in {count} (stereo with train --channels 2)" if wide else ""
    )
    if 2 * sum(file.channels > 1 for file in files) < len(files) or not files:
        return Layout(1, 1, f"Mono{more}.")
    return Layout(
        1,
        2,
        f"Dual mono{more or ': left and right are the same'}. One is learned, both are written.",
    )
