"""Regions, and the words for times, levels and entries that people write."""

import pytest

from distill.errors import UsageError
from distill.inference.codes.region import (
    Region,
    parse_edge,
    parse_entry,
    parse_levels,
    parse_region,
    parse_time,
)
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


@pytest.mark.parametrize(
    ("start", "stop", "frames"),
    [
        (None, None, (0, None)),
        ("0", "5f", (0, 5)),
        ("1f", "0.064", (1, 3)),
        # As long as the sound, which does not fill its last frame; and as the hundredth of a second
        # has it.
        ("0", str(4.4 * 1024 / 48_000), (0, 5)),
        ("0", "0.09", (0, 5)),
        ("0", "4f", (0, 4)),
        # Shorter than a frame.
        ("0.0430", "0.0431", (2, 3)),
    ],
)
def test_times_become_frames(new_grid, start: str, stop: str, frames: tuple[int, int]) -> None:
    grid = new_grid(n_samples=round(4.4 * 1024))
    region = parse_region(grid, start, stop, "timbre")
    assert (region.start, region.stop) == frames
    assert region.levels == (1,)


@pytest.mark.parametrize(
    ("filled", "start", "stop", "frames"),
    [
        # A last frame that is all but empty is one, where frames are counted.
        (4.1, "4f", None, (4, None)),
        (4.1, "0", "4f", (0, 4)),
        (4.1, "3f", "4f", (3, 4)),
        (4.1, "0", "0.08", (0, 4)),
        (4.1, "0", "0.087", (0, 5)),
        (4.1, "0.0855", None, (4, None)),
        # From within the last frame, that frame.
        (4.9, "0.1", None, (4, None)),
        (4.9, "0.1", "0.104", (4, 5)),
        (4.4, "0.09", None, (4, None)),
        # From the start is from 0.
        (4.4, None, "0.005", (0, 1)),
        (4.4, "0", "0.005", (0, 1)),
    ],
)
def test_the_last_frame(
    new_grid, filled: float, start: str | None, stop: str | None, frames: tuple
) -> None:
    region = parse_region(new_grid(n_samples=round(filled * 1024)), start, stop)
    assert (region.start, region.stop) == frames
    region.resolve(5, 3)


def test_edges_are_the_nearest_frame_or_the_end(new_grid) -> None:
    grid = new_grid(n_samples=round(4.1 * 1024))
    assert [parse_edge(grid, time) for time in ("4f", "5f", "0.087", "0.08", 0)] == [4, 5, 5, 4, 0]


def test_times_that_make_no_region(new_grid) -> None:
    for start, stop in (("0.05", "0.05"), ("0.05", "0.01"), ("0", "0.2"), ("0", "0")):
        with pytest.raises(UsageError):
            parse_region(new_grid(), start, stop).resolve(5, 3)
    for start in ("5f", "0.11", "0.107"):
        with pytest.raises(
            UsageError, match=rf"{start} is past the end: 'sound 0\.wav' lasts 0\.11 s \(5f\)"
        ):
            parse_region(new_grid(), start)
    short = new_grid(n_samples=round(4.4 * 1024))
    with pytest.raises(UsageError, match="nothing"):
        parse_region(short, "0.092", "0.091").resolve(5, 3)


def test_a_level_that_the_grid_lacks(new_grid) -> None:
    with pytest.raises(UsageError):
        Region(levels=(3,)).resolve(*new_grid().codes.shape)


def test_entries() -> None:
    names = level_names(3)
    assert parse_entry("1:17", names) == (0, 17)
    assert parse_entry(" timbre : 0 ", names) == (1, 0)


@pytest.mark.parametrize("text", ["17", "1:", "1:x", "1:-3", "1-2:17", "1:1234567890", "bass:1"])
def test_other_entries_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--entry|--levels"):
        parse_entry(text, level_names(3))
