"""The contents that each format can hold, in one sentence where it cannot."""

import pytest

from distill.audio.formats import (
    BITS,
    FORMATS,
    MP3_BITRATES,
    Encoding,
    check_encoding,
    nearest_rate,
)
from distill.errors import UsageError


@pytest.mark.parametrize("ending", FORMATS)
def test_formats_have_bits_or_a_bitrate(ending: str) -> None:
    format_ = FORMATS[ending]
    check_encoding(ending, Encoding(), 48_000)
    for bits in BITS:
        if bits in format_.depths:
            check_encoding(ending, Encoding(bits=bits), 48_000)
        else:
            with pytest.raises(UsageError, match=rf"^{format_.name} has .*--bits"):
                check_encoding(ending, Encoding(bits=bits), 48_000)
    if format_.is_lossy:
        check_encoding(ending, Encoding(bitrate=128), 48_000)
    else:
        with pytest.raises(UsageError, match=rf"^{format_.name} has no bitrate: leave out"):
            check_encoding(ending, Encoding(bitrate=128), 48_000)


@pytest.mark.parametrize("row", MP3_BITRATES)
def test_mp3_has_bitrates_of_its_own_at_each_rate(row: tuple[tuple[int, ...], ...]) -> None:
    rates, bitrates = row
    for rate in rates:
        for bitrate in bitrates:
            check_encoding(".mp3", Encoding(bitrate=bitrate), rate)
    with pytest.raises(UsageError, match=r"MP3 has no bitrate of 200 kb/s at .* --bitrate \d+\.$"):
        check_encoding(".mp3", Encoding(bitrate=200), rates[0])


def test_rates_that_a_format_does_not_have() -> None:
    with pytest.raises(UsageError, match=r"^Opus has no sample rate of 44,100 Hz: ask for one of "):
        check_encoding(".opus", Encoding(), 44_100)
    with pytest.raises(UsageError, match=r"^MP3 has no sample rate of 96,000 Hz"):
        check_encoding(".mp3", Encoding(), 96_000)
    check_encoding(".flac", Encoding(), 96_000)


def test_the_nearest_rate() -> None:
    assert nearest_rate("a.opus", 44_100) == 48_000
    assert nearest_rate("a.opus", 20_000) == 24_000
    assert nearest_rate("a.MP3", 96_000) == 48_000
    assert nearest_rate("a.wav", 22_051) == 22_051
    assert nearest_rate("a.doc", 22_051) == 22_051
