"""`distill encode`: any sound, or a folder of them, to files of codes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Device, Json, ModelPath, Threads
from distill.errors import OutputError

if TYPE_CHECKING:
    from distill.inference.codes.grid import CodeGrid
    from distill.models.persistence import LoadedVQModel

app = typer.Typer()


@app.command()
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
            help="Codes file, .json or .json.gz; for a folder, a folder. Default: SOUND's name.",
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Encode a sound, or every sound in a folder, to files of codes."""
    if sound.is_dir():
        _encode_folder(model_path, sound, output, device, threads, json)
    else:
        _encode_file(model_path, sound, output or Path(f"{sound.stem}.json"), device, threads, json)


def _encode_file(
    model_path: Path, sound: Path, output: Path, device: str, threads: int | None, json: bool
) -> None:
    from distill.inference.codes.file import save_codes
    from distill.workflows.codes import encode
    from distill.workflows.load import load
    from distill.workflows.paths import codes_path

    output = codes_path(output)
    codes = encode(load(model_path, device, threads), sound)
    path = save_codes(output, codes)
    make_console(quiet=json).print(_line(path, codes), soft_wrap=True)
    if json:
        print_json(_facts(path, codes))


def _encode_folder(
    model_path: Path,
    folder: Path,
    output: Path | None,
    device: str,
    threads: int | None,
    json: bool,
) -> None:
    from distill.device import prepare
    from distill.workflows import folders
    from distill.workflows.load import load
    from distill.workflows.paths import CODES_ENDINGS

    output = output or Path(f"{folder.resolve().name}-codes")
    if output.name.lower().endswith(CODES_ENDINGS):
        raise OutputError(
            f"'{folder}' is a folder: let --output name a folder as well, not '{output}'."
        )
    paths = folders.codes_paths(folder, output)
    workers = prepare(threads)
    failed = _run(load(model_path, device, 1), folder, output, paths, workers, json)
    if failed:
        raise typer.Exit(1)


def _run(
    model: "LoadedVQModel",
    folder: Path,
    output: Path,
    paths: dict[Path, Path],
    workers: int,
    json: bool,
) -> bool:
    """Encode all of `paths` and say so; whether any sound failed."""
    from rich.progress import Progress

    from distill.workflows import folders

    console = make_console(quiet=json)
    done, problems = [], []
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        for item in bar.track(
            folders.encode_folder(model, paths, workers), len(paths), description="Encoding"
        ):
            if item.codes is None:
                problems.append(item)
                console.print(f"Left out: {item.problem}", style="yellow", soft_wrap=True)
            else:
                done.append(_facts(item.path, item.codes) | {"source": item.source})
    seconds = sum(entry["duration_s"] for entry in done)
    console.print(
        f"{output}: {len(done)} of {len(paths)} sounds ({seconds:.2f} s).", soft_wrap=True
    )
    if json:
        failed = [{"source": item.source, "problem": item.problem} for item in problems]
        files = sorted(done, key=lambda entry: str(entry["source"]))
        print_json(
            {
                "path": output,
                "files": files,
                "failed": sorted(failed, key=lambda entry: str(entry["source"])),
            }
        )
    return bool(problems)


def _line(path: Path, codes: "CodeGrid") -> str:
    T, Q = codes.codes.shape
    return f"{path}: {T} frames x {Q} levels ({codes.seconds:.2f} s)."


def _facts(path: Path, codes: "CodeGrid") -> dict[str, Any]:
    T, Q = codes.codes.shape
    return {
        "path": path,
        "frames": T,
        "levels": Q,
        "n_samples": codes.n_samples,
        "duration_s": codes.seconds,
        "gain": codes.gain,
    }
