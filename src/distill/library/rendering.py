"""Rendering: generate sounds, write them, and keep them in the workspace.

It loads torch, unlike `renders`, which keeps and finds. A workspace that cannot be used costs a
remark, never a sound.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from distill.audio.delivery import AS_IS, Delivery
from distill.errors import DistillError, UsageError
from distill.files import FilePath
from distill.inference.blending.settings import BlendRecord
from distill.inference.generate import Generated
from distill.inference.modes.request import Request
from distill.inference.modes.traits import traits_of
from distill.inference.recipe import make_recipe
from distill.library.models import find_model_file, find_second_file
from distill.library.render import Render
from distill.library.render_places import free_place, record_path
from distill.library.renders import add_render, load_render
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import LoadedVQModel
from distill.workflows.describe_results import generated_facts
from distill.workflows.generate import Progress, generate_files
from distill.workflows.load import Loader, load
from distill.workflows.paths import output_paths
from distill.workflows.request import EarlierSound, make_request


@dataclass(frozen=True)
class RenderResult:
    """A sound that was generated and written.

    Attributes:
        path: Its file.
        sound: The sound.
        render: Its record; None if the workspace cannot be used.
        remark: Why not, in a sentence, once for sounds that follow one another; else empty.
    """

    path: Path
    sound: Generated
    render: Render | None
    remark: str = ""


@dataclass(frozen=True)
class Origin:
    """What a sound comes from, beside model and settings.

    Attributes:
        source_path: The sound file that it starts from; None without one.
        render_id: The render that it makes again, longer or another way; empty without one.
        blend_path: File of the second model of a blend; None without one.
        sofa_path: SOFA file of a binaural sound; None for another.
    """

    source_path: FilePath | None = None
    render_id: str = ""
    blend_path: FilePath | None = None
    sofa_path: FilePath | None = None


class History:
    """Keeps generated sounds in a workspace. One that cannot be kept does not stop the next.

    Args:
        place: The workspace, or its folder; None for the usual one.

    Attributes:
        remark: Why the last sound was not kept; empty if it was.
    """

    def __init__(self, place: Workspace | FilePath | None = None) -> None:
        self.remark = ""
        self.workspace: Workspace | None = None
        try:
            self.workspace = place if isinstance(place, Workspace) else open_workspace(place)
        except DistillError as error:
            self._note(error)

    def keep(
        self, path: Path, sound: Generated, loaded: LoadedVQModel, origin: Origin
    ) -> Render | None:
        """Keep a sound.

        Args:
            path: Its file, just written.
            sound: The sound.
            loaded: The model that made it.
            origin: What it comes from.

        Returns:
            Its record; None where it cannot be kept, and `remark` says why.
        """
        if self.workspace is None:
            return None
        try:
            render = _record(path, sound, loaded, origin)
            save_codes = partial(sound.save_codes, source=path.name)
            render = add_render(self.workspace, render, save_codes)
        except (DistillError, OSError) as error:
            self._note(error)
            return None
        self.remark = ""
        return render

    def _note(self, error: Exception) -> None:
        self.remark = f"Written, but not kept in the history: {error}"


def _record(path: Path, sound: Generated, loaded: LoadedVQModel, origin: Origin) -> Render:
    """The record of a sound, without what `add_render` adds."""
    return Render(
        id="",
        path=path,
        made="",
        recipe=_plain(sound.recipe.entries()),
        codes_start_s=sound.grid_start / sound.sample_rate,
        model_name=str(loaded.metadata.get("name") or loaded.path.stem),
        model_path=Path(os.path.abspath(loaded.path)),
        source_path=_absolute(origin.source_path),
        blend_path=_absolute(origin.blend_path),
        sofa_path=_absolute(origin.sofa_path),
        duration_s=sound.audio.shape[1] / sound.sample_rate,
        sample_rate=sound.sample_rate,
        channels=len(sound.audio),
        loudness_lufs=sound.loudness if abs(sound.loudness) < float("inf") else None,
        copy=_plain(asdict(sound.copy)) if sound.copy else None,
        timing=_plain(asdict(sound.timing)) if sound.timing else None,
        heard=sound.prompt_names,
        draws=sound.draws,
        remarks=sound.remarks,
        origin=origin.render_id,
    )


def _absolute(path: FilePath | None) -> Path | None:
    return None if path is None else Path(os.path.abspath(path))


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Entries as JSON gives them back, with lists in place of tuples."""
    entries: dict[str, Any] = json.loads(json.dumps(facts))
    return entries


