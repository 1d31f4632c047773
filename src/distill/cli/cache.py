"""`distill cache`: the size of the sound cache, and what to remove from it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from distill.bounds import check_bound
from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Json
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.data.housekeeping import CacheFacts

MEGABYTE = 1e6
"""Bytes, as file managers count them."""


@one_sentence_errors
def cache_cmd(
    size: Annotated[
        bool, typer.Option("--size", help="Show its size. That is the default.")
    ] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Remove all sounds from it.")] = False,
    older_than: Annotated[
        float | None,
        typer.Option(help="Remove the sounds not used for so many days.", metavar="DAYS"),
    ] = None,
    json: Json = False,
) -> None:
    """Show the size of the sound cache, or clear it.

    It holds your sounds, ready for training. What is removed is made again when it is needed: end
    trainings first. With DISTILL_CACHE_GB set, it stays within that size.
    """
    from distill.data.housekeeping import cache_size, clear_cache

    if size + clear + (older_than is not None) > 1:
        raise UsageError("Give only one of --size, --clear and --older-than.")
    check_bound("--older-than", older_than)
    days = 0.0 if clear else older_than
    facts = cache_size() if days is None else clear_cache(days)
    console = make_console(quiet=json)
    console.print(_sentence(facts), soft_wrap=True)
    if json:
        print_json(asdict(facts))


def _sentence(facts: "CacheFacts") -> str:
    contents = f"{facts.path}: {_sounds(facts.sounds)}, {facts.bytes / MEGABYTE:,.1f} MB."
    if not facts.removed_bytes:
        return contents
    removal = f"{_sounds(facts.removed_sounds)}, {facts.removed_bytes / MEGABYTE:,.1f} MB"
    return f"{contents} Removed: {removal}."


def _sounds(count: int) -> str:
    return "1 sound" if count == 1 else f"{count:,} sounds"
