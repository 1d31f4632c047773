import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.library.preset import SETTINGS, check_settings, settings_of_recipe
from tests.library.makers import RECIPE


def test_settings_come_as_a_preset_holds_them() -> None:
    given_settings = {
        "brightness": "0:20,5:90",
        "pitch": 80,
        "tags": {"drums": 0.7},
        "temperature": 0,
        "tempo": None,
        "form": "",
        "free_time": False,
        "way": "loop",
        "duration": 4,
    }
    assert check_settings(given_settings) == {
        "duration": 4,
        "temperature": 0,
        "way": "loop",
        "brightness": [[0.0, 20.0], [5.0, 90.0]],
        "pitch": [[0.0, 80.0]],
        "tags": [["drums", 0.7]],
    }


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (None, "no table"),
        ([], "no table"),
        ({"seed": 3}, "no setting 'seed'"),
        ({"x" * 500: 3}, "no setting 'xxx"),
        ({"temperature": 11}, "between 0 and 10"),
        ({"temperature": "hot"}, "'temperature' is of no use"),
        ({"temperature": True}, "'temperature' is of no use"),
        ({"temperature": math.nan}, "'temperature' is of no use"),
        ({"temperature": 10**400}, "'temperature' is of no use"),
        ({"top_k": 0.5}, "'top_k' is of no use"),
        ({"top_k": 10_000}, "--top-k must lie"),
        ({"duration": -1}, "--duration must be above"),
        ({"duration": 4, "bars": 2}, "leave one of them out"),
        ({"max_copy": 101}, "--max-copy"),
        ({"way": "backwards"}, "no mode 'backwards'"),
        ({"amount": 2}, "--amount"),
        ({"form": "aab"}, "--form"),
        ({"free_time": True, "tempo": 120}, "leave out --tempo"),
        ({"brightness": 101}, "between 0 and 100"),
        ({"brightness": [10, 20]}, "no points"),
        ({"brightness": [[0, 10**400]]}, "no points"),
        ({"brightness": [[0, 10], [0, 20]]}, "must increase"),
        ({"brightness": "dark"}, "--brightness takes"),
        ({"brightness": {"a": 1}}, "'brightness' is of no use"),
        ({"brightness": [[n, 1] for n in range(801)]}, "800 points"),
        ({"tags": [["drums"]]}, "'tags' holds"),
        ({"tags": [["drums", "much"]]}, "'tags' holds"),
        ({"tags": ["drums:0"]}, "must be above 0"),
        ({"tags": "drums"}, "'tags' is of no use"),
        ({"tags": {"drums": 10**400}}, "'tags' holds"),
        ({"guidance": 21}, "--guidance"),
        ({"like": "x" * 1001}, "'like' is of no use"),
    ],
)
def test_what_generate_would_refuse(settings: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        check_settings(settings)


def test_the_settings_of_a_sound() -> None:
    settings = settings_of_recipe(RECIPE)
    assert settings["temperature"] == 0.9
    assert settings["like"] == "kick"
    assert settings["brightness"] == [[0.0, 20.0], [5.0, 90.0]]
    assert settings["tags"] == [["drums", 0.7]]
    assert settings["duration"] == 0.1
    assert "seed" not in settings
    varied = settings_of_recipe(RECIPE | {"way": {"kind": "variation", "amount": 0.2}})
    assert varied["amount"] == 0.2
    assert "duration" not in varied


NUMBER = st.integers() | st.floats()
VALUE = st.none() | st.booleans() | NUMBER | st.text(max_size=20)
VALUE |= st.lists(st.tuples(NUMBER, NUMBER).map(list) | VALUE, max_size=4)
VALUE |= st.dictionaries(st.text(max_size=5), VALUE, max_size=3)


@given(settings=st.dictionaries(st.sampled_from([*SETTINGS, "other"]), VALUE, max_size=4))
def test_any_settings_are_refused_in_a_sentence_or_stay_as_they_are(
    settings: dict[str, Any],
) -> None:
    try:
        checked = check_settings(settings)
    except UsageError:
        return
    assert check_settings(json.loads(json.dumps(checked))) == checked


CURVE = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, unique_by=lambda point: point[0]
).map(lambda points: [list(point) for point in sorted(points)])
GOOD = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 10),
        "top_k": st.integers(0, 4096),
        "nearness": st.floats(0, 1),
        "duration": st.floats(0.1, 3600),
        "way": st.sampled_from(["new", "one-shot", "loop", "variation"]),
        "amount": st.floats(0, 1),
        "brightness": CURVE,
        "onsets": CURVE,
        "guidance": st.floats(0, 20),
        "tags": st.lists(
            st.tuples(st.text(max_size=10), st.floats(0.01, 100)),
            min_size=1,
            unique_by=lambda tag: tag[0],
        ).map(lambda tags: [list(tag) for tag in tags]),
    },
)


@given(settings=GOOD)
def test_good_settings_come_back_as_they_were(settings: dict[str, Any]) -> None:
    assert check_settings(json.loads(json.dumps(settings))) == settings
