"""Comparisons in the workspace: balanced sides, votes that stay, names only after the end."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.library.comparison import Comparison, Pair, Vote
from distill.library.comparisons import (
    comparison_folder,
    delete_comparison,
    draw_sides,
    end_comparison,
    list_comparisons,
    open_comparison,
    restore_comparison,
    result_of,
    sound_path,
    take_back,
    vote,
    write_comparison,
)
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def comparison(workspace: Workspace) -> Comparison:
    pairs = tuple(Pair(first="a", second="b", first_is_y=side) for side in (True, False, True))
    made = Comparison(
        id="20261129-101500-a1b2c3", name="two", made="t", seed=3, sides=("old", "new"), pairs=pairs
    )
    comparison_folder(workspace, made.id).mkdir(parents=True)
    write_comparison(workspace, made)
    return made


@given(st.integers(1, 200), st.integers(0, 1 << 40))
def test_sides_are_drawn_in_balance(count: int, seed: int) -> None:
    sides = draw_sides(count, seed)
    assert len(sides) == count
    assert abs(2 * sum(sides) - count) <= 1
    assert draw_sides(count, seed) == sides


def test_sides_differ_by_seed() -> None:
    draws = [draw_sides(12, seed) for seed in range(200)]
    assert len({tuple(draw) for draw in draws}) > 100
    # No place of a pair tells its side.
    assert all(40 < sum(draw[place] for draw in draws) < 160 for place in range(12))


def test_votes_stay_until_the_last(workspace: Workspace, comparison: Comparison) -> None:
    vote(workspace, comparison.id, 1, "x", "warmer")
    vote(workspace, comparison.id, 2, "x")
    vote(workspace, comparison.id, 2, "same")
    with pytest.raises(UsageError, match="1 of 3 pairs have no vote yet"):
        result_of(open_comparison(workspace, comparison.id))
    take_back(workspace, comparison.id, 1)
    vote(workspace, comparison.id, 1, "x", "warmer")
    assert open_comparison(workspace, comparison.id).pairs[0].vote == Vote("x", "warmer")
    over = vote(workspace, comparison.id, 3, "y")
    assert over.is_over
    result = result_of(open_comparison(workspace, comparison.id))
    assert (result.preferred, result.equal, result.chance) == ((1, 1), 1, 1.0)
    with pytest.raises(UsageError, match="names have been seen"):
        vote(workspace, comparison.id, 3, "x")
    assert list_comparisons(workspace) == ([over], [])


def test_it_can_be_ended_early(workspace: Workspace, comparison: Comparison) -> None:
    vote(workspace, comparison.id, 1, "y")
    result = result_of(end_comparison(workspace, comparison.id))
    assert (result.preferred, result.chance) == ((1, 0), 1.0)
    with pytest.raises(UsageError, match="names have been seen"):
        take_back(workspace, comparison.id, 1)


def test_bad_input_changes_nothing(workspace: Workspace, comparison: Comparison) -> None:
    for number in (0, 4, -1):
        with pytest.raises(UsageError, match="no pair"):
            vote(workspace, comparison.id, number, "x")
        with pytest.raises(UsageError, match="no pair"):
            sound_path(workspace, comparison, number, "x")
    with pytest.raises(UsageError, match="not 'z'"):
        vote(workspace, comparison.id, 1, "z")
    with pytest.raises(UsageError, match="at most 2000"):
        vote(workspace, comparison.id, 1, "x", "a" * 2001)
    with pytest.raises(UsageError, match=r"not '\.\./x'"):
        sound_path(workspace, comparison, 1, "../x")
    for name in ("../codes", "20200101-000000-abcdef"):
        with pytest.raises(UsageError, match=r"no id|no comparison"):
            vote(workspace, name, 1, "x")
    assert open_comparison(workspace, comparison.id) == comparison


def test_a_copied_folder_is_a_comparison_of_its_own(
    workspace: Workspace, comparison: Comparison
) -> None:
    shutil.copytree(comparison_folder(workspace, comparison.id), workspace.comparisons / "copy1")
    assert vote(workspace, "copy1", 1, "x").id == "copy1"
    end_comparison(workspace, "copy1")
    assert open_comparison(workspace, comparison.id) == comparison
    copy = open_comparison(workspace, "copy1")
    assert (copy.id, copy.votes, copy.ended) == ("copy1", 1, True)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1"},
        {"format": "x"},
        {"sides": ["a"]},
        {"sides": [1, 2]},
        {"pairs": []},
        {"pairs": [{}]},
        {"pairs": [{"first": "", "second": "", "first_is_y": 1, "vote": None}]},
        {"pairs": [{"first": "", "second": "", "first_is_y": True, "vote": {"choice": "z"}}]},
        {"pairs": [{"first": "", "second": "", "first_is_y": True, "vote": 3}]},
        {"id": "../x"},
        {"seed": "x"},
    ],
)
def test_damage_is_named(
    workspace: Workspace, comparison: Comparison, change: dict[str, Any]
) -> None:
    path = comparison_folder(workspace, comparison.id) / "comparison.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | change))
    with pytest.raises(UsageError, match="is damaged"):
        open_comparison(workspace, comparison.id)
    found, remarks = list_comparisons(workspace)
    assert (found, len(remarks)) == ([], 1)


def test_unknown_entries_stay_and_newer_files_are_left_alone(
    workspace: Workspace, comparison: Comparison
) -> None:
    path = comparison_folder(workspace, comparison.id) / "comparison.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"colour": "red"}))
    vote(workspace, comparison.id, 1, "x")
    assert json.loads(path.read_text())["colour"] == "red"
    path.write_text(json.dumps({"version": 2}))
    with pytest.raises(UsageError, match="newer Distill"):
        vote(workspace, comparison.id, 1, "x")


def test_a_comparison_goes_to_the_bin_and_comes_back(
    workspace: Workspace, comparison: Comparison
) -> None:
    voted = vote(workspace, comparison.id, 1, "y", "warmer")
    sound = comparison_folder(workspace, comparison.id) / "pair-01-x.wav"
    sound.write_bytes(b"sound")
    deleted = delete_comparison(workspace, comparison.id)
    assert (deleted.id, deleted.name) == (comparison.id, comparison.name)
    assert list_comparisons(workspace) == ([], [])
    assert restore_comparison(workspace, comparison.id) == voted
    assert sound.read_bytes() == b"sound"
    delete_comparison(workspace, comparison.id, for_good=True)
    with pytest.raises(UsageError, match="no deleted comparison"):
        restore_comparison(workspace, comparison.id)


def test_a_damaged_comparison_can_be_deleted(workspace: Workspace, comparison: Comparison) -> None:
    (comparison_folder(workspace, comparison.id) / "comparison.json").write_text("{")
    assert delete_comparison(workspace, comparison.id).name == comparison.id
    assert list_comparisons(workspace) == ([], [])
