"""`distill compare`: two models or sets of sounds, blind and equally loud."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.library_lines import say_deleted
from distill.cli.options import ForGood, Json, WorkspaceDir
from distill.cli.work_progress import WorkProgress
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.library.comparison import Comparison

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Compare by ear, blind: two models on the same seeds, or any sounds.\n\n"
        "Both sounds of a pair are equally loud; which is x and which is y is drawn. Names come "
        "out after the last vote."
    ),
)

ComparisonId = Annotated[str, typer.Argument(help="Its id.", metavar="COMPARISON")]
PairNumber = Annotated[int, typer.Argument(help="The pair, from 1.", metavar="PAIR")]


@app.command("new")
@one_sentence_errors
def new_cmd(
    first: Annotated[
        str,
        typer.Argument(
            help="Model, sound, folder of sounds, or id or name of a generated sound.",
            metavar="FIRST",
        ),
    ],
    second: Annotated[str, typer.Argument(help="What to compare it with.", metavar="SECOND")],
    pairs: Annotated[int, typer.Option(help="Of two models: number of pairs.")] = 12,
    duration: Annotated[float, typer.Option(help="Of two models: seconds of each sound.")] = 8.0,
    seed: Annotated[int, typer.Option(help="Draws the sides, and the sounds of two models.")] = 0,
    name: Annotated[str, typer.Option(help="Its name. Default: of both sides.")] = "",
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Make a blind comparison.

    Files of two folders go together in order of name.
    """
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    console = make_console(quiet=json)
    are_models = [text.endswith(".sda") for text in (first, second)]
    if any(are_models) and not all(are_models):
        model, sound = (first, second) if are_models[0] else (second, first)
        raise UsageError(
            f"{model} is a model and {sound} is none: name two models, or let {model} make a "
            "sound (distill generate) and compare that."
        )
    if all(are_models):
        from distill.library.comparison_models import compare_models

        with WorkProgress(make_console(), "Generating") as show:
            comparison = compare_models(
                place,
                (Path(first), Path(second)),
                pairs,
                duration,
                seed,
                name,
                progress=show,
            )
    else:
        from distill.library.comparison_sounds import couples_of, create_comparison
        from distill.library.sources import find_sound

        left, right = find_sound(place, first), find_sound(place, second)
        couples = couples_of(left.path, right.path)
        comparison = create_comparison(place, couples, (left.name, right.name), seed, name)
    console.print(_line(comparison), soft_wrap=True)
    console.print(f"Listen: distill compare play {comparison.id} 1", soft_wrap=True)
    if json:
        print_json(_facts(place, comparison))


@app.command("list")
@one_sentence_errors
def list_cmd(workspace: WorkspaceDir = None, json: Json = False) -> None:
    """List all comparisons, newest first."""
    from distill.library.comparisons import list_comparisons
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    comparisons, remarks = list_comparisons(place)
    console = make_console(quiet=json)
    for remark in remarks:
        console.print(remark, style="yellow", soft_wrap=True)
    for comparison in comparisons:
        console.print(_line(comparison), soft_wrap=True)
    if not comparisons:
        console.print("No comparisons yet: 'distill compare new FIRST SECOND' makes one.")
    if json:
        facts = [_facts(place, comparison) for comparison in comparisons]
        print_json({"comparisons": facts, "remarks": remarks})


@app.command("show")
@one_sentence_errors
def show_cmd(
    comparison_id: ComparisonId, workspace: WorkspaceDir = None, json: Json = False
) -> None:
    """Show the votes, and after the last which sound was which."""
    from distill.library.comparisons import open_comparison
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    comparison = open_comparison(place, comparison_id)
    console = make_console(quiet=json)
    console.print(_line(comparison), soft_wrap=True)
    for pair in _pairs(comparison):
        choice = pair["choice"] or "no vote"
        names = f"  x: {pair['x']}  y: {pair['y']}" if comparison.is_over else ""
        why = f"  ({pair['why']})" if pair["why"] else ""
        console.print(f"{pair['number']:5}  {choice}{names}{why}", soft_wrap=True)
    if json:
        print_json(_facts(place, comparison))


