"""Choice of mono, dual mono or stereo for a codec, by the width of the sounds in a corpus."""

from collections.abc import Sequence
from typing import NamedTuple

from distill.audio.stereo import WIDE_DB
from distill.data.cache import Width

WIDE_SHARE = 0.1
"""Share of the files, or of their length, that must be wide for a stereo codec: it is slower."""


class Layout(NamedTuple):
    """Channel layout of a codec.

    Attributes:
        channels: Channels that the codec learns.
        output_channels: Channels of decoded sounds; 2 for a mono codec is dual mono.
        reason: The choice in one sentence for people.
    """

    channels: int
    output_channels: int
    reason: str


MONO = Layout(channels=1, output_channels=1, reason="Mono.")


def fixed_layout(channels: int) -> Layout:
    """The layout with a set number of channels, whatever the corpus holds."""
    name = "Mono" if channels == 1 else "Stereo"
    reason = f"{name}, as was chosen."
    return Layout(channels=channels, output_channels=channels, reason=reason)


def choose_layout(files: Sequence[Width]) -> Layout:
    """Choose a layout by the widths of the sound files.

    Stereo where a tenth of them is wide. Otherwise mono, decoded to two equal channels (dual mono)
    where at least half of the files have two.
    """
    wide = [file for file in files if file.side_db >= WIDE_DB]
    file_share = len(wide) / max(len(files), 1)
    total_s = sum(file.duration_s for file in files)
    time_share = sum(file.duration_s for file in wide) / max(total_s, 1e-9)
    count = f"{len(wide)} of {len(files)} files"
    if max(file_share, time_share) >= WIDE_SHARE:
        reason = f"Stereo: left and right differ in {count} (mono can be chosen)."
        return Layout(channels=2, output_channels=2, reason=reason)
    hint = ""
    if wide:
        hint = f": left and right differ only in {count} (stereo can be chosen)"
    n_stereo = sum(file.channels > 1 for file in files)
    if 2 * n_stereo < len(files) or not files:
        return Layout(channels=1, output_channels=1, reason=f"Mono{hint}.")
    hint = hint or ": left and right are the same"
    reason = f"Dual mono{hint}. One is learned, both are written."
    return Layout(channels=1, output_channels=2, reason=reason)
