"""`distill cache`: the size of the sound cache, and what to remove from it."""

import re
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

UNITS = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
"""Bytes of a unit."""

_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?([KMGT])B?", re.ASCII | re.IGNORECASE)


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
    keep: Annotated[
        str | None,
        typer.Option(
            help="Remove the sounds not used for longest until it takes so much: 20G, 500M.",
            metavar="SIZE",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show the size of the sound cache, or clear it.

    It holds your sounds, ready for training. What is removed is made again when it is needed: end
    trainings first. With DISTILL_CACHE_GB set, it stays within that size.
    """
    from distill.data.housekeeping import cache_size, clear_cache, shrink_cache

    if size + clear + (older_than is not None) + (keep is not None) > 1:
        raise UsageError("Give only one of --size, --clear, --older-than and --keep.")
    check_bound("--older-than", older_than)
    if keep is not None:
        facts = shrink_cache(_bytes(keep))
    elif clear or older_than is not None:
        facts = clear_cache(older_than or 0.0)
    else:
        facts = cache_size()
    console = make_console(quiet=json)
    console.print(_sentence(facts), soft_wrap=True)
    if json:
        print_json(asdict(facts))


def _bytes(text: str) -> float:
    """The bytes of a size such as 20G.

    Raises:
        UsageError: If it is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"--keep takes a size with its unit, such as 20G or 500M, not '{text}'.")
    return float(match[1]) * UNITS[match[2].upper()]


def _sentence(facts: "CacheFacts") -> str:
    contents = f"{facts.path}: {_sounds(facts.sounds)}, {facts.bytes / MEGABYTE:,.1f} MB."
    if not facts.removed_bytes:
        return contents
    removal = f"{_sounds(facts.removed_sounds)}, {facts.removed_bytes / MEGABYTE:,.1f} MB"
    return f"{contents} Removed: {removal}."


def _sounds(count: int) -> str:
    return "1 sound" if count == 1 else f"{count:,} sounds"
