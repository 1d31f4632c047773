"""`/comparisons`: pairs of sounds, heard without names until the last vote."""

from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import FileResponse

from distill.library.commands import compare_command, comparison_commands
from distill.library.comparison import Choice, Comparison, ComparisonResult
from distill.library.comparison_orders import order_models, order_sounds
from distill.library.comparisons import (
    delete_comparison,
    end_comparison,
    list_comparisons,
    open_comparison,
    restore_comparison,
    result_of,
    sound_path,
    take_back,
    vote,
)
from distill.library.models import load_model
from distill.ui.api import Endpoint
from distill.ui.context import Context
from distill.ui.files import NEVER, sound_response
from distill.ui.messages import CommandView
from distill.ui.routes.models import DeletedView
from distill.ui.routes.takes import SoundId
from distill.ui.tasks import TaskView, submit


@dataclass(frozen=True)
class ModelComparison:
    """Two models to compare on the same seeds.

    Attributes:
        first: Id of a model.
        second: Id of the other.
        pairs: Number of pairs.
        duration: Seconds of each sound.
        seed: Seed of the first pair; it draws the sides too.
        name: Name of the comparison; empty for that of both models.
    """

    IS_BODY: ClassVar = True
    first: str
    second: str
    pairs: int = 12
    duration: float = 8.0
    seed: int = 0
    name: str = ""


@dataclass(frozen=True)
class SoundPair:
    """Two sounds to compare.

    Attributes:
        first: Sound of the first side.
        second: Sound of the second.
    """

    first: SoundId
    second: SoundId


@dataclass(frozen=True)
class SoundComparison:
    """Pairs of sounds to compare.

    Attributes:
        pairs: The pairs.
        sides: Names of both sides.
        seed: Draws which side of each pair is heard as x; None for any.
        name: Name of the comparison; empty for that of both sides.
    """

    IS_BODY: ClassVar = True
    pairs: list[SoundPair]
    sides: tuple[str, str] = ("first", "second")
    seed: int | None = None
    name: str = ""


@dataclass(frozen=True)
class PairView:
    """A pair.

    Attributes:
        number: From 1.
        choice: The vote; None without one.
        why: The reason of the vote; may be empty.
        x: What was heard as x; empty before the end.
        y: What was heard as y; empty before the end.
    """

    number: int
    choice: str | None
    why: str
    x: str
    y: str


@dataclass(frozen=True)
class ComparisonView:
    """A comparison; names come out at its end.

    Attributes:
        id: Its id.
        name: Its name.
        made: When it was made: ISO 8601, UTC.
        votes: Number of pairs with a vote.
        is_over: Whether names may be seen.
        pairs: The pairs.
        result: How the votes fell; None before the end.
        commands: The lines for a terminal that do the same, by the name of the action.
    """

    id: str
    name: str
    made: str
    votes: int
    is_over: bool
    pairs: list[PairView]
    result: ComparisonResult | None
    commands: dict[str, str]


@dataclass(frozen=True)
class ComparisonList:
    """All comparisons.

    Attributes:
        comparisons: Those that can be read, newest first.
        remarks: A sentence for each that cannot.
    """

    comparisons: list[ComparisonView]
    remarks: list[str]


@dataclass(frozen=True)
class NewVote:
    """A vote on a pair.

    Attributes:
        pair: The pair, from 1.
        choice: What is better.
        why: The reason; may be empty.
    """

    IS_BODY: ClassVar = True
    pair: int
    choice: Choice
    why: str = ""


def list_all_comparisons(context: Context) -> ComparisonList:
    """All comparisons, newest first."""
    comparisons, remarks = list_comparisons(context.workspace)
    return ComparisonList(
        comparisons=[_view(context, entry) for entry in comparisons], remarks=remarks
    )


def compare_models(context: Context, body: ModelComparison) -> TaskView:
    """Let two models generate from the same seeds; the result names the comparison."""
    order = order_models(
        context.workspace,
        (body.first, body.second),
        pairs=body.pairs,
        duration=body.duration,
        seed=body.seed,
        name=body.name,
    )
    return submit(context, order)


