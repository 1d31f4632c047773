"""A picture of a recording beside how a model makes it: three spectrograms, one above the other."""

import numpy as np

from distill.library.pictures import CEILING_DB, FLOOR_DB, colour, sound_levels, to_webp

MOST_DB = 30.0
"""Difference that has the full colour, in dB."""

QUIETER = np.array([70.0, 150.0, 255.0])
"""Colour of what the model makes quieter, or leaves out: red, green, blue."""

LOUDER = np.array([255.0, 140.0, 60.0])
"""Colour of what the model makes louder, or adds."""

GROUND = np.array([14.0, 16.0, 20.0])
"""Colour of what is as it was."""


def draw_preview(recording: np.ndarray, preview: np.ndarray) -> bytes:
    """`preview_pixels` as a WebP file."""
    return to_webp(preview_pixels(recording, preview))


def preview_pixels(recording: np.ndarray, preview: np.ndarray) -> np.ndarray:
    """Spectrograms of a recording, of a preview, and of their difference, one above the other.

    Args:
        recording: The stretch of the recording `[C, N]` at 48 kHz.
        preview: How the model makes it `[C, N]`; what is longer on either side is left out.

    Returns:
        Red, green and blue from 0 to 255, `[rows, S, 3]`.
    """
    before = sound_levels(recording)
    after = sound_levels(preview)
    count = min(len(before), len(after))
    strips = [
        colour(before[:count]),
        colour(after[:count]),
        _difference_colour(after[:count] - before[:count]),
    ]
    return np.concatenate(strips)


def _difference_colour(difference: np.ndarray) -> np.ndarray:
    """Pixels `[ROWS, S, 3]` of differences of levels `[S, ROWS]`, low frequencies at the bottom."""
    strength = np.clip(difference.T[::-1] * (CEILING_DB - FLOOR_DB) / MOST_DB, -1, 1)[..., None]
    target = np.where(strength > 0, LOUDER, QUIETER)
    pixels = GROUND + np.abs(strength) * (target - GROUND)
    return pixels.round().astype(np.uint8)
