"""Movement: how far generated sounds lie from recordings in how they move.

    python -m benchmarks.prior.movement RECORDINGS GENERATED... --pieces 0.1 0.25 0.5 1.0

RECORDINGS is the corpus, each GENERATED a folder of sounds. Takes half a minute a row with `--auc`,
else a few seconds.

A classifier two-sample test (Lopez-Paz & Oquab 2017): windows of 0.5 s of both are described by how
their mel bands move, not by which spectrum they have. Modulation spectra, attack and decay, and
similarity of near moments make the description. Silent windows are left out.

- `distance` is the energy distance (Székely & Rizzo 2013) between the standardised descriptions of
  both. Its unit is the mean of that between halves of the recordings, by file, over 10 draws. At 1,
  sounds are as like the recordings as these are like each other.
- `auc` is the area under the ROC curve of a classifier, cross-validated by file. At 0.5 nothing can
  be told, at 1 everything; it saturates. It needs scikit-learn.

Recordings are taken as strings in random order (`benchmarks.prior.recordings`). A string counts for
the recording that it begins with. So strings of short recordings have halves that lie close, and
their unit is small: distances compare within a corpus, not between two. `--pieces` adds controls:
random pieces of them, joined, which is as much as any sampler could do.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.common import parser_of, run_main
from benchmarks.prior.bands import BANDS, mel_levels
from benchmarks.prior.recordings import STRINGS, joined_pieces, read_folder, strings
from distill.errors import UsageError

try:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError:
    LogisticRegression = None

WINDOW = 100
"""Frames of a window: 0.5 s, so that a bin of its spectrum is 2 Hz wide."""

AUDIBLE_DB = 40.0
"""Range in dB below the loudest band of a sound in which a window must reach."""

GROUPS = 8
"""Groups of neighbouring bands whose movement is described."""

RATES = ((1, 3), (3, 5), (5, 10), (10, 20), (20, 40))
"""Bins of the modulation spectrum that are averaged: 2 to 6, 10, 20, 40 and 80 Hz."""

LAGS = (1, 4, 9, 20)
"""Frames between moments that are compared: 5, 20, 45 and 100 ms."""

SPREAD_PERCENTILES = (1, 10, 50, 90, 99)
"""Percentiles of the changes from frame to frame that are kept."""

LEAST_LOG = 1e-3
"""Added to the spread of the flux before its logarithm."""

LEAST_MODULATION = 1e-2
"""Added to modulations before their logarithm."""

TINY = 1e-9
"""Added to divisors that may be 0."""

LEAST_DEVIATION = 1e-6
"""Added to standard deviations that may be 0."""

FARTHEST = 5.0
"""Standard deviations at which descriptions are clipped, so that no outlier decides."""

HALVES = 10
"""Draws of halves of the recordings."""

FOLDS = 5
"""Folds of the cross-validation."""


# --- descriptions ---------------------------------------------------------------------------------


def describe(levels: np.ndarray) -> np.ndarray:
    """How a window moves; its mean spectrum is not in it.

    Args:
        levels: Mel levels of the window `[WINDOW, BANDS]` in dB.

    Returns:
        `[93]`.
    """
    groups = levels.reshape(WINDOW, GROUPS, BANDS // GROUPS).mean(2)
    changes = np.diff(levels, axis=0)
    flux = np.abs(changes).mean(1)
    return np.concatenate(
        [
            *_modulations(groups),
            *(np.percentile(np.diff(groups, axis=0), q, axis=0) for q in SPREAD_PERCENTILES),
            *_similarities(levels),
            [np.clip(changes, 0, None).mean(), np.clip(-changes, 0, None).mean()],
            [np.log(LEAST_LOG + flux.std()), *np.percentile(flux, (50, 95))],
        ]
    )


def _modulations(groups: np.ndarray) -> list[np.ndarray]:
    """Log modulation spectrum of each group `[WINDOW, GROUPS]`, averaged over `RATES`."""
    hann = np.hanning(WINDOW)[:, None]
    spectrum = np.abs(np.fft.rfft((groups - groups.mean(0)) * hann, axis=0))
    return [np.log(LEAST_MODULATION + spectrum[low:high].mean(0)) for low, high in RATES]


def _similarities(levels: np.ndarray) -> list[np.ndarray]:
    """10th percentile and median of the cosine between moments, for each of `LAGS`."""
    shapes = levels - levels.mean(1, keepdims=True)
    norms = np.linalg.norm(shapes, axis=1) + TINY
    result = []
    for lag in LAGS:
        products = (shapes[:-lag] * shapes[lag:]).sum(1)
        result.append(np.percentile(products / (norms[:-lag] * norms[lag:]), (10, 50)))
    return result


class Descriptions(NamedTuple):
    """Windows of several sounds.

    Attributes:
        rows: Their descriptions `[n, D]`.
        groups: Index of the sound of each `[n]`; cross-validation and halves go by it.
    """

    rows: np.ndarray
    groups: np.ndarray


def windows(sound: np.ndarray) -> list[np.ndarray]:
    """Descriptions `[D]` of the windows of `sound` `[N]` that are not silent; they half overlap."""
    levels = mel_levels(sound)
    starts = range(0, len(levels) - WINDOW + 1, WINDOW // 2)
    parts = [levels[start : start + WINDOW] for start in starts]
    return [describe(part) for part in parts if part.max() > levels.max() - AUDIBLE_DB]


def describe_all(sounds: Iterable[tuple[int, np.ndarray]]) -> Descriptions:
    """Describe `sounds`, pairs of a group and a sound `[N]`.

    Raises:
        UsageError: All are below half a second.
    """
    rows: list[np.ndarray] = []
    groups: list[int] = []
    for group, sound in sounds:
        own = windows(sound)
        rows += own
        groups += [group] * len(own)
    if not rows:
        raise UsageError("No sound lasts half a second: there is no movement to measure.")
    return Descriptions(rows=np.array(rows), groups=np.array(groups))


# --- figures --------------------------------------------------------------------------------------


def energy_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Energy distance between the rows of `a` `[n, D]` and of `b` `[m, D]`."""

    def mean_distance(x: np.ndarray, y: np.ndarray) -> float:
        squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
        return float(np.sqrt(np.maximum(squares, 0)).mean())

    return 2 * mean_distance(a, b) - mean_distance(a, a) - mean_distance(b, b)


