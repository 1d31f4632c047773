"""`distill generate`: new sound from a model."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.audio.delivery import AS_IS, Delivery
from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.delivery_options import takes_delivery
from distill.cli.generate_options import (
    DEFAULT_NAME,
    Again,
    Amount,
    Bars,
    Blend,
    Brightness,
    ContinueFrom,
    Count,
    Duration,
    Form,
    FormVariation,
    FreeTime,
    Guidance,
    Infill,
    LeadIn,
    Like,
    Loop,
    Loudness,
    MaxCopy,
    Nearness,
    Noisiness,
    OneShot,
    Onsets,
    OptionalModelPath,
    Output,
    Pitch,
    PresetName,
    Seed,
    Start,
    Stop,
    Swing,
    Tag,
    Temperature,
    Tempo,
    TopK,
    TopP,
    VariationOf,
)
from distill.cli.options import Device, Json, Overwrite, Threads, WorkspaceDir
from distill.cli.render_lines import render_line
from distill.cli.work_progress import WorkProgress
from distill.errors import UsageError
from distill.inference.modes.request import Request
from distill.settings import SAMPLE_RATE

if TYPE_CHECKING:
    from distill.library.rendering import Origin
    from distill.models.persistence import LoadedVQModel


@one_sentence_errors
@takes_delivery
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
    delivery: Delivery = AS_IS,
) -> None:
    """Generate new sound from a model with a prior.

    48 kHz, 24 bit, at the level of your recordings, unless another form is asked for. Reports how
    much of it repeats them. The file stores its settings, so that it can be regenerated. The
    workspace keeps its codes (`distill renders`).
    """
    from distill.library.rendering import Origin
    from distill.workflows.load import find_model, load
    from distill.workflows.paths import free_path, output_paths
    from distill.workflows.request import EarlierSound, make_request

    output = output or free_path(delivery.default_name(DEFAULT_NAME), count)
    # Refuse the name of the file before anything is read or computed.
    sources = [model_path, continue_from, variation_of, infill, again]
    output_paths(output, count, sources, overwrite, delivery)
    earlier = EarlierSound.read(again) if again else None
    if earlier:
        delivery = earlier.delivery(delivery)
        delivery.check_file(output, SAMPLE_RATE)
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
    facts = _write(loaded, output, request, workspace, origin, delivery)
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
    delivery: Delivery,
) -> dict[str, Any]:
    """Generate, write and keep all sounds, with a line for each.

    Args:
        loaded: The model.
        output: Name of the file.
        request: What to generate.
        workspace: Folder of the workspace.
        origin: What the sounds come from.
        delivery: The form of the files.

    Returns:
        The facts for `--json`.
    """
    from distill.library.rendering import History, generate_renders, render_facts

    console = make_console()
    # Without loading, which does not depend on the length of the sound.
    began = time.perf_counter()
    files: list[dict[str, Any]] = []
    frames = 0
    with WorkProgress(console, "Generating") as show:
        history = History(workspace)
        for item in generate_renders(loaded, output, request, history, origin, show, delivery):
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
