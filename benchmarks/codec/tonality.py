"""Tonality: how much of the power of a decoded sound lies on the partials of its recording.

    python -m benchmarks.codec.tonality MODEL.sda SOUNDS --picture tonality.png

Takes 5 s for each file on 1 thread.

mel7 hardly tells a tone from a band of noise: its bands are as wide as the distance of partials.
Here a spectrum has a window of 171 ms, which tells partials 12 Hz apart. The strongest 5 % of the
bins of a frame of the recording are its partials. Lines that lie beside the partials count as
noise.

Three columns: the recording, which says how tonal it is; the decoded sound; and a bank of
oscillators (`benchmarks.codec.oscillators`) that is told nothing but the amplitudes of partials, as
a decoder without true phases could be. `--picture` shows the spectra of the first files.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import scipy.signal

import distill
from benchmarks.codec import metrics
from benchmarks.codec.measure import clip_at_full_scale, excerpt_of
from benchmarks.codec.oscillators import WINDOW, play_partials
from benchmarks.common import parser_of, run_main
from distill.data.corpus import collect_audio_files
from distill.settings import SAMPLE_RATE

HOP = WINDOW // 4
"""Samples from one frame to the next."""

LOWEST_HZ = 60
"""Lower end of the bins that count, in Hz."""

HIGHEST_HZ = 4000
"""Upper end of the bins that count, in Hz: partials lie denser than the bins above."""

PARTIALS = 0.05
"""Share of the bins of a frame that count as partials."""

QUIET_DB = -40.0
"""Level of a frame below which it does not count, relative to the loudest of its sound, in dB."""

TINY = 1e-20
"""Least power of a frame: silence has no shares."""

PICTURES = 4
"""Files in a picture."""


class Tonality(NamedTuple):
    """Shares of power on the partials of a recording, 0 to 1.

    Attributes:
        recorded: Of the recording.
        decoded: Of the decoded sound.
        oscillators: Of what the bank of oscillators makes of the recording.
    """

    recorded: float
    decoded: float
    oscillators: float


def powers(sound: np.ndarray) -> np.ndarray:
    """Powers `[T, F]` of the bins that count, of the mean channel of a sound `[C, N]`."""
    mean = sound.mean(0)
    # A sound that is shorter than the window is followed by silence.
    whole = np.pad(mean, (0, max(0, WINDOW - len(mean))))
    hz, _, spectra = scipy.signal.stft(whole, SAMPLE_RATE, nperseg=WINDOW, noverlap=WINDOW - HOP)
    is_inside = (hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ)
    return np.square(np.abs(spectra[is_inside])).T


def shares_on_partials(recording: np.ndarray, *others: np.ndarray) -> list[float]:
    """Shares of power on the partials of a recording: its own, then those of `others`.

    All are sounds `[C, N]` of one length.
    """
    own = powers(recording)
    level = own.sum(1)
    is_loud = level > level.max() * 10 ** (QUIET_DB / 10)
    count = max(1, round(PARTIALS * own.shape[1]))
    is_partial = own >= np.partition(own, -count, axis=1)[:, -count, None]
    shares = []
    for power in (own, *map(powers, others)):
        share = (power * is_partial).sum(1) / np.maximum(power.sum(1), TINY)
        shares.append(float(share[is_loud].mean()))
    return shares


def draw(pairs: list[tuple[str, np.ndarray, np.ndarray]], path: Path) -> None:
    """Draw spectra of recordings, and of the decoded sounds beside them."""
    figure, rows = plt.subplots(len(pairs), 2, figsize=(12, 3 * len(pairs)), squeeze=False)
    for (name, *sounds), row in zip(pairs, rows, strict=True):
        for axes, sound, kind in zip(row, sounds, ("recording", "decoded"), strict=True):
            db = 10 * np.log10(powers(sound).T + 1e-14)
            axes.imshow(db, origin="lower", aspect="auto", vmin=db.max() - 80, cmap="magma")
            axes.set_title(f"{name}, {kind}", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=70)


def _in_words(figures: Tonality) -> str:
    return (
        f"recorded {figures.recorded:.3f}, decoded {figures.decoded:.3f}, "
        f"oscillators {figures.oscillators:.3f}"
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--most", type=int, default=24, help="files that are measured at most")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    model = distill.load(args.model, "cpu", 1)
    files = collect_audio_files(args.sounds)
    places = np.linspace(0, len(files) - 1, min(args.most, len(files)))
    figures: list[Tonality] = []
    pairs = []
    for file in (files[int(place)] for place in places):
        recording = excerpt_of(metrics.load(file))
        decoded = clip_at_full_scale(distill.decode(model, distill.encode(model, recording)))
        bank = play_partials(recording.mean(0))[None]
        figures.append(Tonality(*shares_on_partials(recording, decoded, bank)))
        print(f"{file.name}: {_in_words(figures[-1])}", flush=True)
        pairs.append((file.name, recording, decoded))
    print(f"{len(figures)} files: {_in_words(Tonality(*np.mean(figures, axis=0)))}")
    if args.picture:
        draw(pairs[:PICTURES], args.picture)


if __name__ == "__main__":
    run_main(main)
