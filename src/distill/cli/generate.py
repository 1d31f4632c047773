"""`distill generate`: new sound from a model."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Device, Json, Overwrite, Threads, WorkspaceDir
from distill.cli.render_lines import render_line
from distill.errors import UsageError
from distill.inference.modes.request import DEFAULT_AMOUNT, Request
from distill.inference.sampling.settings import DEFAULT_GUIDANCE, Sampling

if TYPE_CHECKING:
    from distill.library.rendering import Origin
    from distill.models.persistence import LoadedVQModel

DEFAULT_NAME = "generated.wav"
"""Name of a sound that was given none."""

# --- what to write ---

OptionalModelPath = Annotated[
    Path | None,
    typer.Argument(
        help="Model file (.sda). May be left out with --again if the model lies beside that sound "
        "or in this folder.",
        metavar="MODEL_PATH",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="File to write, .wav, .flac or .ogg (numbered if there are several). "
        f"Default: {DEFAULT_NAME}, with a number if that exists.",
    ),
]
Duration = Annotated[
    float | None, typer.Option(help=f"Seconds of new sound. Default: {Request.duration:g}.")
]
Seed = Annotated[int | None, typer.Option(help="Same seed, same sound. Default: a new one.")]
Count = Annotated[
    int, typer.Option("--number", "-n", help="Number of sounds, each from the next seed.")
]
MaxCopy = Annotated[
    float | None,
    typer.Option(
        help="Draw again while more than this percentage repeats passages of your recordings."
    ),
]
Again = Annotated[
    Path | None,
    typer.Option(help="Regenerate this file exactly; longer with --duration.", metavar="FILE"),
]

PresetName = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="Settings of a preset (distill presets); options given beside it win.",
        metavar="NAME",
    ),
]

Blend = Annotated[
    list[str] | None,
    typer.Option(
        help="Blend with another model, with a share of 0 to 1: other.sda:0.4.",
        metavar="MODEL:SHARE",
    ),
]

# --- how codes are drawn ---

Temperature = Annotated[
    float | None,
    typer.Option(
        help="Randomness: above 1 wilder, below 1 tamer, 0 = the best event each time. "
        f"Default: {Sampling.temperature:g}."
    ),
]
TopK = Annotated[
    int | None,
    typer.Option(help=f"Draw from the k best events only; 0 is off. Default: {Sampling.top_k}."),
]
TopP = Annotated[
    float | None,
    typer.Option(
        help="Draw from the likeliest events with this total probability; 1 is off. "
        f"Default: {Sampling.top_p:g}."
    ),
]
Nearness = Annotated[
    float | None,
    typer.Option(
        help="1: long stretches as recorded; 0: every event blended with another. In between, "
        f"your events in a new order, beside blends. Default: {Sampling.nearness:g}."
    ),
]
Like = Annotated[
    str | None,
    typer.Option(
        help="Prompt: a recording with this in its name or folder. Default: any recording."
    ),
]
LeadIn = Annotated[
    float | None,
    typer.Option(
        help="Seconds of the prompt. It sets the style and is not played. "
        f"Default: {Sampling.lead_in:g}."
    ),
]

# --- time ---

Tempo = Annotated[
    float | None, typer.Option(help="Beats per minute. Default: those of the prompt.")
]
Bars = Annotated[
    float | None,
    typer.Option(help="Bars of new sound, in place of --duration; the tempo says how long."),
]
Swing = Annotated[
    float | None,
    typer.Option(help="How late every second half of a beat comes: 0 even, 1 triplets."),
]
FreeTime = Annotated[
    bool | None,
    typer.Option("--free-time", help="Keep no beat: events come as your recordings have them."),
]
Form = Annotated[
    str | None,
    typer.Option(help="Capital letters, one a bar, such as AABA. Default: by chance."),
]
FormVariation = Annotated[
    float | None,
    typer.Option(
        help="Share of its events that change where a bar comes back, 0 to 1. "
        f"Default: {Sampling.form_variation:g}."
    ),
]

# --- modes ---

ContinueFrom = Annotated[
    Path | None,
    typer.Option(
        help="Continue this sound file: the result is the file, then --duration more.",
        metavar="FILE",
    ),
]
OneShot = Annotated[
    bool,
    typer.Option(
        "--one-shot", help="A single sound that ends by itself, after --duration at the latest."
    ),
]
Loop = Annotated[
    bool,
    typer.Option("--loop", help="The end flows into the start; about as long as --duration."),
]
VariationOf = Annotated[
    Path | None,
    typer.Option(help="Keep parts of this sound file and regenerate the others.", metavar="FILE"),
]
Amount = Annotated[
    float | None,
    typer.Option(help=f"Share of it to regenerate, 0 to 1. Default: {DEFAULT_AMOUNT:g}."),
]
Infill = Annotated[
    Path | None,
    typer.Option(
        help="Regenerate this sound file between --from and --to so that both sides fit.",
        metavar="FILE",
    ),
]
Start = Annotated[float | None, typer.Option("--from", help="Start of that part, in seconds.")]
Stop = Annotated[float | None, typer.Option("--to", help="End of that part, in seconds.")]

# --- steering ---


def _curve(adjective: str) -> typer.models.OptionInfo:
    """An option for a descriptor; all of them take the same curves."""
    return typer.Option(
        help=f"How {adjective}, 0 to 100 (50 = median of your sounds). "
        "Over time: 0:20,5:90 (seconds:value).",
        metavar="CURVE",
    )


Loudness = Annotated[str | None, _curve("loud")]
Brightness = Annotated[str | None, _curve("bright")]
Noisiness = Annotated[str | None, _curve("noisy")]
Pitch = Annotated[str | None, _curve("high")]
Onsets = Annotated[str | None, _curve("busy")]
Tag = Annotated[
    list[str] | None,
    typer.Option(
        help="Like the sounds in this folder; several with weights, as in drums:0.7.",
        metavar="NAME",
    ),
]
Guidance = Annotated[
    float | None,
    typer.Option(
        help=f"How strictly steering and tags are followed, 0 to 20. Default: {DEFAULT_GUIDANCE:g}."
    ),
]


@one_sentence_errors
def generate_cmd(
    model_path: OptionalModelPath = None,
    output: Output = None,
    overwrite: Overwrite = False,
    duration: Duration = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    nearness: Nearness = None,
    tempo: Tempo = None,
    bars: Bars = None,
    swing: Swing = None,
    free_time: FreeTime = None,
    form: Form = None,
    form_variation: FormVariation = None,
    like: Like = None,
    lead_in: LeadIn = None,
    seed: Seed = None,
    count: Count = Request.count,
    max_copy: MaxCopy = None,
    continue_from: ContinueFrom = None,
    one_shot: OneShot = False,
    loop: Loop = False,
    variation_of: VariationOf = None,
    amount: Amount = None,
    infill: Infill = None,
    start: Start = None,
    stop: Stop = None,
    loudness: Loudness = None,
    brightness: Brightness = None,
    noisiness: Noisiness = None,
    pitch: Pitch = None,
    onsets: Onsets = None,
    tag: Tag = None,
    guidance: Guidance = None,
    blend: Blend = None,
    again: Again = None,
    preset: PresetName = None,
    workspace: WorkspaceDir = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Generate new sound from a model with a prior.

    48 kHz, 24 bit, at the level of your recordings. Reports how much of it repeats them. The file
    stores its settings, so that it can be regenerated. The workspace keeps its codes (`distill
    renders`).
    """
    from distill.library.rendering import Origin
    from distill.workflows.load import find_model, load
    from distill.workflows.paths import free_path, output_paths
    from distill.workflows.request import EarlierSound, make_request

    output = output or free_path(DEFAULT_NAME, count)
    # Refuse the name of the file before anything is read or computed.
    output_paths(output, count, [model_path, continue_from, variation_of, infill, again], overwrite)
    earlier = EarlierSound.read(again) if again else None
    options = _with_preset(
        preset,
        workspace,
        again,
        duration=duration,
        bars=bars,
        seed=seed,
        count=count,
        max_copy=max_copy,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        nearness=nearness,
        tempo=tempo,
        swing=swing,
        free_time=free_time,
        form=form,
        form_variation=form_variation,
        like=like,
        lead_in=lead_in,
        continue_from=continue_from,
        one_shot=one_shot,
        loop=loop,
        variation_of=variation_of,
        amount=amount,
        infill=infill,
        start=start,
        stop=stop,
        loudness=loudness,
        brightness=brightness,
        noisiness=noisiness,
        pitch=pitch,
        onsets=onsets,
        tags=tag,
        guidance=guidance,
        blend=blend,
    )
    request = make_request(earlier, **options)
    # The file names its model by id, and says how many threads it took.
    recipe = earlier.recipe if earlier else None
    model_path = model_path or find_model(recipe, again)
    if threads is None and recipe:
        threads = recipe.threads
    loaded = load(model_path, device, threads)
    if earlier:
        earlier.recipe.check_model(loaded, earlier.path)
    origin = Origin(source_path=continue_from or variation_of or infill)
    facts = _write(loaded, output, request, workspace, origin, quiet=json)
    if json:
        print_json({"model": model_path, **facts})


