"""Bounds of the numbers that users set, in one table: beyond them, nothing but waiting comes out.

Values are checked before any work. Numbers of one place only, such as those of a curve, are checked
there.
"""

from typing import NamedTuple

from distill.errors import UsageError


class Bound(NamedTuple):
    """Smallest and largest value of a number; `above` tells that `least` itself is too small."""

    least: float
    most: float
    above: bool = False


BOUNDS = {
    # Generation. A name of a file is made for each sound before the first is drawn.
    "--number": Bound(1, 10_000),
    # Seconds. An hour at 48 kHz in stereo takes 1.4 GB of memory.
    "--duration": Bound(0, 3600, above=True),
    "--bars": Bound(0, 3600, above=True),
    "--top-k": Bound(0, 4096),
    "--free-levels": Bound(1, 8),
    # Length of a training. A year has 525,600 minutes.
    "--minutes": Bound(0, 525_600, above=True),
    "--epochs": Bound(1, 1_000_000),
    "--steps": Bound(1, 100_000_000),
    # Rates far below diverge already.
    "--lr": Bound(0, 100, above=True),
    # Pieces of half a second: the largest batch holds 0.2 GB of stereo.
    "--batch-size": Bound(1, 1024),
    # More than 4096 codes would never all be used by a small corpus.
    "--codebook-size": Bound(2, 4096),
    # One level has no finer ones to tell apart.
    "--rvq-levels": Bound(2, 8),
    # The largest prior has 1.6 billion weights, 6.4 GB.
    "--hidden-size": Bound(2, 2048),
    "--layers": Bound(1, 32),
    "--heads": Bound(1, 256),
    # More than the cores of the machine are never used.
    "--threads": Bound(1, 1024),
    # Each process takes 0.1 GB of memory.
    "--jobs": Bound(1, 64),
    # Processes of one machine: the largest servers have 16 GPUs.
    "--devices": Bound(1, 64),
    # Of a file of a corpus: beyond, it would be the corpus, or next to nothing of it.
    "--weight": Bound(0.1, 10),
    # Sounds of a sampler kit: one a key, 92 in all, from C2 to the last one of MIDI.
    "--one-shots": Bound(0, 64),
    "--loops": Bound(0, 28),
    # Delivery. Sample rates in Hz, from those of telephones to those of studios.
    "--rate": Bound(8_000, 192_000),
    # kb/s: Opus begins at 24 a channel, and ends at 512 in stereo.
    "--bitrate": Bound(16, 512),
    # LUFS: fainter sounds are gated as silence, louder ones are above full scale.
    "--loudness-target": Bound(-60, 0),
    # Four times the side is nearly all side.
    "--width": Bound(0, 4),
    # Degrees: ten turns to either side, and from straight below to straight above.
    "--azimuth": Bound(-3_600, 3_600),
    "--elevation": Bound(-90, 90),
    # A hundred years.
    "--older-than": Bound(0, 36_500),
}
"""Bounds by option. `distill.train(batch_size=…)` and the like have those of their option."""


def check_bound(option: str, value: float | None) -> None:
    """Check that `value` lies within the bounds of `option`; None stands for "not given".

    Raises:
        UsageError: It does not.
    """
    if value is None:
        return
    limits = BOUNDS[option]
    is_enough = value > limits.least if limits.above else value >= limits.least
    # NaN is neither below nor above anything. No function of floats: whole numbers may be too long.
    if is_enough and value <= limits.most:
        return
    if limits.above:
        raise UsageError(f"{option} must be above {limits.least:,} and at most {limits.most:,}.")
    raise UsageError(f"{option} must lie between {limits.least:,} and {limits.most:,}.")
