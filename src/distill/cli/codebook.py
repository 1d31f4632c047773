"""`distill codebook`: how a model uses its codes, and the sound of each."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.audio.delivery import AS_IS, Delivery
from distill.bounds import check_bound
from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.delivery_options import takes_delivery
from distill.cli.options import Device, Json, ModelPath, Overwrite, Threads
from distill.cli.work_progress import WorkProgress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from distill.workflows.describe import CodebookLevel

MOST_NAMES = 6
"""Unused codes that the table names, of each level; the others are counted."""


@one_sentence_errors
@takes_delivery
def codebook_cmd(
    model_path: ModelPath,
    png: Annotated[
        Path | None, typer.Option(help="Draw how often each code is used, as a PNG file.")
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
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Sound file for --entry. Default: entry.wav, with a number if that exists.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
    delivery: Delivery = AS_IS,
) -> None:
    """Show how a model uses its codes: how many, how evenly, which never."""
    from distill.inference.codes.usage import read_codebook_usage
    from distill.workflows.codes import decode_entry
    from distill.workflows.describe import codebook_level
    from distill.workflows.folders import entry_paths
    from distill.workflows.load import load
    from distill.workflows.paths import (
        check_outputs_in_folder,
        free_path,
        output_paths,
        picture_path,
    )
    from distill.workflows.pictures import draw_heat_map, save_png

    # Refuse bad numbers and paths before any work.
    check_bound("--threads", threads)
    output = output or free_path(delivery.default_name("entry.wav"))
    if entry is not None:
        output_paths(output, 1, [model_path], overwrite, delivery)
    if png is not None:
        picture_path(png, [model_path], overwrite)
    # From the header of the file: the networks load only for sounds.
    use = read_codebook_usage(model_path)
    if previews is not None:
        sounds = entry_paths(previews, len(use.level_names), use.codebook_size, delivery)
        paths = [path for level_paths in sounds for path in level_paths]
        check_outputs_in_folder(previews, paths, [model_path], overwrite)
    levels = [codebook_level(use, level) for level in range(len(use.level_names))]
    console = make_console(quiet=json)
    console.print(_table(levels))
    if png is not None:
        save_png(png, draw_heat_map(use))
    preview_count = 0
    if previews is not None:
        preview_count = _write_previews(console, model_path, previews, device, threads, delivery)
    if entry is not None:
        decode_entry(load(model_path, device, threads), entry, output, delivery)
        console.print(f"{output}: code {entry}.", soft_wrap=True)
    if json:
        print_json(
            {
                "path": model_path,
                "levels": [asdict(level) for level in levels],
                "png": png,
                "previews": previews,
                "preview_count": preview_count,
                "entry": output if entry is not None else None,
            }
        )


def _write_previews(
    console: "Console",
    model_path: Path,
    folder: Path,
    device: str,
    threads: int | None,
    delivery: Delivery,
) -> int:
    """Write every code as a sound into `folder`; returns their number."""
    from distill.workflows import folders
    from distill.workflows.load import load

    loaded = load(model_path, device, threads)
    total = loaded.model.num_quantizers * loaded.model.codebook_size
    with WorkProgress(make_console(), "Decoding") as show:
        paths = list(show.track(folders.write_entries(loaded, folder, delivery), total))
    console.print(f"{folder}: {len(paths)} sounds.", soft_wrap=True)
    return len(paths)


def _table(levels: "list[CodebookLevel]") -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("Level", "In use", "Perplexity", "Never used"):
        table.add_column(title)
    for level in levels:
        # Models of earlier versions do not say.
        used = "unknown"
        if level.utilisation is not None:
            used = f"{level.utilisation:.0%} of {level.codebook_size}"
        perplexity = "unknown" if level.perplexity is None else f"{level.perplexity:.0f}"
        table.add_row(level.name, used, perplexity, _dead(level.dead_codes))
    return table


def _dead(codes: list[int] | None) -> str:
    if codes is None:
        return "unknown"
    if not codes:
        return "none"
    rest = f" and {len(codes) - MOST_NAMES} more" if len(codes) > MOST_NAMES else ""
    return ", ".join(map(str, codes[:MOST_NAMES])) + rest
