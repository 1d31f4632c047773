"""The sounds of a comparison: two of each pair, equally loud, in files that tell no names.

The louder of two is lowered, so that nothing clips. Both get one sample rate, as many channels, and
no metadata.
"""

import math
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from distill.audio.io import AUDIO_EXTENSIONS, block_source
from distill.audio.level import integrated_loudness_of
from distill.audio.write import write_sound_blocks
from distill.errors import UsageError
from distill.files import FilePath
from distill.library.comparison import Comparison, Couple, Pair
from distill.library.comparisons import (
    MOST_PAIRS,
    comparison_folder,
    draw_sides,
    pair_path,
    write_comparison,
)
from distill.library.leftovers import new_folder
from distill.library.workspace import Workspace, new_id
from distill.settings import SAMPLE_RATE, check_seed


def create_comparison(
    workspace: Workspace,
    couples: Sequence[Couple],
    sides: tuple[str, str],
    seed: int | None = None,
    name: str = "",
) -> Comparison:
    """Make a comparison of sounds.

    Args:
        workspace: The workspace.
        couples: The pairs.
        sides: Names of both sides.
        seed: Draws which side of each pair is heard as x. Default: any.
        name: Name of the comparison. Default: of both sides.

    Raises:
        UsageError: There are no pairs, or too many.
        AudioError: A sound cannot be read.
        OutputError: A sound cannot be written; then no comparison is left.
    """
    if not 0 < len(couples) <= MOST_PAIRS:
        raise UsageError(f"A comparison has 1 to {MOST_PAIRS} pairs, not {len(couples)}.")
    seed = random.SystemRandom().randrange(1 << 32) if seed is None else seed
    check_seed(seed)
    swaps = draw_sides(len(couples), seed)
    comparison = Comparison(
        id=new_id(),
        name=name or f"{sides[0]} and {sides[1]}",
        made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        seed=seed,
        sides=sides,
        pairs=tuple(map(_pair, couples, swaps)),
    )
    folder = comparison_folder(workspace, comparison.id)
    with new_folder(workspace, folder):
        for number, (couple, swap) in enumerate(zip(couples, swaps, strict=True), 1):
            sounds = (couple.second, couple.first) if swap else (couple.first, couple.second)
            _write_pair(folder, number, sounds)
        # A folder without this file is no comparison.
        write_comparison(workspace, comparison)
    return comparison


def _pair(couple: Couple, swap: bool) -> Pair:
    first, second = couple.labels or (couple.first.name, couple.second.name)
    return Pair(first=first, second=second, first_is_y=swap)


def _write_pair(folder: Path, number: int, sounds: tuple[Path, Path]) -> None:
    """Write two sounds as x and y of a pair, as loud as the softer of them."""
    sources = [block_source(path, SAMPLE_RATE) for path in sounds]
    channels = max(len(next(iter(source()))) for source in sources)
    # Measured as it is heard: on both sides of stereo, mono is louder.
    loudness = [
        integrated_loudness_of(_widen(source(), channels), SAMPLE_RATE) for source in sources
    ]
    # Silence has no loudness to match.
    audible = [value for value in loudness if math.isfinite(value)]
    target = min(audible, default=0.0)
    for side, source, value in zip("xy", sources, loudness, strict=True):
        gain = np.float32(10 ** ((target - value) / 20) if math.isfinite(value) else 1)
        blocks = (block * gain for block in _widen(source(), channels))
        write_sound_blocks(pair_path(folder, number, side), blocks, channels, SAMPLE_RATE)


def _widen(blocks: Iterable[np.ndarray], channels: int) -> Iterator[np.ndarray]:
    """Blocks `[C, n]` with that many channels: mono on both sides of stereo."""
    for block in blocks:
        yield np.repeat(block, channels, axis=0) if len(block) < channels else block


def couples_of(first: FilePath, second: FilePath) -> list[Couple]:
    """Pairs of two sound files, or of two folders, whose files go together in order of name.

    Raises:
        UsageError: One is neither, or cannot be read, or the folders hold different numbers of
            sounds.
    """
    lists = [_sounds(Path(place)) for place in (first, second)]
    if len(lists[0]) != len(lists[1]):
        raise UsageError(
            f"{first} holds {len(lists[0])} sounds, {second} {len(lists[1])}: "
            "pairs need as many in both."
        )
    return [Couple(first=a, second=b) for a, b in zip(*lists, strict=True)]


def _sounds(place: Path) -> list[Path]:
    try:
        if place.is_dir():
            paths = sorted(place.iterdir())
            return [path for path in paths if path.suffix.lower() in AUDIO_EXTENSIONS]
        if place.is_file():
            return [place]
    except OSError as error:
        # The name is too long, for one.
        raise UsageError(f"{place} cannot be read ({error.strerror or error}).") from error
    raise UsageError(f"There is no sound and no folder at {place}: check the name.")
