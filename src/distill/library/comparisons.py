"""Comparisons in the workspace: a folder each, with sounds that tell no names, and the votes.

`comparison.json` says which sound is which: whoever votes does not look into it. Names come out
once every pair has a vote. Nothing here loads torch.
"""

import json
import os
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from distill.errors import NotFoundError, UsageError
from distill.files import parse_json, replace_atomically
from distill.library.bin import Deleted, delete_folder, restore_files
from distill.library.change_lock import change_lock
from distill.library.comparison import (
    CHOICES,
    Comparison,
    ComparisonResult,
    Pair,
    Vote,
    count_votes,
)
from distill.library.workspace import ID, Workspace, check_id

FORMAT = "distill.comparison"
VERSION = 1
"""Version of the file."""

FILE = "comparison.json"

LARGEST_FILE = 16 << 20
"""Bytes, at most."""

MOST_PAIRS = 999
"""Pairs, at most: their numbers have three digits then."""

LONGEST_REMARK = 2000
"""Characters of the reason of a vote, at most."""


def draw_sides(count: int, seed: int) -> list[bool]:
    """For each of `count` pairs, whether its first side is heard as y.

    Half of them are, to the nearest pair; `seed` draws which.
    """
    dice = random.Random(seed)
    half = count // 2 + (dice.random() < 0.5 if count % 2 else 0)
    sides = [number < half for number in range(count)]
    dice.shuffle(sides)
    return sides


def comparison_folder(workspace: Workspace, comparison_id: str) -> Path:
    """The folder of the comparison with this id. `UsageError` if the text is no id."""
    return workspace.comparisons / check_id(comparison_id)


def pair_path(folder: Path, number: int, side: str) -> Path:
    """The sound of side `x` or `y` of a pair, from 1."""
    return folder / f"pair-{number:02d}-{side}.wav"


# --- reading --------------------------------------------------------------------------------------