class Yardstick:
    """The spread of the recordings, and how far their halves lie apart."""

    def __init__(self, recordings: Descriptions, seed: int = 0) -> None:
        """Measure `recordings`; `seed` draws the halves.

        Raises:
            UsageError: They come from a single file, which has no halves.
        """
        self.mean = recordings.rows.mean(0)
        self.deviation = recordings.rows.std(0) + LEAST_DEVIATION
        self.rows = self._standardise(recordings.rows)
        self.unit = self._mean_of_halves(recordings.groups, seed)

    def distance(self, rows: np.ndarray) -> float:
        """Energy distance of descriptions `[n, D]` from the recordings, in its unit."""
        return energy_distance(self.rows, self._standardise(rows)) / self.unit

    def _standardise(self, rows: np.ndarray) -> np.ndarray:
        return np.clip((rows - self.mean) / self.deviation, -FARTHEST, FARTHEST)

    def _mean_of_halves(self, groups: np.ndarray, seed: int) -> float:
        rng = np.random.default_rng(seed)
        files = np.unique(groups)
        if len(files) < 2:
            raise UsageError("Halves of the recordings need two files at least: add recordings.")
        distances = []
        for _ in range(HALVES):
            half = np.isin(groups, rng.permutation(files)[: len(files) // 2])
            distances.append(energy_distance(self.rows[half], self.rows[~half]))
        return float(np.mean(distances))


def auc(recordings: Descriptions, others: Descriptions, seed: int = 0) -> float:
    """Area under the ROC curve of a classifier that tells `others` from `recordings`.

    A logistic regression and boosted trees decide together. Windows of one sound stay in one fold.

    Raises:
        UsageError: scikit-learn is not installed.
    """
    if LogisticRegression is None:
        raise UsageError("--auc needs scikit-learn: pip install -e '.[bench]'.")
    rows = np.concatenate([recordings.rows, others.rows])
    is_other = np.r_[np.zeros(len(recordings.rows)), np.ones(len(others.rows))]
    names = [f"a{group}" for group in recordings.groups] + [f"b{group}" for group in others.groups]
    scores = np.zeros(len(rows))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(rows, is_other, np.array(names)):
        linear = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, max_iter=500, class_weight="balanced")
        )
        trees = HistGradientBoostingClassifier(
            max_iter=80,
            max_leaf_nodes=8,
            learning_rate=0.1,
            class_weight="balanced",
            random_state=seed,
        )
        for part in (linear, trees):
            part.fit(rows[train], is_other[train])
        # Divided by 3, the linear score spreads as far as that of the trees.
        linear_score = linear.decision_function(rows[test]) / 3
        scores[test] = linear_score + trees.decision_function(rows[test])
    return float(roc_auc_score(is_other, scores))


