"""`distill codes`: a codes file as a coloured grid, and which codes it uses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import CodesPath, FromTime, Json, Levels, ToTime

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.region import Region
    from distill.inference.codes.usage import CodebookUsage

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
STRIPS = 8
NAMED = 2
"""Codes that the table names, of each level."""

app = typer.Typer()


@app.command()
@one_sentence_errors
def codes_cmd(
    codes_path: CodesPath,
    model_path: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="Say how often the codes stand in the corpus of this model.",
            metavar="MODEL_PATH",
        ),
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="Draw the grid into this PNG file as well.")
    ] = None,
    levels: Levels = None,
    start: FromTime = None,
    stop: ToTime = None,
    json: Json = False,
) -> None:
    """Show codes as a coloured grid, and how they are used.

    Equal codes have equal colours and letters; with --model, darker ones are rarer in the corpus.
    """
    from distill.inference.codes.compatible import check_fits_usage
    from distill.inference.codes.file import load_codes
    from distill.inference.codes.region import parse_region
    from distill.inference.codes.usage import read_codebook_usage

    grid = load_codes(codes_path)
    use = read_codebook_usage(model_path) if model_path is not None else None
    if use is not None:
        check_fits_usage(use, grid)
    region = parse_region(grid, start, stop, levels)
    first, last, chosen = region.resolve(*grid.codes.shape)
    rows = [_level(grid, use, q, first, last) for q in chosen]
    if png is not None:
        _draw(png, grid, use, region, rows)
    console = make_console(quiet=json)
    _show(console, grid, use, region)
    console.print(_table(rows, use is not None))
    if json:
        print_json(_facts(codes_path, grid) | {"levels": rows, "png": png})


def _level(
    grid: "CodeGrid", use: "CodebookUsage | None", q: int, first: int, last: int
) -> dict[str, Any]:
    """Which codes level `q` uses, the most frequent first."""
    from distill.inference.codes.usage import count_codes, perplexity

    present, counts = count_codes(grid.codes[first:last, q])
    corpus = use.counts[q] if use is not None else None
    pairs = zip(present.tolist(), counts.tolist(), strict=True)
    codes: list[dict[str, Any]] = [
        {"code": code, "count": n, "share": n / (last - first)} for code, n in pairs
    ]
    if corpus is not None:
        for entry in codes:
            count = int(corpus[entry["code"]])
            entry |= {"corpus_count": count, "corpus_share": count / max(int(corpus.sum()), 1)}
    return {
        "name": grid.level_names[q],
        "used": len(codes),
        "codebook_size": grid.codebook_size,
        "perplexity": perplexity(counts),
        "never_in_corpus": None if corpus is None else int((corpus[present] == 0).sum()),
        "codes": codes,
    }


def _facts(path: Path, grid: "CodeGrid") -> dict[str, Any]:
    return {
        "path": path,
        "source": grid.source,
        "model_id": grid.model_id,
        "frames": len(grid.codes),
        "frame_rate": grid.frame_rate,
        "n_samples": grid.n_samples,
        "duration_s": grid.seconds,
        "channels": grid.channels,
        "gain": grid.gain,
        "width": grid.width,
        "locked": 0 if grid.locked is None else int(grid.locked.sum()),
    }


# --- for people -----------------------------------------------------------------------------------


def _show(
    console: "Console", grid: "CodeGrid", use: "CodebookUsage | None", region: "Region"
) -> None:
    from distill.workflows.pictures import colour_codes, fold

    first, last, chosen = region.resolve(*grid.codes.shape)
    label = max(len(grid.level_names[q]) for q in chosen) + 1
    strips = fold(grid.codes[first:last, chosen], max(8, console.width - label), STRIPS)
    title = f"'{grid.source}': {len(grid.codes)} frames x {grid.codes.shape[1]} levels ({grid.seconds:.2f} s)"
    console.print(
        f"{title}, {strips.frames_per_cell} to a letter."
        if strips.frames_per_cell > 1
        else f"{title}.",
        soft_wrap=True,
    )
    frame = first
    for strip in strips.cells:
        console.print(f"{'':{label}}{frame / grid.frame_rate:.2f} s", soft_wrap=True)
        for q, cells in zip(chosen, strip, strict=True):
            name = f"{grid.level_names[q]:{label}}"
            console.print(_row(name, cells, colour_codes(cells, q, use)), soft_wrap=True)
        frame += strip.shape[1] * strips.frames_per_cell


def _row(name: str, cells: "np.ndarray", colours: "np.ndarray") -> "Text":
    from rich.text import Text

    text = Text(name)
    for code, (red, green, blue) in zip(cells.tolist(), colours.tolist(), strict=True):
        text.append(LETTERS[code % len(LETTERS)], f"black on rgb({red},{green},{blue})")
    return text


def _table(rows: list[dict[str, Any]], with_corpus: bool) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    often = "Most often (here, corpus)" if with_corpus else "Most often"
    for title in (
        "Level",
        "Codes",
        "Perplexity",
        often,
        *(["Not in corpus"] if with_corpus else []),
    ):
        table.add_column(title)
    for row in rows:
        never = (
            ["unknown" if row["never_in_corpus"] is None else str(row["never_in_corpus"])]
            if with_corpus
            else []
        )
        used = f"{row['used']} of {row['codebook_size']}"
        table.add_row(
            row["name"], used, f"{row['perplexity']:.0f}", _most_often(row["codes"]), *never
        )
    return table


def _most_often(codes: list[dict[str, Any]]) -> str:
    parts = []
    for entry in codes[:NAMED]:
        shares = [entry["share"], *([entry["corpus_share"]] if "corpus_share" in entry else [])]
        parts.append(f"{entry['code']} ({', '.join(f'{share:.0%}' for share in shares)})")
    return "  ".join(parts)


def _draw(
    path: Path, grid: "CodeGrid", use: "CodebookUsage | None", region: "Region", rows: list[Any]
) -> None:
    from distill.workflows.pictures import draw_grid, save_png

    notes = [f"{row['used']} of {row['codebook_size']}" for row in rows]
    save_png(path, draw_grid(grid, use, region, notes))
