"""Head-related impulse responses in SOFA files: AES69, convention SimpleFreeFieldHRIR.

A SOFA file is HDF5. Its measurements `M` are directions around one head, each with a response
`[2, L]` of the left and the right ear. Azimuths count to the left, elevations upwards.

Source: AES69-2022, and the tables at sofaconventions.org.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr
from scipy.spatial import cKDTree

from distill.errors import AudioError, UsageError
from distill.exports import LazyModule
from distill.files import FilePath

if TYPE_CHECKING:
    import h5py
else:
    # An extra, which other commands do without.
    h5py = LazyModule("h5py")

CONVENTION = "SimpleFreeFieldHRIR"
"""The convention that is read: responses of one head in a room without walls."""

LONGEST_S = 1.0
"""Longest response in seconds; those of ears take a few milliseconds."""

MOST_DIRECTIONS = 1_000_000
"""Most measurements of a file. Dense sets have 12,000."""

FURTHEST_DEG = 15.0
"""Largest angle in degrees between a direction that is asked for and the measured one. Sets are
measured every 1 to 15 degrees, but mostly not below the feet."""


@dataclass(frozen=True)
class HrirSet:
    """The directions of a SOFA file.

    Attributes:
        path: The file.
        directions: Unit vectors `[M, 3]`: ahead, left, up.
        sample_rate: Of the responses, in Hz.
        delays: Samples `[M, 2]` by which each response is later than the file holds it.
    """

    path: Path
    directions: np.ndarray
    sample_rate: float
    delays: np.ndarray

    def nearest(self, azimuths: np.ndarray, elevations: np.ndarray) -> np.ndarray:
        """The measurement nearest to each place.

        Args:
            azimuths: Degrees `[n]`.
            elevations: Degrees `[n]`.

        Returns:
            Indices `[n]`.

        Raises:
            UsageError: None is near one of them.
        """
        distances, rows = cKDTree(self.directions).query(unit_vectors(azimuths, elevations))
        furthest = distances.argmax()
        # The chord of that angle.
        if distances[furthest] > 2 * np.sin(np.radians(FURTHEST_DEG) / 2):
            there = self.directions[rows[furthest]]
            azimuth = np.degrees(np.arctan2(there[1], there[0]))
            elevation = np.degrees(np.arcsin(np.clip(there[2], -1, 1)))
            raise UsageError(
                f"{self.path} has nothing within {FURTHEST_DEG:g} degrees of azimuth "
                f"{_wrapped(azimuths[furthest]):.0f}, elevation {elevations[furthest]:.0f}; the "
                f"nearest is azimuth {azimuth:.0f}, elevation {elevation:.0f}: ask for another "
                "place, or take another file."
            )
        found: np.ndarray = rows
        return found

    def responses(self, rows: Sequence[int], sample_rate: int) -> dict[int, np.ndarray]:
        """Responses of both ears, by measurement.

        Args:
            rows: Measurements.
            sample_rate: Of the result, in Hz.

        Returns:
            Float32 arrays `[2, L]`, as loud at every sample rate.

        Raises:
            AudioError: The file cannot be read, or holds no numbers there.
        """
        with _opened(self.path) as file:
            data = file["Data.IR"]
            found = {row: np.asarray(data[row], dtype=np.float64) for row in rows}
        return {row: self._finished(row, ears, sample_rate) for row, ears in found.items()}

    def _finished(self, row: int, ears: np.ndarray, sample_rate: int) -> np.ndarray:
        """A response `[2, L]` with its delay, at another sample rate."""
        if not np.isfinite(ears).all():
            raise AudioError(f"{self.path} is damaged (responses that are no numbers): replace it.")
        delays = np.round(self.delays[row]).astype(int)
        late = np.zeros((2, ears.shape[1] + delays.max()))
        for ear, delay in enumerate(delays):
            late[ear, delay : delay + ears.shape[1]] = ears[ear]
        if self.sample_rate != sample_rate:
            # Fewer samples add up to the same response.
            late = late * (self.sample_rate / sample_rate)
            # Room for what the resampler rings, half a millisecond on either side of a peak.
            late = np.pad(late, ((0, 0), (0, round(self.sample_rate / 1000))))
            late = soxr.resample(late.T, self.sample_rate, sample_rate, "VHQ").T
        return np.ascontiguousarray(late, dtype=np.float32)


def unit_vectors(azimuths: np.ndarray, elevations: np.ndarray) -> np.ndarray:
    """Unit vectors `[n, 3]` (ahead, left, up) of azimuths and elevations `[n]` in degrees."""
    azimuth = np.radians(azimuths)
    elevation = np.radians(elevations)
    flat = np.cos(elevation)
    return np.stack((flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)), axis=1)


def read_hrir_set(path: FilePath) -> HrirSet:
    """Read the directions of a SOFA file; the responses stay in it.

    Args:
        path: The file.

    Raises:
        AudioError: It is no SOFA file, is damaged, or follows another convention.
        UsageError: The package that reads it is not installed.

    Example:
        hrirs = read_hrir_set("head.sofa")
        left = hrirs.responses([0], 48_000)[0][0]
    """
    check_package()
    path = Path(path)
    with _opened(path) as file:
        _check_convention(file, path)
        try:
            shape = file["Data.IR"].shape
            sample_rate = float(np.ravel(file["Data.SamplingRate"][()])[0])
            positions = np.asarray(file["SourcePosition"][()], dtype=np.float64)
            kind = _text(file["SourcePosition"].attrs.get("Type", "spherical"))
            delays = np.asarray(file["Data.Delay"][()] if "Data.Delay" in file else 0.0)
            _check_shapes(shape, positions, sample_rate, path)
            # One delay may stand for all measurements.
            delays = np.broadcast_to(delays, (shape[0], 2)).astype(np.float64)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise _damaged(path, str(error)) from error
    longest = shape[2] + delays.max()
    if not (np.isfinite(delays).all() and delays.min() >= 0 and longest <= LONGEST_S * sample_rate):
        raise _damaged(path, f"responses longer than {LONGEST_S:g} s")
    return HrirSet(
        path=path,
        directions=_directions(positions, kind, path),
        sample_rate=sample_rate,
        delays=delays,
    )


def file_digest(path: FilePath) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_package() -> None:
    """Raise `UsageError` unless the package that reads SOFA files is installed."""
    if find_spec("h5py") is None:
        raise UsageError("Binaural sound needs h5py: run `pip install 'distill[space]'`.")


@contextmanager
def _opened(path: Path) -> "Iterator[h5py.File]":
    """The file, open. `AudioError` if it is none that can be read."""
    if not path.is_file():
        raise AudioError(f"There is no SOFA file {path}: name one that is there.")
    if not h5py.is_hdf5(path):
        raise AudioError(f"{path} is no SOFA file: name one, with responses of two ears.")
    try:
        # Some disks of networks cannot lock files.
        with h5py.File(path, "r", locking=False) as file:
            yield file
    # HDF5 reports what it cannot read as OSError, and a damaged tree as RuntimeError.
    except (OSError, RuntimeError) as error:
        raise _damaged(path, str(error)) from error


def _check_convention(file: "h5py.File", path: Path) -> None:
    """`AudioError` for another kind of HDF5 or SOFA file."""
    if _text(file.attrs.get("Conventions", "")) != "SOFA":
        raise AudioError(f"{path} is no SOFA file: name one, with responses of two ears.")
    convention = _text(file.attrs.get("SOFAConventions", ""))
    if convention != CONVENTION:
        raise AudioError(
            f"{path} follows the convention '{convention[:40]}': name a SOFA file of {CONVENTION}."
        )


def _check_shapes(
    shape: tuple[int, ...], positions: np.ndarray, sample_rate: float, path: Path
) -> None:
    """`AudioError` for numbers that do not go together."""
    is_right = (
        len(shape) == 3
        and shape[1] == 2
        and shape[2] > 0
        and 0 < shape[0] <= MOST_DIRECTIONS
        and positions.shape == (shape[0], 3)
        and np.isfinite(positions).all()
        and 8_000 <= sample_rate <= 192_000
    )
    if not is_right:
        raise _damaged(path, f"{list(shape)} responses at {list(positions.shape)} places")


def _directions(positions: np.ndarray, kind: str, path: Path) -> np.ndarray:
    """Unit vectors `[M, 3]` of positions: azimuth, elevation and radius, or metres."""
    if kind == "spherical":
        return unit_vectors(positions[:, 0], positions[:, 1])
    if kind != "cartesian":
        raise _damaged(path, f"places as '{kind[:40]}'")
    lengths = np.linalg.norm(positions, axis=1, keepdims=True)
    if not (lengths > 0).all():
        raise _damaged(path, "a source inside the head")
    return positions / lengths


def _text(value: Any) -> str:
    """An attribute as text; MATLAB writes bytes."""
    value = np.ravel(value)[0] if np.size(value) else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _damaged(path: Path, reason: str) -> AudioError:
    reason = reason.strip().rstrip(".")[:120]
    return AudioError(f"{path} is cut short or damaged ({reason}): get it again.")


def _wrapped(degrees: float) -> float:
    """An azimuth between -180 and 180."""
    return float((degrees + 180) % 360 - 180)
