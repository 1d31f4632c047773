"""Library: a picture of generated sounds beside recordings, so that one can look."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

# First, since it chooses how matplotlib draws.
from benchmarks.common import plt
from benchmarks.prior.bands import BANDS, FRAME_RATE, RANGE_DB, mel_levels, onset_envelope

MOST_RISE_DB = 8.0
"""Upper end in dB a frame of the onset envelopes, the same for all so that they compare."""


class Panel(NamedTuple):
    """A sound to draw.

    Attributes:
        title: Shown above it.
        sound: `[N]`.
        marks_s: Seconds at which a line is drawn.
    """

    title: str
    sound: np.ndarray
    marks_s: Sequence[float] = ()


def save_comparison(
    path: Path, left: Sequence[Panel], right: Sequence[Panel], seconds: float
) -> Path:
    """Write a picture of two columns of sounds, one below the other.

    Each is a log-mel spectrogram (60 dB below its loudest band) with its onset envelope beneath.

    Args:
        path: The PNG.
        left: Sounds of the left column.
        right: Sounds of the right column.
        seconds: Length of the time axis of all.
    """
    rows = max(len(left), len(right))
    figure, axes = plt.subplots(
        2 * rows,
        2,
        figsize=(18, 3.4 * rows),
        sharex=True,
        squeeze=False,
        height_ratios=[3, 1] * rows,
    )
    for column, panels in enumerate((left, right)):
        for row in range(rows):
            above, below = axes[2 * row : 2 * row + 2, column]
            if row < len(panels):
                _draw(above, below, panels[row])
            else:
                above.set_axis_off()
                below.set_axis_off()
    axes[-1, 0].set_xlim(0, seconds)
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    plt.close(figure)
    return path


def _draw(above: plt.Axes, below: plt.Axes, panel: Panel) -> None:
    levels = mel_levels(panel.sound)
    top = float(levels.max())
    extent = (0, len(levels) / FRAME_RATE, 0, BANDS)
    colours = {"vmin": top - RANGE_DB, "vmax": top, "cmap": "magma"}
    above.imshow(levels.T, origin="lower", aspect="auto", extent=extent, **colours)
    above.set_title(panel.title, fontsize=9, loc="left")
    above.set_yticks([])
    envelope = onset_envelope(levels)
    below.fill_between(np.arange(len(envelope)) / FRAME_RATE, envelope, linewidth=0)
    below.set_ylim(0, MOST_RISE_DB)
    for mark in panel.marks_s:
        above.axvline(mark, color="white", linestyle=":", linewidth=1)
        below.axvline(mark, color="grey", linestyle=":", linewidth=1)