def generate_renders(
    loaded: LoadedVQModel,
    output: FilePath,
    request: Request,
    history: History,
    origin: Origin = Origin(),
    progress: Progress = lambda done, total: None,
    delivery: Delivery = AS_IS,
) -> Iterator[RenderResult]:
    """Generate the sounds of `request`; write and keep each as soon as it is ready.

    Args:
        loaded: A model with a prior.
        output: Name of the file; numbered if there are several. Files that exist are replaced.
        request: What to generate.
        history: Keeps them.
        origin: What they come from.
        progress: Takes the number of frames drawn so far and the number of all frames.
        delivery: The form of the files.

    Raises:
        OutputError: The files cannot be written there.
        NoPriorError: The model has no prior yet.
        UsageError: A setting is out of range.

    Example:
        for result in generate_renders(load("my.sda"), "new.wav", Request(seed=7), History()):
            print(result.path, result.render.id)
    """
    last_remark = ""
    if request.blend:
        origin = replace(origin, blend_path=request.blend.path)
    origin = replace(origin, sofa_path=delivery.binaural)
    for file in generate_files(loaded, output, request, progress, delivery=delivery):
        render = history.keep(file.path, file.sound, loaded, origin)
        remark = "" if history.remark == last_remark else history.remark
        last_remark = history.remark
        yield RenderResult(path=file.path, sound=file.sound, render=render, remark=remark)


def render_facts(result: RenderResult, max_copy: float | None = None) -> dict[str, Any]:
    """Facts about a sound for programs, with its record and its codes.

    Args:
        result: The sound.
        max_copy: Percentage of it that was allowed to repeat passages of the corpus; None: any.
    """
    render = result.render
    facts = asdict(generated_facts(result.path, result.sound, max_copy))
    return facts | {"render": render and render.id, "codes": render and render.codes}


