"""`distill codes`: a codes file as a coloured grid, and which codes it uses."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import (
    CodesOrDocument,
    FromTime,
    Json,
    Levels,
    Overwrite,
    ToTime,
    WorkspaceDir,
)

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.region import Region
    from distill.inference.codes.usage import CodebookUsage
    from distill.workflows.describe import CodeCount, CodesLevel

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Code `k` is shown as letter `k`, counted round after the last."""

STRIPS = 8
"""Strips of the grid below one another, at most: with three levels they fill a screen."""

NARROWEST = 8
"""Letters in a strip, at least, however narrow the terminal."""

MOST_NAMES = 2
"""Most frequent codes that the table names, of each level."""


@one_sentence_errors
def codes_cmd(
    codes_path: CodesOrDocument,
    model_path: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="Compare with how often the corpus of this model uses the codes.",
            metavar="MODEL_PATH",
        ),
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Draw the grid as a PNG file too.")] = None,
    overwrite: Overwrite = False,
    levels: Levels = None,
    start: FromTime = None,
    stop: ToTime = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Show codes as a coloured grid, and how they are used.

    Equal codes have equal colours and letters; with --model, darker ones are rarer in the corpus.
    """
    from distill.inference.codes.compatible import check_fits_usage
    from distill.inference.codes.region import parse_region
    from distill.inference.codes.usage import read_codebook_usage
    from distill.library.sources import find_grid
    from distill.workflows.describe import codes_facts, codes_level
    from distill.workflows.paths import picture_path

    # Refuse a bad path before any work.
    if png is not None:
        picture_path(png, [codes_path, model_path], overwrite)
    grid = find_grid(codes_path, workspace)
    use = read_codebook_usage(model_path) if model_path is not None else None
    # Counts of one codebook say nothing about the codes of another.
    if use is not None:
        check_fits_usage(use, grid)
    region = parse_region(grid, start, stop, levels)
    _, _, level_indices = region.resolve(*grid.codes.shape)
    rows = [codes_level(grid, level, region, use) for level in level_indices]
    if png is not None:
        _draw(png, grid, use, region, rows)
    console = make_console(quiet=json)
    _print_grid(console, grid, use, region)
    console.print(_table(rows, use is not None))
    if json:
        facts = asdict(codes_facts(codes_path, grid))
        print_json(facts | {"levels": [asdict(row) for row in rows], "png": png})


def _print_grid(
    console: "Console", grid: "CodeGrid", use: "CodebookUsage | None", region: "Region"
) -> None:
    """Print a strip of letters for each level, folded to the width of the console."""
    from distill.workflows.pictures import colour_codes, fold

    first, last, level_indices = region.resolve(*grid.codes.shape)
    # A space between the longest name and the letters.
    label = max(len(grid.level_names[level]) for level in level_indices) + 1
    width = max(NARROWEST, console.width - label)
    strips = fold(grid.codes[first:last, level_indices], width, STRIPS)
    T, Q = grid.codes.shape
    title = f"'{grid.source}': {T} frames x {Q} levels ({grid.seconds:.2f} s)"
    scale = f", {strips.frames_per_cell} to a letter" if strips.frames_per_cell > 1 else ""
    console.print(f"{title}{scale}.", soft_wrap=True)
    # Each strip begins with the time of its first frame.
    frame = first
    for strip in strips.cells:
        console.print(f"{'':{label}}{frame / grid.frame_rate:.2f} s", soft_wrap=True)
        for level, cells in zip(level_indices, strip, strict=True):
            name = f"{grid.level_names[level]:{label}}"
            console.print(_row(name, cells, colour_codes(cells, level, use)), soft_wrap=True)
        frame += strip.shape[1] * strips.frames_per_cell


def _row(name: str, cells: "np.ndarray", colours: "np.ndarray") -> "Text":
    """Letters of the codes `cells` `[n]` on backgrounds `colours` `[n, 3]`, after `name`."""
    from rich.text import Text

    text = Text(name)
    for code, (red, green, blue) in zip(cells.tolist(), colours.tolist(), strict=True):
        text.append(LETTERS[code % len(LETTERS)], f"black on rgb({red},{green},{blue})")
    return text


def _table(rows: "list[CodesLevel]", with_corpus: bool) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    titles = ["Level", "Codes", "Perplexity"]
    titles.append("Most often (here, corpus)" if with_corpus else "Most often")
    if with_corpus:
        titles.append("Not in corpus")
    for title in titles:
        table.add_column(title)
    for row in rows:
        cells = [row.name, _used(row), f"{row.perplexity:.0f}", _most_often(row.codes)]
        if with_corpus:
            never = row.never_in_corpus
            cells.append("unknown" if never is None else str(never))
        table.add_row(*cells)
    return table


def _used(row: "CodesLevel") -> str:
    return f"{row.used} of {row.codebook_size}"


def _most_often(codes: "list[CodeCount]") -> str:
    from distill.workflows.describe import CorpusCodeCount

    parts = []
    for entry in codes[:MOST_NAMES]:
        shares = f"{entry.share:.0%}"
        if isinstance(entry, CorpusCodeCount):
            shares += f", {entry.corpus_share:.0%}"
        parts.append(f"{entry.code} ({shares})")
    return "  ".join(parts)


def _draw(
    path: Path,
    grid: "CodeGrid",
    use: "CodebookUsage | None",
    region: "Region",
    rows: "list[CodesLevel]",
) -> None:
    from distill.workflows.pictures import draw_grid, save_png

    notes = [_used(row) for row in rows]
    save_png(path, draw_grid(grid, use, region, notes))