def open_comparison(workspace: Workspace, comparison_id: str) -> Comparison:
    """The comparison with this id.

    Raises:
        UsageError: There is none, it is damaged, or a newer Distill wrote it.
    """
    path = comparison_folder(workspace, comparison_id) / FILE
    try:
        with path.open("rb") as file:
            content = parse_json(file.read(LARGEST_FILE))
    except FileNotFoundError as error:
        raise NotFoundError(
            f"There is no comparison '{comparison_id}': 'distill compare list' shows all."
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error}).") from error
    except ValueError as error:
        raise UsageError(f"{path} is damaged: delete its folder.") from error
    version = content.get("version") if isinstance(content, dict) else None
    if type(version) is int and version > VERSION:
        raise UsageError(
            f"A newer Distill wrote {path} (version {str(version)[:9]}, this one knows {VERSION}): "
            "update Distill."
        )
    try:
        comparison = _comparison(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is damaged: delete its folder.") from error
    # The file of a copied folder names the original: votes would go there.
    return replace(comparison, id=comparison_id)


def _comparison(content: dict[str, Any]) -> Comparison:
    if content["format"] != FORMAT or content["version"] != VERSION:
        raise ValueError("another format")
    names = {"id", "name", "made", "seed", "sides", "pairs", "ended"}
    first, second = content["sides"]
    texts = [content["id"], content["name"], content["made"], first, second]
    if any(type(text) is not str for text in texts) or not ID.fullmatch(content["id"]):
        raise ValueError("no texts")
    pairs = tuple(_pair(entry) for entry in content["pairs"])
    if not 0 < len(pairs) <= MOST_PAIRS:
        raise ValueError("no pairs")
    read = {*names, "format", "version"}
    return Comparison(
        id=content["id"],
        name=content["name"],
        made=content["made"],
        seed=int(content["seed"]),
        sides=(first, second),
        pairs=pairs,
        ended=content["ended"] is True,
        more={name: value for name, value in content.items() if name not in read},
    )


def _pair(entry: dict[str, Any]) -> Pair:
    vote = entry["vote"]
    if vote is not None:
        if vote["choice"] not in CHOICES:
            raise ValueError("no choice")
        vote = Vote(choice=vote["choice"], why=str(vote["why"]))
    if type(entry["first_is_y"]) is not bool:
        raise ValueError("no side")
    return Pair(
        first=str(entry["first"]),
        second=str(entry["second"]),
        first_is_y=entry["first_is_y"],
        vote=vote,
    )


def list_comparisons(workspace: Workspace) -> tuple[list[Comparison], list[str]]:
    """All comparisons, newest first, and a sentence for each that cannot be read."""
    comparisons = []
    remarks = []
    try:
        names = [name for name in os.listdir(workspace.comparisons) if ID.fullmatch(name)]
    except OSError:
        names = []
    for name in names:
        if not (workspace.comparisons / name / FILE).exists():
            continue
        try:
            comparisons.append(open_comparison(workspace, name))
        except UsageError as error:
            remarks.append(str(error))
    comparisons.sort(key=lambda entry: (entry.made, entry.id), reverse=True)
    return comparisons, remarks


# --- votes ----------------------------------------------------------------------------------------


def write_comparison(workspace: Workspace, comparison: Comparison) -> None:
    """Write the file of `comparison`. `OutputError` if it cannot be written."""
    own = {name: value for name, value in asdict(comparison).items() if name != "more"}
    content = {"format": FORMAT, "version": VERSION, **own, **comparison.more}
    with replace_atomically(comparison_folder(workspace, comparison.id) / FILE) as file:
        file.write(json.dumps(content, indent=1).encode())


def vote(
    workspace: Workspace, comparison_id: str, number: int, choice: str, why: str = ""
) -> Comparison:
    """Vote on a pair; a second vote replaces the first, until the end.

    Args:
        workspace: The workspace.
        comparison_id: Id of the comparison.
        number: The pair, from 1.
        choice: `x`, `y` or `same`.
        why: The reason, for later.

    Raises:
        UsageError: There is no such pair or choice, or names have been seen.
    """
    if choice not in CHOICES:
        raise UsageError(f"A vote is {', '.join(CHOICES)}, not '{choice}'.")
    if len(why) > LONGEST_REMARK:
        raise UsageError(f"A reason has at most {LONGEST_REMARK} characters.")
    return _set_vote(workspace, comparison_id, number, Vote(choice=choice, why=why))


def take_back(workspace: Workspace, comparison_id: str, number: int) -> Comparison:
    """Remove the vote on a pair, as `vote` sets it."""
    return _set_vote(workspace, comparison_id, number, None)


def _set_vote(
    workspace: Workspace, comparison_id: str, number: int, value: Vote | None
) -> Comparison:
    open_comparison(workspace, comparison_id)
    with change_lock(workspace, comparison_id):
        comparison = open_comparison(workspace, comparison_id)
        if comparison.is_over:
            raise UsageError("This comparison is over: names have been seen, no vote is blind now.")
        pairs = list(comparison.pairs)
        _check_number(number, pairs)
        pairs[number - 1] = replace(pairs[number - 1], vote=value)
        result = replace(comparison, pairs=tuple(pairs))
        write_comparison(workspace, result)
    return result


def _check_number(number: int, pairs: Sequence[Pair]) -> None:
    if not 1 <= number <= len(pairs):
        raise UsageError(f"There is no pair {number}: this comparison has 1 to {len(pairs)}.")


def end_comparison(workspace: Workspace, comparison_id: str) -> Comparison:
    """End a comparison before every pair has a vote; no vote can follow."""
    open_comparison(workspace, comparison_id)
    with change_lock(workspace, comparison_id):
        result = replace(open_comparison(workspace, comparison_id), ended=True)
        write_comparison(workspace, result)
    return result


def delete_comparison(workspace: Workspace, comparison_id: str, for_good: bool = False) -> Deleted:
    """Move a comparison to the bin. `restore_comparison` brings it back within a day.

    Args:
        workspace: The workspace.
        comparison_id: Its id.
        for_good: Whether to delete without a bin.

    Raises:
        UsageError: There is no such comparison.
        OutputError: It cannot be deleted; then it stays.
    """
    folder = comparison_folder(workspace, comparison_id)
    name = comparison_id
    # A damaged comparison can be deleted, too.
    if not (folder / FILE).exists():
        open_comparison(workspace, comparison_id)
    with suppress(UsageError):
        name = open_comparison(workspace, comparison_id).name
    return delete_folder(workspace, "comparison", folder, name, for_good=for_good)


def restore_comparison(workspace: Workspace, comparison_id: str) -> Comparison:
    """Bring back a comparison that was deleted within a day.

    Raises:
        UsageError: There is none to bring back, or other files lie in its place.
        OutputError: A file cannot be written.
    """
    restore_files(workspace, "comparison", comparison_id)
    return open_comparison(workspace, comparison_id)


def result_of(comparison: Comparison) -> ComparisonResult:
    """The result, once names may be seen.

    Raises:
        UsageError: Pairs are without a vote.
    """
    if not comparison.is_over:
        missing = len(comparison.pairs) - comparison.votes
        raise UsageError(
            f"{missing} of {len(comparison.pairs)} pairs have no vote yet: vote on them, or end "
            "the comparison with --end."
        )
    return count_votes(comparison)


def sound_path(workspace: Workspace, comparison: Comparison, number: int, side: str) -> Path:
    """The sound file of side `x` or `y` of pair `number`, from 1.

    Raises:
        UsageError: There is no such pair or side.
    """
    _check_number(number, comparison.pairs)
    if side not in ("x", "y"):
        raise UsageError(f"A pair has the sides x and y, not '{side}'.")
    return pair_path(comparison_folder(workspace, comparison.id), number, side)