# --- again, longer, varied ------------------------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """How a model is loaded for a render.

    Attributes:
        model: The model file; None looks for the one that made the render.
        device: `auto`, `cpu`, `cuda` or `mps`.
        threads: CPU threads; None takes as many as the render did.
        load: Loads it; the player holds models in memory.
    """

    model: FilePath | None = None
    device: str = "auto"
    threads: int | None = None
    load: Loader = load


def make_again(
    workspace: Workspace,
    render_id: str,
    *,
    output: FilePath | None = None,
    duration: float | None = None,
    source: FilePath | None = None,
    machine: Machine = Machine(),
    progress: Progress = lambda done, total: None,
    delivery: Delivery = AS_IS,
) -> RenderResult:
    """Make a render once more, the same to the sample; or another length of it that begins alike.

    Args:
        workspace: The workspace.
        render_id: The render. Its sound file is not needed.
        output: Name of the file; None for a free one in the workspace.
        duration: Seconds of another version; None for the same sound.
        source: The sound that it was made from, if that lies elsewhere now.
        machine: The model file, the device and the threads.
        progress: Takes the number of frames drawn so far and the number of all frames.
        delivery: The form of the file, where it is another than that of the render.

    Raises:
        UsageError: The render, its model or its source is missing.
        CodebookMismatchError: Another model made it.
        OutputError: The file cannot be written.
    """
    render = load_render(workspace, render_id)
    recipe = make_recipe(dict(render.recipe), record_path(workspace, render_id))
    mode = traits_of(recipe.way)
    source = source or render.source_path
    if mode.takes_source and (source is None or not os.path.exists(source)):
        raise UsageError(
            f"'{recipe.way.source}', which {render.path.name} was made from, is not at {source}: "
            "name it with --source."
        )
    options: dict[str, Any] = {mode.argument: source} if mode.takes_source else {}
    if recipe.blend:
        options["blend"] = find_second_file(workspace, render, recipe.blend)
    earlier = EarlierSound(path=render.path, recipe=recipe)
    request = make_request(earlier, duration=duration, **options)
    ending = "again" if duration is None else "longer"
    delivery = earlier.delivery(delivery, render.sofa_path)
    output = _checked_output(workspace, render, output, ending, 1, delivery)
    loaded = _load(workspace, render, machine)
    recipe.check_model(loaded, render.path)
    origin = Origin(source_path=source, render_id=render_id)
    results = generate_renders(
        loaded, output, request, History(workspace), origin, progress, delivery
    )
    return next(results)


def make_variations(
    workspace: Workspace,
    render_id: str,
    *,
    amount: float | None = None,
    seed: int | None = None,
    count: int = 1,
    output: FilePath | None = None,
    machine: Machine = Machine(),
    progress: Progress = lambda done, total: None,
    delivery: Delivery = AS_IS,
) -> Iterator[RenderResult]:
    """Vary a render: stretches of it stay, others are drawn anew with its settings.

    Args:
        workspace: The workspace.
        render_id: The render.
        amount: Share that is drawn anew, 0 to 1; None for 0.3.
        seed: Of the first variation; None for a new one.
        count: Number of variations.
        output: Name of the file; None for a free one in the workspace.
        machine: The model file, the device and the threads.
        progress: Takes the number of frames drawn so far and the number of all frames.
        delivery: The form of the files, where it is another than that of the render.

    Raises:
        UsageError: The render or its model is missing, another model rendered it as a whole, or a
            number is out of range.
        AudioError: Its sound file cannot be read.
        OutputError: The files cannot be written.
    """
    render = load_render(workspace, render_id)
    recipe = make_recipe(dict(render.recipe), record_path(workspace, render_id))
    # The prior hears the sound itself: a prompt has no place before it.
    settings = asdict(recipe.sampling)
    options = {name: settings[name] for name in settings.keys() - {"lead_in", "like"}}
    if blend := recipe.blend:
        _check_versions(render, blend)
        options["blend"] = (find_second_file(workspace, render, blend), blend.share)
    request = make_request(
        variation_of=render.path, amount=amount, seed=seed, count=count, **options
    )
    # Width and place are in its sound already.
    delivery = delivery.over(recipe.delivery.without_space)
    output = _checked_output(workspace, render, output, "variation", count, delivery)
    loaded = _load(workspace, render, machine)
    origin = Origin(source_path=render.path, render_id=render_id)
    yield from generate_renders(
        loaded, output, request, History(workspace), origin, progress, delivery
    )


def _check_versions(render: Render, blend: BlendRecord) -> None:
    """`UsageError` for a render that the second model has re-encoded: no stretch of it can stay."""
    if not blend.versions:
        raise UsageError(
            f"{render.title} was rendered as a whole by '{blend.name}', so that no stretch of it "
            "can stay: generate another from another seed."
        )


def _checked_output(
    workspace: Workspace,
    render: Render,
    output: FilePath | None,
    ending: str,
    count: int,
    delivery: Delivery,
) -> FilePath:
    """The name of the file: `output`, else a free one in the workspace; never that of its source.

    Args:
        workspace: The workspace.
        render: The render that is made again.
        output: The name that was asked for.
        ending: What follows the name of the sound.
        count: Number of sounds.
        delivery: The form of the files.
    """
    if output is None:
        name = delivery.default_name(f"{render.path.stem}-{ending}.wav")
        return free_place(workspace, name, count)
    output_paths(output, count, [render.path, render.source_path], False, delivery)
    return output


def _load(workspace: Workspace, render: Render, machine: Machine) -> LoadedVQModel:
    model = machine.model or find_model_file(workspace, render)
    # Threads decide the order of sums, and with it the last bits.
    threads = machine.threads or render.recipe.get("threads")
    return machine.load(model, machine.device, threads)
