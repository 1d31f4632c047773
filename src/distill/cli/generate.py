"""`distill generate`: new sound from a model."""

import secrets
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Device, Json, ModelPath, Threads

if TYPE_CHECKING:
    from distill.library.workflows import Written

app = typer.Typer()


@app.command()
@one_sentence_errors
def generate_cmd(
    model_path: ModelPath,
    output: Annotated[Path, typer.Option("--output", "-o", help="WAV file to write (numbered when several).")] = Path(
        "generated.wav"
    ),
    duration: Annotated[float, typer.Option(help="Seconds.")] = 10.0,
    temperature: Annotated[float, typer.Option(help="Above 1 wilder, below 1 tamer, 0 the likeliest.")] = 1.0,
    top_k: Annotated[int, typer.Option(help="Draw from the k likeliest codes only; 0 is off.")] = 0,
    top_p: Annotated[float, typer.Option(help="Draw from the likeliest codes of this share; 1 is off.")] = 0.9,
    seed: Annotated[int | None, typer.Option(help="Same seed, same sound. Default: a new one.")] = None,
    count: Annotated[int, typer.Option("--number", "-n", help="How many, each from the next seed.")] = 1,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Generate new sound from a model with a prior.

    48 kHz, 24 bit, at the level of the corpus. Says how much of it repeats the corpus.
    """
    from rich.progress import Progress

    from distill.inference.sampling import Sampling
    from distill.library import workflows

    console = make_console(quiet=json)
    workflows.output_paths(output, count)
    seed = secrets.randbelow(2**31) if seed is None else seed
    model = workflows.load(model_path, device, threads)
    began = time.perf_counter()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Generating")
        files = []
        for item in workflows.generate_files(
            model, output, duration, seed, Sampling(temperature, top_k, top_p), count,
            lambda done, total: bar.update(task, completed=done, total=total),
        ):  # fmt: skip
            console.print(_line(item), soft_wrap=True)
            files.append(_summary(item))
    if json:
        factor = duration * count / (time.perf_counter() - began)
        print_json({"model": model_path, "files": files, "realtime_factor": factor})


def _line(item: "Written") -> str:
    sound, run = item.sound, item.sound.shared_run
    seconds = sound.audio.shape[1] / sound.sample_rate
    head = f"{item.path}: {seconds:.1f} s, {sound.loudness:.1f} LUFS, seed {sound.seed}."
    if run is None:
        return f"{head} Shares no coarse codes with the corpus."
    return (
        f"{head} Longest run of coarse codes shared with the corpus: {run.seconds:.2f} s "
        f"(at {run.output_s:.2f} s; {run.source} at {run.source_s:.2f} s)."
    )


def _summary(item: "Written") -> dict[str, Any]:
    sound = item.sound
    return {
        "path": item.path,
        "seed": sound.seed,
        "duration_s": sound.audio.shape[1] / sound.sample_rate,
        "sample_rate": sound.sample_rate,
        "loudness_lufs": sound.loudness,
        "sampling": asdict(sound.sampling),
        "longest_shared_run": asdict(sound.shared_run) if sound.shared_run else None,
    }
