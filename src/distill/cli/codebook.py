"""`distill codebook`: what a model's codes are used for, and what each sounds like."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Device, Json, ModelPath, Threads

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from distill.inference.codes.usage import CodebookUsage

NAMED = 6
"""Dead codes that the table names, of each level."""

app = typer.Typer()


@app.command()
@one_sentence_errors
def codebook_cmd(
    model_path: ModelPath,
    png: Annotated[
        Path | None, typer.Option(help="Draw how often each code is used into this PNG file.")
    ] = None,
    previews: Annotated[
        Path | None,
        typer.Option(
            help="Write every code as a sound of half a second into this folder.", metavar="DIR"
        ),
    ] = None,
    entry: Annotated[
        str | None,
        typer.Option(help="Write one code as a sound: 1:17, or timbre:17.", metavar="LEVEL:CODE"),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="WAV file for --entry.")] = Path(
        "entry.wav"
    ),
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Say how a model uses its codes: how many, how evenly, which never."""
    from distill.inference.codes.usage import read_codebook_usage
    from distill.workflows.codes import decode_entry
    from distill.workflows.load import load
    from distill.workflows.paths import output_paths

    if entry is not None:
        output_paths(output, 1)
    use = read_codebook_usage(model_path)
    rows = [_level(use, q) for q in range(len(use.level_names))]
    console = make_console(quiet=json)
    console.print(_table(rows))
    if png is not None:
        _draw(png, use)
    written = (
        _write_previews(console, model_path, previews, device, threads)
        if previews is not None
        else 0
    )
    if entry is not None:
        decode_entry(load(model_path, device, threads), entry, output)
        console.print(f"{output}: code {entry}.", soft_wrap=True)
    if json:
        sound = output if entry is not None else None
        facts = {"png": png, "previews": previews, "preview_count": written, "entry": sound}
        print_json({"path": model_path, "levels": rows} | facts)


def _level(use: "CodebookUsage", q: int) -> dict[str, Any]:
    from distill.inference.codes.usage import perplexity

    counts, row = use.counts[q], {"name": use.level_names[q], "codebook_size": use.codebook_size}
    if counts is None:
        known = use.health[q] if use.health else {}
        missing = {"counts": None, "dead_codes": None}
        return row | {name: known.get(name) for name in ("utilisation", "perplexity")} | missing
    dead = [code for code, count in enumerate(counts.tolist()) if count == 0]
    return row | {
        "utilisation": 1 - len(dead) / use.codebook_size,
        "perplexity": perplexity(counts),
        "counts": counts.tolist(),
        "dead_codes": dead,
    }


def _draw(path: Path, use: "CodebookUsage") -> None:
    from distill.workflows.pictures import draw_heat_map, save_png

    save_png(path, draw_heat_map(use))


def _write_previews(
    console: "Console", model_path: Path, folder: Path, device: str, threads: int | None
) -> int:
    from rich.progress import Progress

    from distill.workflows import folders
    from distill.workflows.load import load

    model = load(model_path, device, threads)
    total = model.model.num_quantizers * model.model.codebook_size
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        paths = list(bar.track(folders.write_entries(model, folder), total, description="Decoding"))
    console.print(f"{folder}: {len(paths)} sounds.", soft_wrap=True)
    return len(paths)


def _table(rows: list[dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("Level", "In use", "Perplexity", "Never used"):
        table.add_column(title)
    for row in rows:
        used = (
            "unknown"
            if row["utilisation"] is None
            else f"{row['utilisation']:.0%} of {row['codebook_size']}"
        )
        even = "unknown" if row["perplexity"] is None else f"{row['perplexity']:.0f}"
        table.add_row(row["name"], used, even, _dead(row["dead_codes"]))
    return table


def _dead(codes: list[int] | None) -> str:
    if codes is None:
        return "unknown"
    more = f" and {len(codes) - NAMED} more" if len(codes) > NAMED else ""
    return ", ".join(map(str, codes[:NAMED])) + more if codes else "none"
