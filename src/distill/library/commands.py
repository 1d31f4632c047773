"""Actions as commands: the line for a terminal that does what a button of a face does.

Free of torch. Each line names the workspace where that is not the usual one.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from distill.audio.descriptor_names import DESCRIPTORS
from distill.inference.modes.request import SETTING_OPTIONS
from distill.library.corpora import Corpus
from distill.library.generation_requests import Generate
from distill.library.job_types import Job
from distill.library.model import Model
from distill.library.render import Render
from distill.library.workspace import Workspace, workspace_root

Commands = dict[str, str]
"""Lines by the name of the action."""

OTHER_OPTIONS = {"count": "--number", "like": "--like", **SETTING_OPTIONS}
"""Options that are not called as their setting."""

COMMON_OPTIONS = {
    "minutes": "--minutes",
    "epochs": "--epochs",
    "learning_rate": "--lr",
    "device": "--device",
    "threads": "--threads",
    "priority": "--priority",
    "ignore_choices": "--ignore-choices",
}

TRAIN_OPTIONS = COMMON_OPTIONS | {
    "steps": "--steps",
    "codebook_size": "--codebook-size",
    "num_quantizers": "--rvq-levels",
    "batch_size": "--batch-size",
    "channels": "--channels",
    "seed": "--seed",
    "early_stop": "--no-early-stop",
    "model_name": "--model-name",
    "overwrite": "--overwrite",
    "discard_prior": "--discard-prior",
}
"""Options of `distill train` by the names of their arguments and settings."""

PRIOR_OPTIONS = COMMON_OPTIONS | {
    "max_epochs": "--epochs",
    "hidden_size": "--hidden-size",
    "num_layers": "--layers",
    "num_heads": "--heads",
    "learns_on": "--learn-on",
}
"""The same of `distill train-prior`."""

USUAL = {"device": "auto", "priority": "low"}
"""Values that need not be said."""


def command(workspace: Workspace, *words: object) -> str:
    """A line for a terminal; words of every kind are quoted where it needs that."""
    parts = ["distill", *map(str, words)]
    if workspace.root != workspace_root():
        parts += ["--workspace", str(workspace.root)]
    return shlex.join(parts)


def generate_command(workspace: Workspace, request: Generate) -> str:
    """`distill generate` for a request."""
    words: list[object] = ["generate", request.model]
    for name, value in request.settings.items():
        words += _option(name, value)
    return command(workspace, *words)


def _option(name: str, value: Any) -> list[object]:
    """An option of `distill generate` with its value; nothing for one that is off."""
    option = OTHER_OPTIONS.get(name, f"--{name.replace('_', '-')}")
    if value is None or value is False or (name == "count" and value == 1):
        return []
    if value is True:
        return [option]
    if name in DESCRIPTORS:
        return [option, _curve(value)]
    if name == "tags":
        pairs = value.items() if isinstance(value, Mapping) else value
        return [word for tag, weight in pairs for word in ("--tag", f"{tag}:{weight:g}")]
    if name == "blend":
        return [option, f"{value[0]}:{value[1]:g}"]
    return [option, f"{value:g}" if isinstance(value, float) else value]


def _curve(points: Sequence[Sequence[float]]) -> str:
    """Points as the command line takes them; a single one is a number."""
    if len(points) == 1:
        return f"{points[0][1]:g}"
    return ",".join(f"{seconds:g}:{value:g}" for seconds, value in points)


def job_command(workspace: Workspace, kind: str, arguments: Mapping[str, Any]) -> str:
    """The line that orders a job."""
    sounds = arguments.get("sounds", "")
    if kind == "scan":
        return command(workspace, "doctor", sounds)
    if kind == "train-prior":
        words: list[object] = ["train-prior", arguments["model"], sounds]
        words += _options(PRIOR_OPTIONS, arguments | arguments.get("settings", {}))
        return command(workspace, *words, "--detach")
    words = (
        ["train", "--resume", arguments["output"]]
        if arguments.get("resume")
        else _begin(sounds, arguments)
    )
    words += _options(TRAIN_OPTIONS, arguments | arguments.get("settings", {}))
    words += ["--then-prior"] if arguments.get("prior") is not None else []
    return command(workspace, *words, "--detach")


def _begin(sounds: object, arguments: Mapping[str, Any]) -> list[object]:
    """The first words of a training that begins anew."""
    words: list[object] = ["train", sounds]
    words += ["--output", arguments["output"]] if arguments.get("output") else []
    words += ["--continue-model", arguments["parent"]] if arguments.get("parent") else []
    return words


def _options(names: Mapping[str, str], values: Mapping[str, Any]) -> list[object]:
    """Options of those of `values` that are set, by their names."""
    words: list[object] = []
    for name, option in names.items():
        value = values.get(name)
        if name == "early_stop":
            value = value is False
        if value is True:
            words.append(option)
        elif value not in (None, False, "", USUAL.get(name)):
            words += [option, value]
    return words


def jobs_commands(workspace: Workspace, job: Job) -> Commands:
    """What can be done with a job."""
    lines = {"order": job_command(workspace, job.kind, job.arguments)}
    if job.state.is_alive:
        lines["watch"] = command(workspace, "jobs", "watch", job.id)
        lines["stop"] = command(workspace, "jobs", "stop", job.id)
    elif job.state.can_go_on:
        lines["go on"] = command(workspace, "jobs", "resume", job.id)
    return lines


def corpus_commands(workspace: Workspace, corpus: Corpus) -> Commands:
    """What can be done with a corpus as a whole."""
    return {
        "list": command(workspace, "corpus", "list", corpus.folder),
        "scan": command(workspace, "doctor", corpus.folder),
        "add sounds": command(workspace, "corpus", "add", corpus.folder, "SOUND.wav"),
        "train": command(workspace, "train", corpus.folder, "--then-prior", "--detach"),
    }


def file_commands(workspace: Workspace, corpus: Corpus, name: str) -> Commands:
    """What can be done with a file of a corpus."""

    def line(verb: str, *words: object) -> str:
        return command(workspace, "corpus", verb, corpus.folder, name, *words)

    return {
        "mute": line("mute"),
        "unmute": line("unmute"),
        "weight": line("weight", "--weight", 2),
        "tag": line("tag", "--tag", "NAME"),
        "note": line("note", "--text", "TEXT"),
        "show": line("show"),
    }


def render_commands(workspace: Workspace, render: Render) -> Commands:
    """What can be done with a generated sound."""

    def line(verb: str, *words: object) -> str:
        return command(workspace, "renders", verb, render.id, *words)

    return {
        "again": line("again"),
        "twice as long": line("longer", "--duration", f"{2 * render.duration_s:g}"),
        "vary": line("vary"),
        "as codes": command(workspace, "documents", "new", render.id),
        "star": line("star", *(["--off"] if render.starred else [])),
        "name": line("rename", "NAME"),
        "note": line("note", "TEXT"),
        "to the bin": line("delete"),
        "bring back": line("restore"),
    }


def model_commands(workspace: Workspace, model: Model) -> Commands:
    """What can be done with a model."""

    def line(verb: str, *words: object) -> str:
        return command(workspace, "models", verb, model.id, *words)

    go_on = command(workspace, "train", "SOUNDS", "--continue-model", model.path, "--then-prior")
    lines = {"make": command(workspace, "generate", model.path)} if model.has_prior else {}
    return lines | {
        "go on from it": go_on,
        "show": line("show"),
        "name": line("rename", "NAME"),
        "to the bin": line("delete"),
        "bring back": line("restore"),
    }


def comparison_commands(workspace: Workspace, comparison: str, pair: int = 1) -> Commands:
    """What can be done with a comparison; none of the lines tells which side is which."""

    def line(verb: str, *words: object) -> str:
        return command(workspace, "compare", verb, comparison, *words)

    return {
        "hear": line("play", pair, "x"),
        "vote": line("vote", pair, "x"),
        "result": line("result"),
        "to the bin": line("delete"),
    }


def compare_command(workspace: Workspace, sides: Iterable[Path | str], **options: Any) -> str:
    """`distill compare new` for two models, or two sounds."""
    words: list[object] = ["compare", "new", *sides]
    for name, value in options.items():
        words += [f"--{name}", value] if value not in (None, "") else []
    return command(workspace, *words)


def preset_command(workspace: Workspace, title: str, settings: Mapping[str, Any]) -> str:
    """`distill presets save` for settings under a title."""
    words: list[object] = ["presets", "save", title]
    for name, value in settings.items():
        if name == "tags":
            pairs = value.items() if isinstance(value, Mapping) else value
            value = ",".join(f"{tag}:{weight:g}" for tag, weight in pairs)
        elif name in DESCRIPTORS:
            value = _curve(value)
        words += ["--set", f"{name}={value}"]
    return command(workspace, *words)
