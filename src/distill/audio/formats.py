"""Formats of the sound files that Distill writes, and what each of them can hold.

Neither NumPy nor soundfile is loaded here: the options of commands are read from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from distill.errors import UsageError
from distill.files import FilePath

BITS = ("16", "24", "32f")
"""Sizes of a sample, as `--bits` takes them: whole numbers of 16 or 24 bits, floats of 32."""


class Bitrates(NamedTuple):
    """Bitrates of MP3 at some sample rates, in kb/s for all channels (ISO 11172-3, 13818-3)."""

    rates: tuple[int, ...]
    values: tuple[int, ...]


MP3_BITRATES = (
    Bitrates(
        rates=(32_000, 44_100, 48_000),
        values=(64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    ),
    Bitrates(
        rates=(16_000, 22_050, 24_000),
        values=(64, 80, 96, 112, 128, 144, 160),
    ),
    Bitrates(rates=(8_000, 11_025, 12_000), values=(32, 40, 48, 56, 64)),
)
"""Those of MPEG 1, 2 and 2.5. Lower ones are left out: their frames are too short for that of LAME,
which states how long a sound is."""

OPUS_BITRATES = (24, 256)
"""Lowest and highest bitrate of Opus in kb/s a channel. libsndfile begins at 6, but it is only met
within a tenth from 24 on (measured)."""

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
"""Sample rates of Opus in Hz (RFC 6716)."""


@dataclass(frozen=True)
class SoundFormat:
    """A format of sound files.

    Attributes:
        name: For people.
        container: As soundfile names it.
        subtype: Encoding of the samples, where no bits are asked for.
        depths: Encodings by their bits; empty where samples have no bits.
        rates: Sample rates in Hz that it has; empty for any.
    """

    name: str
    container: str
    subtype: str
    depths: Mapping[str, str] = field(default_factory=dict)
    rates: tuple[int, ...] = ()

    @property
    def is_lossy(self) -> bool:
        """Whether it leaves out what is hardly heard, down to a bitrate."""
        return not self.depths


_WHOLE = {"16": "PCM_16", "24": "PCM_24"}
_ALL = _WHOLE | {"32f": "FLOAT"}
_MP3_RATES = tuple(sorted(rate for row in MP3_BITRATES for rate in row.rates))
_AIFF = SoundFormat("AIFF", "AIFF", "PCM_24", _ALL)

FORMATS: dict[str, SoundFormat] = {
    ".wav": SoundFormat("WAV", "WAV", "PCM_24", _ALL),
    ".flac": SoundFormat("FLAC", "FLAC", "PCM_24", _WHOLE),
    ".ogg": SoundFormat("Ogg Vorbis", "OGG", "VORBIS"),
    ".opus": SoundFormat("Opus", "OGG", "OPUS", rates=OPUS_RATES),
    ".mp3": SoundFormat("MP3", "MP3", "MPEG_LAYER_III", rates=_MP3_RATES),
    ".aiff": _AIFF,
    ".aif": _AIFF,
}
"""Formats that Distill writes, by the ending of the name."""


@dataclass(frozen=True)
class Encoding:
    """How samples become a file.

    Attributes:
        bits: One of `BITS`; None for that of the format: 24.
        bitrate: In kb/s for all channels; None for that of the encoder.
    """

    bits: str | None = None
    bitrate: int | None = None


USUAL = Encoding()
"""The encoding where none is asked for."""


def check_encoding(ending: str, encoding: Encoding, rate: int | None = None) -> None:
    """Check that a format can hold what is asked for.

    Args:
        ending: A key of `FORMATS`.
        encoding: Bits and bitrate.
        rate: Sample rate in Hz; None where it is not known yet.

    Raises:
        UsageError: It cannot; the sentence names what it can.
    """
    format_ = FORMATS[ending]
    bits = encoding.bits
    if bits is not None and bits not in format_.depths:
        has = f"has --bits {' or '.join(format_.depths)}"
        if format_.is_lossy:
            has = "has no bits: leave out --bits, or ask for --bitrate"
        raise UsageError(f"{format_.name} {has}.")
    if rate is not None and format_.rates and rate not in format_.rates:
        rates = ", ".join(f"{value:,}" for value in format_.rates)
        raise UsageError(
            f"{format_.name} has no sample rate of {rate:,} Hz: ask for one of {rates} with --rate."
        )
    if encoding.bitrate is None:
        return
    if not format_.is_lossy:
        raise UsageError(
            f"{format_.name} has no bitrate: leave out --bitrate, or write .mp3, .opus or .ogg."
        )
    if format_.name == "MP3" and rate is not None:
        _check_mp3(encoding.bitrate, rate)


def _check_mp3(bitrate: int, rate: int) -> None:
    """`UsageError` for a bitrate that MP3 does not have at a sample rate."""
    values = next(row.values for row in MP3_BITRATES if rate in row.rates)
    if bitrate not in values:
        nearest = min(values, key=lambda value: abs(value - bitrate))
        raise UsageError(
            f"MP3 has no bitrate of {bitrate} kb/s at {rate:,} Hz: the nearest is "
            f"--bitrate {nearest}."
        )


def nearest_rate(path: FilePath, rate: int) -> int:
    """The sample rate nearest to `rate` that a file has, and of two the higher; in Hz.

    Args:
        path: Name of the file.
        rate: In Hz.
    """
    format_ = FORMATS.get(Path(path).suffix.lower())
    if format_ is None or not format_.rates:
        return rate
    return min(format_.rates, key=lambda value: (abs(value - rate), -value))