def _with_preset(
    preset: str | None, workspace: Path | None, again: Path | None, **options: Any
) -> dict[str, Any]:
    """Options, with those of a preset where none is given."""
    from distill.library.preset_options import with_preset
    from distill.library.presets import load_preset
    from distill.library.workspace import open_workspace

    if preset is None:
        return options
    if again is not None:
        raise UsageError("--again has the settings of that sound: leave out --preset.")
    return with_preset(load_preset(open_workspace(workspace, make=False), preset), options)


def _write(
    loaded: "LoadedVQModel",
    output: Path,
    request: Request,
    workspace: Path | None,
    origin: "Origin",
    quiet: bool,
) -> dict[str, Any]:
    """Generate, write and keep all sounds, with a line for each.

    Args:
        loaded: The model.
        output: Name of the file.
        request: What to generate.
        workspace: Folder of the workspace.
        origin: What the sounds come from.
        quiet: Whether to print nothing.

    Returns:
        The facts for `--json`.
    """
    from rich.progress import Progress

    from distill.library.rendering import History, generate_renders, render_facts

    console = make_console(quiet=quiet)
    # Without loading, which does not depend on the length of the sound.
    began = time.perf_counter()
    files: list[dict[str, Any]] = []
    frames = 0
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Generating")

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        history = History(workspace)
        for item in generate_renders(loaded, output, request, history, origin, show):
            # They are the same for all sounds of one source.
            for remark in item.sound.remarks if not files else ():
                console.print(remark, style="yellow", soft_wrap=True)
            console.print(render_line(item, request.max_copy), soft_wrap=True)
            if item.remark:
                console.print(item.remark, style="yellow", soft_wrap=True)
            files.append(render_facts(item, request.max_copy))
            # The new part alone, without the sound that it continues.
            frames += len(item.sound.codes)
    seconds = frames / loaded.model.frame_rate
    return {"files": files, "realtime_factor": seconds / (time.perf_counter() - began)}
