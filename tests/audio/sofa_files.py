"""Small SOFA files for tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

PLACES = ((0.0, 0.0), (30.0, 0.0), (90.0, 0.0), (180.0, 0.0), (270.0, 0.0), (330.0, 0.0))
"""Azimuths and elevations in degrees."""

LENGTH = 64
"""Samples of a response."""

NEAR = 10
"""Sample at which the nearer ear hears a click."""


def lateness(azimuth: float) -> int:
    """Samples by which the right ear hears a click after the left one."""
    return round(30 * np.sin(np.radians(azimuth)))


def response(azimuth: float) -> np.ndarray:
    """Response `[2, L]`: the far ear hears later, and half as loud at the side."""
    ears = np.zeros((2, LENGTH))
    late = lateness(azimuth)
    share = 1 - abs(np.sin(np.radians(azimuth))) / 2
    ears[0, NEAR + max(0, -late)] = 1 if late >= 0 else share
    ears[1, NEAR + max(0, late)] = 1 if late <= 0 else share
    return ears


def write_sofa(
    path: Path,
    *,
    places: tuple[tuple[float, float], ...] = PLACES,
    sample_rate: float = 48_000.0,
    attributes: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Any] | None = None,
    kind: str = "spherical",
) -> Path:
    """Write a SOFA file.

    Args:
        path: Its name.
        places: Azimuths and elevations.
        sample_rate: Of the responses, in Hz.
        attributes: Others of the file.
        arrays: Others of its arrays; None leaves one out.
        kind: Type of its places.
    """
    texts = {
        "Conventions": "SOFA",
        "SOFAConventions": "SimpleFreeFieldHRIR",
        **(attributes or {}),
    }
    contents: dict[str, Any] = {
        "Data.IR": np.stack([response(azimuth) for azimuth, _ in places]),
        "Data.SamplingRate": np.array([sample_rate]),
        "Data.Delay": np.zeros((1, 2)),
        "SourcePosition": np.array([(*place, 1.2) for place in places]),
    }
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs.update(texts)
        for name, values in (contents | dict(arrays or {})).items():
            if values is not None:
                file[name] = values
        if "SourcePosition" in file:
            file["SourcePosition"].attrs["Type"] = kind
    return path
