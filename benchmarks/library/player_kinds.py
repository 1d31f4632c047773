"""Requests of each kind to the player, and what they are made of."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import distill
from distill.audio.io import read_audio
from distill.audio.write import write_sound
from distill.inference.codes.grid import CodeGrid
from distill.library.comparison import Couple
from distill.library.documents import create_document
from distill.library.picture_cache import picture_folder
from distill.library.player_requests import (
    CompareModels,
    CompareSounds,
    ConvertSound,
    CountCodes,
    Decode,
    DecodeDocument,
    DecodeEntry,
    DrawSound,
    Edit,
    EditDocument,
    Encode,
    FindSources,
    Generate,
    MakeAgain,
    MeasureCurves,
    Picture,
    PlayerRequest,
    Preview,
    PreviewSound,
    Stream,
    Vary,
    Warm,
)
from distill.library.rendering import History, generate_renders
from distill.library.workspace import Workspace
from distill.workflows.request import make_request

LONG_S = (300.0, 600.0)
"""Seconds of long sounds and codes."""

HEALED_S = 60.0
"""Seconds of a grid whose seams are healed in less than a minute, one a second."""


@dataclass(frozen=True)
class Material:
    """What requests are made of.

    Attributes:
        workspace: Workspace of the player.
        model: Model file with a prior.
        second: Another model, to blend with.
        sound: Sound file of a few seconds.
        long_sounds: Sound files by their seconds.
        codes: Codes files by their seconds, with a seam a second.
        document: Document of the codes of 300 s, without seams.
        render: A generated sound of a few seconds.
        folder: Folder for results.
    """

    workspace: Workspace
    model: Path
    second: Path
    sound: Path
    long_sounds: Mapping[float, Path]
    codes: Mapping[float, Path]
    document: str
    render: str
    folder: Path


def generate(material: Material, **settings: Any) -> PlayerRequest:
    """New sound with `settings`."""
    output = material.folder / "out.flac"
    return Generate(model=material.model, output=output, settings={"seed": 1, **settings})


def edit(material: Material, codes: Path, *lines: str) -> PlayerRequest:
    """Edits of `codes`."""
    output = material.folder / "out.json"
    return Edit(codes=codes, output=output, lines=lines, model=material.model)


def draw(material: Material) -> PlayerRequest:
    """Pictures of a long sound, which are drawn once: those of an earlier run are removed."""
    shutil.rmtree(picture_folder(material.workspace), ignore_errors=True)
    return DrawSound(material.long_sounds[600])


def hear(material: Material, *lines: str) -> PlayerRequest:
    """The sound of a document, or of what edits would make of it."""
    output = material.folder / "out.wav"
    return DecodeDocument(material.document, material.model, output, lines=lines)


def change(material: Material, *lines: str) -> PlayerRequest:
    """Edits of a document, tried: kept ones would make it another."""
    return EditDocument(material.document, lines, model=material.model, is_trial=True)


KINDS: Mapping[str, Callable[[Material], PlayerRequest]] = {
    "generate 20 s": lambda m: generate(m, duration=20.0),
    "generate 8 of 5 s": lambda m: generate(m, duration=5.0, count=8),
    "generate 300 s": lambda m: generate(m, duration=300.0),
    "steered 20 s": lambda m: generate(m, duration=20.0, brightness=[[0, 20], [20, 80]]),
    "draw again 20 s": lambda m: generate(m, duration=20.0, max_copy=0.0),
    "blend 20 s": lambda m: generate(m, duration=20.0, blend=[str(m.second), 0.5]),
    "loop": lambda m: generate(m, duration=4.0, loop=True, free_time=True),
    "one-shot": lambda m: generate(m, duration=5.0, one_shot=True),
    "continue": lambda m: generate(m, duration=5.0, continue_from=str(m.sound)),
    "variation": lambda m: generate(m, variation_of=str(m.sound)),
    "infill": lambda m: generate(m, infill=str(m.sound), start=1.0, stop=2.0),
    "again": lambda m: MakeAgain(m.render, m.folder / "out.wav"),
    "longer 60 s": lambda m: MakeAgain(m.render, m.folder / "out.wav", duration=60.0),
    "vary": lambda m: Vary(m.render, seed=1, count=4, output=m.folder / "out.wav"),
    "stream": lambda m: Stream(model=m.model),
    "warm": lambda m: Warm(m.model),
    "encode 300 s": lambda m: Encode(m.model, m.long_sounds[300], m.folder / "out.json"),
    "encode 600 s": lambda m: Encode(m.model, m.long_sounds[600], m.folder / "out.json"),
    "decode 300 s": lambda m: Decode(m.model, m.codes[300], m.folder / "out.flac"),
    "decode 600 s": lambda m: Decode(m.model, m.codes[600], m.folder / "out.flac"),
    "decode an entry": lambda m: DecodeEntry(m.model, "1:3", m.folder / "out.wav"),
    "heal 59 seams": lambda m: edit(m, m.codes[60], "heal"),
    "heal 299 seams": lambda m: edit(m, m.codes[300], "heal"),
    "heal a region": lambda m: edit(m, m.codes[60], "heal --from 1 --to 11"),
    "blend codes 600 s": lambda m: edit(
        m, m.codes[600], "drift --amount 0.5", f"blend '{m.codes[600]}' --amount 0.5"
    ),
    "document heal": lambda m: change(m, "heal --from 100 --to 110"),
    "document drift": lambda m: change(m, "drift --amount 0.5"),
    "hear 300 s": hear,
    "hear a trial": lambda m: hear(m, "drift --amount 0.5"),
    "count codes": lambda m: CountCodes(m.model),
    "picture 600 s": lambda m: Picture(m.codes[600], m.folder / "out.png", m.model),
    "draw 600 s": draw,
    "compare models": lambda m: CompareModels(m.model, m.model, pairs=4),
    "compare 600 s": lambda m: CompareSounds((Couple(m.long_sounds[600], m.sound),), ("a", "b")),
    "preview": lambda m: Preview(
        m.model, m.folder / "previews", (PreviewSound(m.sound),) * 6, seeds=(1, 2, 3)
    ),
    "curves 600 s": lambda m: MeasureCurves(m.model, m.long_sounds[600]),
    "sources 600 s": lambda m: FindSources(m.model, m.long_sounds[600]),
    "convert 600 s": lambda m: ConvertSound(m.long_sounds[600], m.folder / "out.flac"),
}
"""A request of each kind, made anew for every run."""


def make_material(
    workspace: Workspace, models: tuple[Path, Path], sound: Path, folder: Path
) -> Material:
    """Long sounds and codes, repeated from `sound`; a document and a render."""
    model, second = models
    loaded = distill.load(model, "cpu", threads=1)
    audio = read_audio(sound)
    long_sounds = {}
    for seconds in LONG_S:
        repeats = 1 + round(seconds * loaded.model.sample_rate / audio.shape[1])
        path = folder / f"{seconds:g}.wav"
        long_sounds[seconds] = write_sound(path, np.tile(audio, (1, repeats)))
    grid = distill.encode(loaded, sound)
    grids = {seconds: _longer(grid, seconds) for seconds in (HEALED_S, *LONG_S)}
    request = make_request(duration=5.0, seed=1)
    (result,) = generate_renders(loaded, folder / "render.wav", request, History(workspace))
    assert result.render is not None
    return Material(
        workspace=workspace,
        model=model,
        second=second,
        sound=sound,
        long_sounds=long_sounds,
        codes={
            seconds: distill.save_codes(folder / f"{seconds:g}.json", grid)
            for seconds, grid in grids.items()
        },
        document=create_document(workspace, replace(grids[LONG_S[0]], seams=()), "long").id,
        render=result.render.id,
        folder=folder,
    )


def _longer(grid: CodeGrid, seconds: float) -> CodeGrid:
    """A grid, repeated to that length, with a seam a second."""
    codes = np.tile(grid.codes, (1 + round(seconds / grid.seconds), 1))
    second = round(grid.frame_rate)
    return replace(
        grid,
        codes=codes,
        n_samples=len(codes) * grid.frame_hop,
        seams=tuple(range(second, len(codes), second)),
    )
