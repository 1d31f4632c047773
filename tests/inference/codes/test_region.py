"""Levels and times as people name them."""

import pytest

from distill.errors import UsageError
from distill.inference.codes.region import Region, parse_levels, parse_time
from distill.models.levels import level_names


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("1", (0,)),
        ("1-2", (0, 1)),
        (" 2 - 4 ", (1, 2, 3)),
        ("3,1,1", (0, 2)),
        ("structure,timbre", (0, 1)),
        ("Texture, detail 2", (2, 4)),
        ("detail-1", (3,)),
        ("detail", (3, 4)),
        ("1-2,detail", (0, 1, 3, 4)),
    ],
)
def test_levels_by_number_and_name(text: str, levels: tuple[int, ...]) -> None:
    assert parse_levels(text, level_names(5)) == levels


@pytest.mark.parametrize(
    "text", ["", "0", "6", "2-1", "1-6", "1,", "bass", "-", "1-", "detail 9", "1.5"]
)
def test_other_levels_are_refused_with_those_that_exist(text: str) -> None:
    with pytest.raises(
        UsageError, match="1 Structure, 2 Timbre, 3 Texture, 4 Detail 1, 5 Detail 2"
    ):
        parse_levels(text, level_names(5))


@pytest.mark.parametrize(
    ("text", "frames"), [("0", 0), ("1.5", 75), ("70f", 70), (" 1e1 ", 500), ("0f", 0)]
)
def test_times(text: str, frames: float) -> None:
    assert parse_time(text, 50.0) == frames


@pytest.mark.parametrize(
    "text", ["", "f", "-1", "-1f", "nan", "inf", "1e400", "1.5f", "1 s", "1:30", "9" * 5000 + "f"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="no time"):
        parse_time(text, 50.0)


def test_a_region_lies_within() -> None:
    assert Region().resolve(5, 3) == (0, 5, [0, 1, 2])
    assert Region(1, 4, (2, 0, 2)).resolve(5, 3) == (1, 4, [0, 2])
    for region in (
        Region(2, 2),
        Region(3, 2),
        Region(5),
        Region(-1, 2),
        Region(0, 6),
        Region(levels=()),
        Region(levels=(3,)),
        Region(levels=(-1,)),
    ):
        with pytest.raises(UsageError):
            region.resolve(5, 3)
