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


def test_names_get_the_ending_that_is_asked_for() -> None:
    assert Delivery(format="mp3").default_name("kick.v2.wav") == "kick.v2.mp3"
    assert AS_IS.default_name("kick.wav") == "kick.wav"
    Delivery(format="aiff").check_file("a.aif")
    with pytest.raises(UsageError, match=r"--format mp3 does not go with the name 'a\.wav'"):
        Delivery(format="mp3").check_file("a.wav")