class Figures(NamedTuple):
    """Movement of some sounds beside recordings.

    Attributes:
        distance: In units of halves of the recordings.
        auc: None if it was not asked for.
        windows: Number of windows.
    """

    distance: float
    auc: float | None
    windows: int


class Movement:
    """Measures sounds and controls beside the recordings of one folder."""

    def __init__(
        self,
        recordings: Sequence[np.ndarray],
        with_auc: bool = False,
        seed: int = 0,
        count: int = STRINGS,
    ) -> None:
        """Describe strings of recordings.

        Args:
            recordings: Sounds `[N]`.
            with_auc: Whether to train classifiers as well.
            seed: Draws the strings and the controls.
            count: Number of strings, and of the sounds of a control.

        Raises:
            UsageError: They are too short or too few.
        """
        self.recordings = recordings
        self.with_auc = with_auc
        self.seed = seed
        self.count = count
        self._rng = np.random.default_rng(seed)
        own_strings = strings(recordings, self._rng, count=count)
        self._descriptions = describe_all((string.first, string.sound) for string in own_strings)
        self._yardstick = Yardstick(self._descriptions, seed)

    def of(self, sounds: Iterable[np.ndarray]) -> Figures:
        """Figures of `sounds` `[N]`.

        Raises:
            UsageError: All are below half a second, or there is no scikit-learn for the AUC.
        """
        others = describe_all(enumerate(sounds))
        return Figures(
            distance=self._yardstick.distance(others.rows),
            auc=auc(self._descriptions, others, self.seed) if self.with_auc else None,
            windows=len(others.rows),
        )

    def pieces(self, piece_s: float) -> list[np.ndarray]:
        """Sounds `[N]` of random pieces of `piece_s` seconds of the recordings, joined.

        Raises:
            CorpusError: No recording is as long.
        """
        return [joined_pieces(self.recordings, piece_s, self._rng) for _ in range(self.count)]


# --- script ---------------------------------------------------------------------------------------


def rows_of(
    movement: Movement, pieces: Sequence[float], folders: Sequence[Path]
) -> Iterator[tuple[str, Figures]]:
    """Names and figures of the controls, then of `folders`."""
    for piece_s in pieces:
        yield f"pieces of {piece_s:g} s, joined", movement.of(movement.pieces(piece_s))
    for folder in folders:
        yield folder.name, movement.of(read_folder(folder))


def show(rows: Iterable[tuple[str, Figures]], title: str) -> None:
    """Print the figures of each row."""
    table = Table("", "distance", "auc", "windows", title=title, box=None)
    for name, figures in rows:
        of_auc = "-" if figures.auc is None else f"{figures.auc:.3f}"
        table.add_row(name, f"{figures.distance:.2f}", of_auc, str(figures.windows))
    Console(width=120).print(table)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("generated", type=Path, nargs="*", metavar="GENERATED")
    parser.add_argument(
        "--pieces", type=float, nargs="*", default=[0.1, 0.25, 0.5, 1.0], help="seconds"
    )
    parser.add_argument("--auc", action="store_true", help="train classifiers as well")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    movement = Movement(read_folder(args.recordings), args.auc, args.seed)
    show(rows_of(movement, args.pieces, args.generated), f"movement beside {args.recordings}")


if __name__ == "__main__":
    run_main(main)
