"""A delivery: in which form a finished sound is asked for.

Model and seed decide the sound; a delivery decides its sample rate, channels, level and file. All
that writes sounds takes one. NumPy is not loaded here: commands read their options from it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from distill.audio.formats import BITS, FORMATS, Encoding, check_encoding
from distill.bounds import check_bound
from distill.curve_text import Points, read_points
from distill.errors import UsageError
from distill.files import FilePath

SPACE = ("binaural", "binaural_hash", "azimuth", "elevation")
"""Fields of a place around the listener, which belong together."""

SHAPE = ("rate", "mono", "width", "loudness_target", *SPACE)
"""Fields that change the samples. A sound keeps them in its recipe; the others belong to a file."""

MOST_POINTS = 400
"""Points of a curve. A WAV file with text chunks over 50 kB cannot be read back."""


@dataclass(frozen=True)
class Delivery:
    """The form in which a sound is written. None leaves a part of it as it is.

    Args:
        rate: Sample rate in Hz.
        mono: Whether left and right are mixed to one channel.
        width: Factor on the side of a stereo sound: 0 is narrow, 1 as it is, 2 wide.
        binaural: SOFA file of the responses of two ears, for headphones: the sound then comes from
            a place around the listener.
        azimuth: That place in degrees: 0 ahead, 90 left, -90 right. A curve is text,
            `"0:0,10:360"`: seconds and degrees.
        elevation: Degrees above the ears, or a curve of them.
        loudness_target: Integrated loudness in LUFS. The limiter keeps peaks at -0.5 dBFS.
        bits: `16` (dithered), `24`, or `32f` for floats, in WAV, AIFF and FLAC.
        bitrate: In kb/s for all channels, in MP3, Opus and Vorbis.
        format: Ending of names that are not given, such as `mp3`.
        binaural_hash: SHA-256 of that SOFA file, as recipes keep it: no other will do.

    Raises:
        UsageError: A value is out of range, or does not go with another.

    Example:
        sound.save("new.mp3", Delivery(rate=44_100, bitrate=192, loudness_target=-14))
    """

    rate: int | None = None
    mono: bool | None = None
    width: float | None = None
    loudness_target: float | None = None
    bits: str | None = None
    bitrate: int | None = None
    format: str | None = None
    binaural: FilePath | None = None
    azimuth: float | str | None = None
    elevation: float | str | None = None
    binaural_hash: str | None = None

    def __post_init__(self) -> None:
        check_bound("--rate", self.rate)
        check_bound("--width", self.width)
        check_bound("--loudness-target", self.loudness_target)
        check_bound("--bitrate", self.bitrate)
        if self.bits is not None and self.bits not in BITS:
            raise UsageError(f"--bits must be {', '.join(BITS[:-1])} or {BITS[-1]}.")
        if self.format is not None and f".{self.format}" not in FORMATS:
            names = ", ".join(ending[1:] for ending in FORMATS)
            raise UsageError(f"--format must be one of {names}.")
        if self.mono and self.width is not None:
            raise UsageError("A mono sound has no width: leave out --mono or --width.")
        if self.mono and self.binaural is not None:
            raise UsageError("Two ears take two channels: leave out --mono or --binaural.")
        self._check_place()

    def _check_place(self) -> None:
        """`UsageError` for a place that is none, or that no responses of ears go with."""
        for name, points in (("azimuth", self.azimuths), ("elevation", self.elevations)):
            if self.binaural is None and getattr(self, name) is not None:
                raise UsageError(f"--{name} goes with --binaural only: name a SOFA file there.")
            for seconds, degrees in points:
                check_bound(f"--{name}", degrees)
                if not 0 <= seconds < float("inf"):
                    raise UsageError(f"The times of --{name} must be seconds from 0 on.")
            if len(points) > MOST_POINTS:
                raise UsageError(f"A curve may have {MOST_POINTS} points: give fewer to --{name}.")
            times = [seconds for seconds, _ in points]
            if any(later <= earlier for earlier, later in pairwise(times)):
                raise UsageError(f"The times of --{name} must increase, as in 0:0,10:360.")

    @property
    def azimuths(self) -> Points:
        """Points of the azimuth over time: seconds and degrees."""
        return _read_curve("azimuth", self.azimuth)

    @property
    def elevations(self) -> Points:
        """Points of the elevation over time."""
        return _read_curve("elevation", self.elevation)

    @property
    def shape(self) -> Delivery:
        """The part of it that changes samples."""
        return Delivery(**{name: getattr(self, name) for name in SHAPE})

    @property
    def has_shape(self) -> bool:
        """Whether it changes samples."""
        return self.shape != Delivery()

    @property
    def encoding(self) -> Encoding:
        """The part of it that belongs to the file."""
        return Encoding(bits=self.bits, bitrate=self.bitrate)

    def entries(self) -> dict[str, Any]:
        """Its requests by name, as JSON."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def over(self, base: Delivery | None) -> Delivery:
        """This delivery, with the shape of `base` wherever it says nothing."""
        if base is None:
            return self
        # Another place leaves nothing of the first.
        names = SHAPE if self.binaural is None else [name for name in SHAPE if name not in SPACE]
        missing = {name: getattr(base, name) for name in names if getattr(self, name) is None}
        return replace(self, **missing)

    @property
    def without_space(self) -> Delivery:
        """This delivery, of a sound that has its width and place already."""
        return replace(self, width=None, **dict.fromkeys(SPACE))

    def channels(self, channels: int) -> int:
        """Channels of a sound of so many `channels` in this form."""
        if self.binaural is not None:
            return 2
        return 1 if self.mono else channels

    def default_name(self, name: str) -> str:
        """`name` of a file that was given none, with the ending that is asked for."""
        return name if self.format is None else str(Path(name).with_suffix(f".{self.format}"))

    def check_file(self, path: FilePath, sample_rate: int | None = None) -> None:
        """Check that a file of that name can hold such a sound.

        Args:
            path: Its name, with an ending of `FORMATS`.
            sample_rate: Of the sound before it is delivered, in Hz; None where it is not known.

        Raises:
            UsageError: It cannot.
        """
        ending = Path(path).suffix.lower()
        if self.format is not None and FORMATS[ending] is not FORMATS[f".{self.format}"]:
            raise UsageError(f"--format {self.format} does not go with the name '{path}'.")
        check_encoding(ending, self.encoding, self.rate or sample_rate)


def _read_curve(name: str, value: float | str | None) -> Points:
    """Points of a curve that a user gave; 0 where none is."""
    try:
        return read_points(str(0.0 if value is None else value))
    except ValueError as error:
        raise UsageError(
            f"--{name} takes degrees, as in 30, or points of a curve, as in 0:0,10:360, not "
            f"'{value}'."
        ) from error


AS_IS = Delivery()
"""The delivery that changes nothing: 24 bits, or the encoder's own bitrate."""
