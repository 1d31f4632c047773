"""Binaural sound: what two ears hear of loudspeakers around a head, for headphones.

A mono sound is one loudspeaker, a stereo sound two. They stand still or move. Each stretch of sound
goes through the response of the measured direction that is nearest to where its loudspeaker is;
from one direction to the next, sound fades over linearly.

`C` channels, `N` samples.
"""

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
from scipy.signal import oaconvolve

from distill.audio.delivery import Delivery
from distill.audio.sofa import HrirSet, file_digest, read_hrir_set
from distill.errors import AudioError

STEP_S = 0.02
"""Seconds between two looks at a moving place, and of a fade: at a turn in 4 s, 2 degrees."""

LOUDSPEAKERS = {1: (0.0,), 2: (30.0, -30.0)}
"""Degrees of the loudspeakers to the left of the place, by channels: a stereo pair stands at 60
degrees (ITU-R BS.775)."""


def check_binaural(delivery: Delivery, channels: int) -> None:
    """Check that a delivery's SOFA file has all places of its sound, before anything is computed.

    Args:
        delivery: Its file and its curves.
        channels: Channels of the sound.

    Raises:
        AudioError: The file cannot be used, or is another than that of the recipe.
        UsageError: It has nothing near one of the places, or cannot be read here.
    """
    if delivery.binaural is None:
        return
    last = max(delivery.azimuths[-1][0], delivery.elevations[-1][0])
    hrirs = _read(delivery)
    # A curve of years would fill memory: from far apart looks, too, it is told.
    times = np.linspace(0, last, min(int(last / STEP_S), 1_000_000) + 2)
    for offset in LOUDSPEAKERS[channels]:
        _nearest(hrirs, delivery, times, offset)


def recorded_delivery(delivery: Delivery) -> Delivery:
    """The shape of a delivery as a recipe keeps it: with the name and the hash of its SOFA file.

    Folders say who somebody is: they stay out of files that are given away.
    """
    if delivery.binaural is None:
        return delivery.shape
    path = Path(delivery.binaural)
    return replace(delivery.shape, binaural=path.name, binaural_hash=file_digest(path))


def render_binaural(
    audio: np.ndarray, sample_rate: int, delivery: Delivery, is_loop: bool = False
) -> np.ndarray:
    """Render a sound for two ears.

    Args:
        audio: Sound `[C, N]`, of one channel or two.
        sample_rate: In Hz.
        delivery: The SOFA file and the place.
        is_loop: Whether its end flows into its start.

    Returns:
        Left and right ear `[2, N]`, as loud as the file makes them.

    Raises:
        AudioError: The file cannot be used, or is another than that of the recipe.
        UsageError: It has nothing near one of the places, or cannot be read here.
    """
    hrirs = _read(delivery)
    n_samples = audio.shape[1]
    step = round(STEP_S * sample_rate)
    starts = np.arange(0, n_samples + step, step)
    tracks = []
    for offset in LOUDSPEAKERS[len(audio)]:
        rows = _nearest(hrirs, delivery, starts / sample_rate, offset)
        # A loop ends where it begins.
        tracks.append(np.append(rows[:-1], rows[0]) if is_loop else rows)
    responses = hrirs.responses(sorted(set(np.concatenate(tracks).tolist())), sample_rate)
    longest = max(response.shape[1] for response in responses.values())
    ears = np.zeros((2, n_samples + longest - 1), np.float32)
    for channel, rows in zip(audio, tracks, strict=True):
        _add_track(ears, channel, rows, step, responses)
    if is_loop:
        # What rings on after the end is heard at the start, once for each round.
        for start in range(n_samples, ears.shape[1], n_samples):
            rest = ears[:, start : start + n_samples]
            ears[:, : rest.shape[1]] += rest
    return ears[:, :n_samples]


def _read(delivery: Delivery) -> HrirSet:
    """The file of a delivery, which has to be that of its recipe."""
    assert delivery.binaural is not None
    hrirs = read_hrir_set(delivery.binaural)
    if delivery.binaural_hash not in (None, file_digest(delivery.binaural)):
        raise AudioError(
            f"{delivery.binaural} is not the file that the sound was made with, or has changed "
            "since: name that one with --binaural."
        )
    return hrirs


def _nearest(hrirs: HrirSet, delivery: Delivery, times: np.ndarray, offset: float) -> np.ndarray:
    """The measurement `[n]` of a loudspeaker at each of the `times` `[n]`."""
    azimuths = np.interp(times, *np.transpose(delivery.azimuths)) + offset
    elevations = np.interp(times, *np.transpose(delivery.elevations))
    return hrirs.nearest(azimuths, elevations)


def _add_track(
    ears: np.ndarray,
    channel: np.ndarray,
    rows: np.ndarray,
    step: int,
    responses: dict[int, np.ndarray],
) -> None:
    """Add what both ears hear of a loudspeaker.

    Args:
        ears: Sound `[2, N + L - 1]`, changed in place.
        channel: Sound of the loudspeaker, `[N]`.
        rows: Its measurement at the start of each step, and at the end of the last one.
        step: Samples of a step.
        responses: Responses by measurement.
    """
    begin = 0
    for row, group in groupby(rows.tolist()):
        end = begin + len(list(group)) - 1
        # From full at the first look to full at the last one, with a fade of a step on either side.
        first = max(0, (begin - 1) * step)
        last = min(len(channel), (end + 1) * step)
        places = np.arange(first, last) / step
        rise = np.clip(places - (begin - 1), 0, 1) if begin else 1.0
        fall = np.clip(end + 1 - places, 0, 1)
        part = channel[first:last] * (rise * fall).astype(np.float32)
        if len(part):
            heard = oaconvolve(part[None], responses[row], axes=1)
            ears[:, first : first + heard.shape[1]] += heard
        begin = end + 1