@app.command("play")
@one_sentence_errors
def play_cmd(
    comparison_id: ComparisonId,
    number: PairNumber,
    side: Annotated[
        str | None, typer.Argument(help="x or y. Default: both.", metavar="[x|y]")
    ] = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Play a pair with the player of the system."""
    from distill.library.comparisons import open_comparison, sound_path
    from distill.library.system_player import play_sound
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    comparison = open_comparison(place, comparison_id)
    console = make_console()
    for letter in ("x", "y") if side is None else (side,):
        path = sound_path(place, comparison, number, letter)
        console.print(f"{letter} …")
        play_sound(path)


@app.command("vote")
@one_sentence_errors
def vote_cmd(
    comparison_id: ComparisonId,
    number: PairNumber,
    choice: Annotated[
        str, typer.Argument(help="x, y, same; or none to take a vote back.", metavar="x|y|same")
    ],
    why: Annotated[str, typer.Option(help="The reason, for later.")] = "",
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Say which sound of a pair is better."""
    from distill.library.comparisons import take_back, vote
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    if choice == "none":
        comparison = take_back(place, comparison_id, number)
    else:
        comparison = vote(place, comparison_id, number, choice, why)
    console = make_console(quiet=json)
    console.print(_line(comparison), soft_wrap=True)
    if comparison.is_over:
        console.print(f"The result: distill compare result {comparison.id}", soft_wrap=True)
    if json:
        print_json(_facts(place, comparison))


@app.command("result")
@one_sentence_errors
def result_cmd(
    comparison_id: ComparisonId,
    end: Annotated[bool, typer.Option("--end", help="End it now; no vote can follow.")] = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Say which side was preferred, and how often chance alone would differ as much."""
    from distill.library.comparisons import end_comparison, open_comparison, result_of
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    if end:
        comparison = end_comparison(place, comparison_id)
    else:
        comparison = open_comparison(place, comparison_id)
    result = result_of(comparison)
    console = make_console(quiet=json)
    first, second = result.sides
    console.print(
        f"{first} preferred {result.preferred[0]}, {second} {result.preferred[1]}, "
        f"equal {result.equal}.",
        soft_wrap=True,
    )
    console.print(
        f"Votes by chance differ as much or more, to either side, in {result.chance:.1%} of cases "
        "(exact binomial test, two-sided, without the equal).",
        soft_wrap=True,
    )
    if json:
        print_json({"id": comparison.id} | asdict(result))


@app.command("delete")
@one_sentence_errors
def delete_cmd(
    comparison_id: ComparisonId,
    for_good: ForGood = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Move a comparison to the bin."""
    from distill.library.comparisons import delete_comparison
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    say_deleted(delete_comparison(place, comparison_id, for_good), "compare", for_good, json)


@app.command("restore")
@one_sentence_errors
def restore_cmd(
    comparison_id: ComparisonId, workspace: WorkspaceDir = None, json: Json = False
) -> None:
    """Bring back a comparison that was deleted within a day."""
    from distill.library.comparisons import restore_comparison
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    comparison = restore_comparison(place, comparison_id)
    make_console(quiet=json).print(_line(comparison), soft_wrap=True)
    if json:
        print_json(_facts(place, comparison))


# --- facts ----------------------------------------------------------------------------------------


def _line(comparison: "Comparison") -> str:
    state = f"{comparison.votes} of {len(comparison.pairs)} pairs have a vote"
    return f"{comparison.id}  {comparison.name}: {state}"


def _pairs(comparison: "Comparison") -> list[dict[str, Any]]:
    """The pairs; what is x and what is y only after the end."""
    pairs = []
    for number, pair in enumerate(comparison.pairs, 1):
        facts: dict[str, Any] = {
            "number": number,
            "choice": pair.vote.choice if pair.vote else None,
            "why": pair.vote.why if pair.vote else "",
        }
        if comparison.is_over:
            facts["x"], facts["y"] = comparison.heard_as(pair)
        pairs.append(facts)
    return pairs


def _facts(place: Any, comparison: "Comparison") -> dict[str, Any]:
    from distill.library.comparisons import comparison_folder

    return {
        "id": comparison.id,
        "name": comparison.name,
        "made": comparison.made,
        "folder": comparison_folder(place, comparison.id),
        "votes": comparison.votes,
        "is_over": comparison.is_over,
        "pairs": _pairs(comparison),
    }
