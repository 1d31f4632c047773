"""Deliveries: what does not go together is said in one sentence."""

from typing import Any

import pytest

from distill.audio.delivery import AS_IS, Delivery
from distill.errors import UsageError


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rate": 7_999}, "--rate must lie between 8,000 and 192,000."),
        ({"rate": 192_001}, "--rate must lie between 8,000 and 192,000."),
        ({"bits": "8"}, "--bits must be 16, 24 or 32f."),
        ({"bitrate": 5}, "--bitrate must lie between 16 and 512."),
        ({"loudness_target": 1.0}, "--loudness-target must lie between -60 and 0."),
        ({"width": -0.1}, "--width must lie between 0 and 4."),
        (
            {"format": "wma"},
            "--format must be one of wav, flac, ogg, opus, mp3, aiff, aif.",
        ),
        (
            {"mono": True, "width": 2.0},
            "A mono sound has no width: leave out --mono or --width.",
        ),
        (
            {"mono": True, "binaural": "a.sofa"},
            "Two ears take two channels: leave out --mono or --binaural.",
        ),
        ({"azimuth": 30}, "--azimuth goes with --binaural only: name a SOFA file there."),
        ({"elevation": 0}, "--elevation goes with --binaural only: name a SOFA file there."),
        (
            {"binaural": "a.sofa", "elevation": 91},
            "--elevation must lie between -90 and 90.",
        ),
        (
            {"binaural": "a.sofa", "azimuth": "0:0,2:9000"},
            "--azimuth must lie between -3,600 and 3,600.",
        ),
        (
            {"binaural": "a.sofa", "azimuth": "left"},
            "--azimuth takes degrees, as in 30, or points of a curve, as in 0:0,10:360, not "
            "'left'.",
        ),
        (
            {"binaural": "a.sofa", "azimuth": "3:0,2:90"},
            "The times of --azimuth must increase, as in 0:0,10:360.",
        ),
        (
            {"binaural": "a.sofa", "azimuth": "-1:0,2:90"},
            "The times of --azimuth must be seconds from 0 on.",
        ),
        (
            {"binaural": "a.sofa", "azimuth": ",".join(f"{n}:0" for n in range(401))},
            "A curve may have 400 points: give fewer to --azimuth.",
        ),
    ],
)
def test_what_no_sound_can_have(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        Delivery(**options)
    assert str(error.value) == sentence


def test_the_shape_is_what_changes_samples() -> None:
    delivery = Delivery(rate=44_100, mono=True, bits="16", format="wav")
    assert delivery.shape == Delivery(rate=44_100, mono=True)
    assert delivery.has_shape
    assert not Delivery(bitrate=128).has_shape
    assert not AS_IS.has_shape
    assert delivery.entries() == {"rate": 44_100, "mono": True, "bits": "16", "format": "wav"}


def test_what_is_not_asked_for_is_that_of_an_earlier_sound() -> None:
    earlier = Delivery(rate=44_100, loudness_target=-14.0, bits="16")
    assert Delivery(rate=32_000, bitrate=64).over(earlier) == Delivery(
        rate=32_000, bitrate=64, loudness_target=-14.0
    )
    assert AS_IS.over(None) == AS_IS
    there = Delivery(binaural="a.sofa", azimuth="0:0,9:90", elevation=20, width=2.0)
    assert AS_IS.over(there) == there
    assert Delivery(binaural="b.sofa").over(there) == Delivery(binaural="b.sofa", width=2.0)
    assert there.without_space == AS_IS


def test_channels_of_each_form() -> None:
    assert [AS_IS.channels(count) for count in (1, 2)] == [1, 2]
    assert Delivery(mono=True).channels(2) == 1
    assert Delivery(binaural="a.sofa").channels(1) == 2


def test_names_get_the_ending_that_is_asked_for() -> None:
    assert Delivery(format="mp3").default_name("kick.v2.wav") == "kick.v2.mp3"
    assert AS_IS.default_name("kick.wav") == "kick.wav"
    Delivery(format="aiff").check_file("a.aif")
    with pytest.raises(UsageError, match=r"--format mp3 does not go with the name 'a\.wav'"):
        Delivery(format="mp3").check_file("a.wav")
