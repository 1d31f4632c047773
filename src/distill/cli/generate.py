"""`distill generate`: new sound from a model."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Device, Json, Threads
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.workflows.generate import Written

app = typer.Typer()

STEERED = "How {}, 0 to 100: 50 is the middle of your sounds. Over time: 0:20,5:90 (seconds:value)."


@app.command()
@one_sentence_errors
def generate_cmd(
    model_path: Annotated[
        Path | None,
        typer.Argument(
            help="Model file (.sda). With --again it may be left out where it lies beside that sound, or here.",
            metavar="MODEL_PATH",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="File to write, .wav, .flac or .ogg (numbered when several)."
        ),
    ] = Path("generated.wav"),
    duration: Annotated[float | None, typer.Option(help="Seconds. Default: 10.")] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Above 1 wilder, below 1 tamer, 0 the likeliest. Default: 1."),
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(help="Draw from the k likeliest codes only; 0 is off. Default: 0.")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(help="Draw from the likeliest codes of this share; 1 is off. Default: 0.97."),
    ] = None,
    closeness: Annotated[
        float | None,
        typer.Option(help="How much it moves on as your recordings do, 0 to 1. Default: 0.15."),
    ] = None,
    free_levels: Annotated[
        int | None,
        typer.Option(
            help="Levels drawn freely; finer ones come from frames of your recordings. More: wilder. Default: 1."
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(help="Begin from a recording with this in its name or folder. Default: any."),
    ] = None,
    lead_in: Annotated[
        float | None,
        typer.Option(help="Seconds of that recording to hear first, not played. Default: 4."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same sound. Default: a new one.")
    ] = None,
    count: Annotated[
        int, typer.Option("--number", "-n", help="How many, each from the next seed.")
    ] = 1,
    max_copy: Annotated[
        float | None,
        typer.Option(help="Draw again while more than this percentage repeats your recordings."),
    ] = None,
    continue_from: Annotated[
        Path | None,
        typer.Option(
            help="Go on from any sound file: it, then --duration more, in one file.", metavar="FILE"
        ),
    ] = None,
    one_shot: Annotated[
        bool,
        typer.Option("--one-shot", help="One sound that ends by itself, --duration at the latest."),
    ] = False,
    loop: Annotated[
        bool,
        typer.Option("--loop", help="The end flows into the start; about as long as --duration."),
    ] = False,
    variation_of: Annotated[
        Path | None,
        typer.Option(help="Keep some of this sound and make the rest anew.", metavar="FILE"),
    ] = None,
    amount: Annotated[
        float | None, typer.Option(help="How much of it is made anew, 0 to 1. Default: 0.3.")
    ] = None,
    infill: Annotated[
        Path | None,
        typer.Option(
            help="Make a stretch of this sound anew, with both sides heard.", metavar="FILE"
        ),
    ] = None,
    start: Annotated[
        float | None, typer.Option("--from", help="Where that stretch begins, in seconds.")
    ] = None,
    stop: Annotated[float | None, typer.Option("--to", help="Where it ends, in seconds.")] = None,
    loudness: Annotated[
        str | None, typer.Option(help=STEERED.format("loud"), metavar="CURVE")
    ] = None,
    brightness: Annotated[
        str | None, typer.Option(help=STEERED.format("bright"), metavar="CURVE")
    ] = None,
    noisiness: Annotated[
        str | None, typer.Option(help=STEERED.format("noisy"), metavar="CURVE")
    ] = None,
    pitch: Annotated[str | None, typer.Option(help=STEERED.format("high"), metavar="CURVE")] = None,
    onsets: Annotated[
        str | None, typer.Option(help=STEERED.format("busy"), metavar="CURVE")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            help="Like the sounds in this folder; several with weights, drums:0.7.", metavar="NAME"
        ),
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(help="How strictly to follow what is asked, 0 to 20. Default: 1."),
    ] = None,
    again: Annotated[
        Path | None,
        typer.Option(
            help="Make this sound, which this model generated, again; longer with --duration.",
            metavar="FILE",
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Generate new sound from a model with a prior.

    48 kHz, 24 bit, at the level of the corpus. Says how much of it repeats your recordings. The
    file carries all that it takes to make it again.
    """
    from rich.progress import Progress

    from distill.inference.recipe import read_recipe
    from distill.workflows.generate import choose_playing, generate_files, generate_settings
    from distill.workflows.load import find_model, load
    from distill.workflows.paths import output_paths

    console = make_console(quiet=json)
    output_paths(output, count)
    if again and (count != 1 or max_copy is not None):
        raise UsageError("--again makes one sound as it was: leave out --number and --max-copy.")
    playing = choose_playing(
        continue_from, one_shot, loop, variation_of, amount, infill, start, stop
    )
    earlier = read_recipe(again) if again else None
    if again and earlier:
        playing = playing.again(earlier.way, again)
    settings = generate_settings(
        earlier,
        duration=duration,
        seed=seed,
        playing=playing,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        closeness=closeness,
        free_levels=free_levels,
        like=like,
        lead_in=lead_in,
        steering={
            "loudness": loudness,
            "brightness": brightness,
            "noisiness": noisiness,
            "pitch": pitch,
            "onsets": onsets,
            "tags": tag,
            "guidance": guidance,
        },
    )
    model_path = model_path or find_model(earlier, again)
    model = load(model_path, device, threads or (earlier.threads if earlier else None))
    if again and earlier:
        earlier.check_model(model, again)
    began = time.perf_counter()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Generating")
        files, frames = [], 0
        for item in generate_files(
            model,
            output,
            settings,
            count,
            lambda done, total: bar.update(task, completed=done, total=total),
            max_copy,
        ):
            console.print(_line(item, max_copy), soft_wrap=True)
            files.append(_summary(item, max_copy))
            frames += len(item.sound.codes)
    if json:
        # What was made, not what was asked for, nor what it goes on from.
        factor = frames / model.model.frame_rate / (time.perf_counter() - began)
        print_json({"model": model_path, "files": files, "realtime_factor": factor})


def _line(item: "Written", max_copy: float | None) -> str:
    sound = item.sound
    seconds = sound.audio.shape[1] / sound.sample_rate
    head = f"{item.path}: {seconds:.1f} s, {sound.loudness:.1f} LUFS, seed {sound.recipe.seed}{_heard(sound.heard)}."
    if sound.copy is None:
        return f"{head} Whether it copies is not known: the prior was trained before Distill kept what tells."
    if max_copy is not None and sound.copy.percent > max_copy:
        more = f" None of {sound.draws} draws stayed under --max-copy {max_copy:g}; this one copies least."
    else:
        more = ""
    return f"{head} {sound.copy.sentence}{more}"


def _heard(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    return f", after hearing {names[0] if len(names) == 1 else f'{len(names)} recordings'}"


def _summary(item: "Written", max_copy: float | None) -> dict[str, Any]:
    sound = item.sound
    return {
        "path": item.path,
        "seed": sound.recipe.seed,
        "duration_s": sound.audio.shape[1] / sound.sample_rate,
        "sample_rate": sound.sample_rate,
        "loudness_lufs": sound.loudness,
        "sampling": asdict(sound.recipe.sampling),
        "way": asdict(sound.recipe.way),
        "steering": asdict(sound.recipe.steering),
        "model_hash": sound.recipe.model_hash,
        "heard": list(sound.heard),
        "copy": asdict(sound.copy) if sound.copy else None,
        "draws": sound.draws,
        "under_max_copy": None
        if max_copy is None or not sound.copy
        else sound.copy.percent <= max_copy,
    }