def show_models_command(context: Context, body: ModelComparison) -> CommandView:
    """The line for a terminal that makes the same comparison."""
    first, second = (load_model(context.workspace, model) for model in (body.first, body.second))
    line = compare_command(
        context.workspace,
        (first.path, second.path),
        pairs=body.pairs,
        duration=body.duration,
        seed=body.seed,
        name=body.name,
    )
    return CommandView(command=line)


def compare_sounds(context: Context, body: SoundComparison) -> TaskView:
    """Make a comparison of sounds; the result names it."""
    pairs = [
        ((pair.first.kind, pair.first.id), (pair.second.kind, pair.second.id))
        for pair in body.pairs
    ]
    order = order_sounds(context.workspace, pairs, body.sides, seed=body.seed, name=body.name)
    return submit(context, order)


def show_comparison(context: Context, comparison: str) -> ComparisonView:
    """A comparison with its votes, and after the last which sound was which."""
    return _view(context, open_comparison(context.workspace, comparison))


def put_vote(context: Context, comparison: str, body: NewVote) -> ComparisonView:
    """Vote on a pair; a second vote replaces the first, until the end."""
    return _view(context, vote(context.workspace, comparison, body.pair, body.choice, body.why))


def take_vote_back(context: Context, comparison: str, number: int) -> ComparisonView:
    """Remove the vote on a pair."""
    return _view(context, take_back(context.workspace, comparison, number))


def end(context: Context, comparison: str) -> ComparisonView:
    """End a comparison before every pair has a vote."""
    return _view(context, end_comparison(context.workspace, comparison))


def drop_comparison(context: Context, comparison: str, for_good: bool = False) -> DeletedView:
    """Move a comparison to the bin."""
    deleted = delete_comparison(context.workspace, comparison, for_good)
    return DeletedView(id=deleted.id, name=deleted.name)


def bring_comparison_back(context: Context, comparison: str) -> ComparisonView:
    """Bring a deleted comparison back."""
    return _view(context, restore_comparison(context.workspace, comparison))


def play_side(context: Context, comparison: str, number: int, side: Choice) -> FileResponse:
    """Side `x` or `y` of a pair, from 1."""
    found = open_comparison(context.workspace, comparison)
    return sound_response(sound_path(context.workspace, found, number, side), NEVER)


def _view(context: Context, comparison: Comparison) -> ComparisonView:
    pairs = [_pair(comparison, number) for number in range(1, len(comparison.pairs) + 1)]
    return ComparisonView(
        id=comparison.id,
        name=comparison.name if comparison.is_over else "",
        made=comparison.made,
        votes=comparison.votes,
        is_over=comparison.is_over,
        pairs=pairs,
        result=result_of(comparison) if comparison.is_over else None,
        commands=comparison_commands(context.workspace, comparison.id),
    )


def _pair(comparison: Comparison, number: int) -> PairView:
    pair = comparison.pairs[number - 1]
    x, y = comparison.heard_as(pair) if comparison.is_over else ("", "")
    return PairView(
        number=number,
        choice=pair.vote.choice if pair.vote else None,
        why=pair.vote.why if pair.vote else "",
        x=x,
        y=y,
    )


ENDPOINTS = (
    Endpoint("GET", "/comparisons", list_all_comparisons),
    Endpoint("POST", "/comparisons/models", compare_models, status=201),
    Endpoint("POST", "/comparisons/models/command", show_models_command),
    Endpoint("POST", "/comparisons/sounds", compare_sounds, status=201),
    Endpoint("GET", "/comparisons/{comparison}", show_comparison),
    Endpoint("POST", "/comparisons/{comparison}/votes", put_vote),
    Endpoint("DELETE", "/comparisons/{comparison}/votes/{number}", take_vote_back),
    Endpoint("POST", "/comparisons/{comparison}/end", end),
    Endpoint("DELETE", "/comparisons/{comparison}", drop_comparison),
    Endpoint("POST", "/comparisons/{comparison}/restore", bring_comparison_back),
    Endpoint(
        "GET",
        "/comparisons/{comparison}/pairs/{number}/{side}/audio",
        play_side,
        media="audio/wav",
    ),
)
