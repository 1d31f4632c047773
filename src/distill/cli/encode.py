"""`distill encode`: a sound, or a folder of sounds, to codes files."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Device, Json, ModelPath, Overwrite, Threads
from distill.cli.work_progress import WorkProgress
from distill.errors import OutputError

if TYPE_CHECKING:
    from distill.workflows.describe_results import EncodedFacts


@one_sentence_errors
def encode_cmd(
    model_path: ModelPath,
    sound: Annotated[
        Path, typer.Argument(help="Any sound file, or a folder of them.", metavar="SOUND")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Codes file, .json or .json.gz; for a folder, a folder. Default: name of SOUND, "
            "with a number if that exists.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Encode a sound, or every sound in a folder, to codes."""
    write = _encode_folder if os.path.isdir(sound) else _encode_file
    write(
        model_path,
        sound,
        output,
        overwrite=overwrite,
        device=device,
        threads=threads,
        json=json,
    )


def _encode_file(
    model_path: Path,
    sound: Path,
    output: Path | None,
    overwrite: bool,
    device: str,
    threads: int | None,
    json: bool,
) -> None:
    from distill.inference.codes.file import save_codes
    from distill.workflows.codes import encoding_of
    from distill.workflows.describe_results import encoded_facts
    from distill.workflows.load import load
    from distill.workflows.paths import codes_path, free_path

    # Refuse a bad path before any work.
    output = codes_path(output or free_path(f"{sound.stem}.json"), [model_path, sound], overwrite)
    grid, remark = encoding_of(load(model_path, device, threads), sound)
    facts = encoded_facts(save_codes(output, grid), grid, remark)
    console = make_console(quiet=json)
    console.print(_line(facts), soft_wrap=True)
    if remark:
        console.print(remark, style="yellow", soft_wrap=True)
    if json:
        print_json(asdict(facts))


def _line(facts: "EncodedFacts") -> str:
    size = f"{facts.frames} frames x {facts.levels} levels"
    return f"{facts.path}: {size} ({facts.duration_s:.2f} s)."


def _encode_folder(
    model_path: Path,
    folder: Path,
    output: Path | None,
    overwrite: bool,
    device: str,
    threads: int | None,
    json: bool,
) -> None:
    """Encode all sounds of a folder; exit code 1 if any of them failed."""
    from distill.device import prepare
    from distill.workflows.describe_results import encoded_facts
    from distill.workflows.folders import codes_paths, encode_folder
    from distill.workflows.load import load
    from distill.workflows.paths import CODES_ENDINGS, check_outputs_in_folder, free_path

    output = output or free_path(f"{folder.resolve().name}-codes")
    if output.name.lower().endswith(CODES_ENDINGS):
        raise OutputError(
            f"'{folder}' is a folder: let --output name a folder as well, not '{output}'."
        )
    # An empty folder is refused before the model loads.
    paths = codes_paths(folder, output)
    check_outputs_in_folder(output, list(paths.values()), [model_path, *paths], overwrite)
    count = len(paths)
    # Sounds are encoded side by side, on one thread each: faster than one after the other.
    workers = prepare(threads)
    loaded = load(model_path, device, threads=1)
    console = make_console()
    files = []
    problems = []
    with WorkProgress(console, "Encoding") as show:
        for sound in show.track(encode_folder(loaded, folder, output, workers), count):
            if sound.codes is None:
                problems.append({"source": sound.source, "problem": sound.problem})
                console.print(f"Left out: {sound.problem}", style="yellow", soft_wrap=True)
            else:
                if sound.remark:
                    console.print(sound.remark, style="yellow", soft_wrap=True)
                facts = asdict(encoded_facts(sound.path, sound.codes, sound.remark))
                files.append(facts | {"source": sound.source})
    seconds = sum(facts["duration_s"] for facts in files)
    summary = f"{output}: {len(files)} of {count} sounds ({seconds:.2f} s)."
    console.print(summary, soft_wrap=True)
    if json:
        # Sounds finish in any order.
        files.sort(key=lambda facts: str(facts["source"]))
        problems.sort(key=lambda facts: str(facts["source"]))
        print_json({"path": output, "files": files, "failed": problems})
    if problems:
        raise typer.Exit(1)
