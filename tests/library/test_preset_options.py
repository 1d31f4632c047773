from typing import Any

import pytest

from distill.errors import UsageError
from distill.library.preset import Preset, check_settings
from distill.library.preset_options import with_preset
from distill.workflows.request import make_request


def preset(**settings: Any) -> Preset:
    return Preset(id="preset-0", name="p", folder="f", settings=check_settings(settings))


@pytest.mark.parametrize(
    ("settings", "options", "expected"),
    [
        ({"temperature": 0.5}, {"temperature": None}, {"temperature": 0.5}),
        ({"temperature": 0.5}, {"temperature": 0.0}, {"temperature": 0.0}),
        ({"tags": ["low:0.5"]}, {"tags": []}, {"tags": {"low": 0.5}}),
        ({"tags": ["low:0.5"]}, {"tags": ["high"]}, {"tags": ["high"]}),
        ({"way": "loop", "duration": 4}, {"loop": False}, {"loop": True, "duration": 4}),
        ({"way": "loop"}, {"one_shot": True}, {"one_shot": True}),
        ({"way": "loop"}, {"infill": "a.wav"}, {"infill": "a.wav"}),
        ({"duration": 4}, {"bars": 2.0}, {"bars": 2.0}),
        ({"bars": 4}, {"duration": 2.0}, {"duration": 2.0}),
        (
            {"way": "variation", "amount": 0.2, "like": "a", "duration": 3},
            {"variation_of": "a.wav"},
            {"variation_of": "a.wav", "amount": 0.2},
        ),
        (
            {"way": "variation", "amount": 0.2},
            {"loop": True},
            {"loop": True},
        ),
        ({"tempo": 120, "form": "AABA"}, {"free_time": True}, {"free_time": True}),
        ({"free_time": True}, {"tempo": 90.0}, {"tempo": 90.0}),
        ({"like": "kick"}, {"lead_in": 0.0}, {"lead_in": 0.0}),
    ],
)
def test_what_is_given_wins(
    settings: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert with_preset(preset(**settings), options) == options | expected


def test_a_mode_that_starts_from_a_sound_asks_for_it() -> None:
    with pytest.raises(UsageError, match=r"'f/p' starts from a sound: name it with --variation-of"):
        with_preset(preset(way="variation"), {"variation_of": None})


def test_a_request_has_the_settings() -> None:
    options = with_preset(
        preset(way="loop", duration=4, temperature=0.5, brightness="60", tags={"low": 1}),
        {"loop": False, "temperature": None, "pitch": "20"},
    )
    request = make_request(seed=3, **options)
    assert (request.mode.kind, request.duration, request.sampling.temperature) == ("loop", 4, 0.5)
    assert request.steering is not None
    assert request.steering.brightness == ((0.0, 60.0),)
    assert request.steering.pitch == ((0.0, 20.0),)
    assert request.steering.tags == (("low", 1.0),)
