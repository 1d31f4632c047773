"""Width of a stereo sound: levels of mid and side, the sum to mono, and peaks.

    python -m benchmarks.codec.width MODEL.sda SOUNDS

Each sound of a folder goes through a stereo model, then through each `--width`. Sounds whose peaks
would pass full scale are counted apart: the limiter lowers both mid and side there. About a minute
for a minute of sound, on 1 thread.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import distill
from benchmarks.common import parser_of, run_main
from distill.audio.conversion import shape_sound
from distill.audio.delivery import Delivery
from distill.audio.level import db
from distill.data.corpus import collect_audio_files

WIDTHS = (0.0, 0.5, 1.5, 2.0, 4.0)

SMALLEST_SIDE_DB = -80.0
"""Level of a side in dBFS below which a sound is mono: there is nothing to widen."""


@dataclass(frozen=True)
class Change:
    """What a width does to a sound.

    Attributes:
        side_db: Change of the level of the side.
        mid_db: Change of the level of the mid.
        mono_difference: Largest difference of a sample of the sum to mono.
        peak: Largest sample.
        is_limited: Whether the limiter had to lower peaks.
    """

    side_db: float
    mid_db: float
    mono_difference: float
    peak: float
    is_limited: bool


def level_db(sound: np.ndarray) -> float:
    """Level in dBFS."""
    return db(float(np.sqrt(np.square(sound, dtype=np.float64).mean())))


def mid_and_side(sound: np.ndarray) -> np.ndarray:
    """Half the sum and half the difference `[2, N]` of left and right."""
    return np.stack((sound[0] + sound[1], sound[0] - sound[1])) / 2


def change_of(sound: np.ndarray, width: float, sample_rate: int) -> Change:
    """Measure a width on a sound `[2, N]`."""
    mid, side = mid_and_side(sound)
    shaped = shape_sound(sound, sample_rate, Delivery(width=width))
    new_mid, new_side = mid_and_side(shaped)
    return Change(
        side_db=level_db(new_side) - level_db(side),
        mid_db=level_db(new_mid) - level_db(mid),
        mono_difference=float(np.abs(new_mid - mid).max()),
        peak=float(np.abs(shaped).max()),
        is_limited=bool(np.abs(np.stack((mid + width * side, mid - width * side))).max() > 1),
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("sounds", type=Path)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    model = distill.load(args.model, "cpu", 1)
    files = collect_audio_files(args.sounds)
    decoded = [distill.decode(model, distill.encode(model, file)) for file in files]
    sounds = [sound for sound in decoded if level_db(mid_and_side(sound)[1]) > SMALLEST_SIDE_DB]
    print(f"{len(sounds)} of {len(files)} sounds have a side")
    for width in WIDTHS:
        changes = [change_of(sound, width, model.model.sample_rate) for sound in sounds]
        free = [change for change in changes if not change.is_limited]
        limited = [change for change in changes if change.is_limited]
        sides = [change.side_db for change in free]
        print(
            f"width {width}: asked {db(width):.2f} dB, peak at most "
            f"{max(change.peak for change in changes):.3f}; {len(free)} not limited: side "
            f"{min(sides):.2f} to {max(sides):.2f} dB, sum to mono differs by "
            f"{max(change.mono_difference for change in free):.1e}",
            end="",
        )
        if limited:
            print(
                f"; {len(limited)} limited: side from {min(c.side_db for c in limited):.2f} dB, "
                f"mid down by {-min(c.mid_db for c in limited):.2f} dB at most",
                end="",
            )
        print()


if __name__ == "__main__":
    run_main(main)
