"""Kinds of jobs, in one table: what each is told, what is checked before, who does the work.

The work may load torch. It is named here as text, and loaded by the process of the job alone.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from distill.data.folder import check_corpus_folder
from distill.errors import ModelFileError, OutputError, UsageError
from distill.files import check_place, parse_json, plain_json
from distill.library.log_target import absolute_log
from distill.library.workspace import Workspace
from distill.process import Priority
from distill.training.config import VQVAEConfig
from distill.training.paths import check_model_name, check_untrained
from distill.training.prior_config import PriorConfig

# --- arguments ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScanArguments:
    """Arguments of a scan.

    Attributes:
        sounds: Folder of sounds.
        channels: Channels of the codec to train, 1 or 2; None: as many as suit the folder.
    """

    sounds: str
    channels: int | None = None


@dataclass(frozen=True)
class TrainArguments:
    """Arguments of codec training, as in `distill.train`.

    Attributes:
        sounds: Folder of sounds; may be empty with `resume`.
        output: Model file to write; by default one in the workspace, called as the folder.
        settings: Fields of `VQVAEConfig`.
        prior: Fields of `PriorConfig`, to train a prior afterwards; None: no prior.
        device: `auto`, `cpu`, `cuda` or `mps`.
        model_name: Name in the file; None: that of the file.
        discard_prior: Whether to overwrite a model file that holds a prior.
        overwrite: Whether to overwrite a model without a prior, or an interrupted training.
        resume: Whether to go on with an interrupted training of `output` that no job began.
        parent: Model file to go on from, as in `distill.continue_model`; empty for a first version.
        ignore_choices: Whether all files are heard alike, whatever a person has chosen about them.
        priority: `low` or `normal`.
        log: Where it is logged to as well: `tensorboard=FOLDER`; empty for nowhere else.
    """

    sounds: str
    output: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    prior: dict[str, Any] | None = None
    device: str = "auto"
    model_name: str | None = None
    discard_prior: bool = False
    overwrite: bool = False
    resume: bool = False
    parent: str = ""
    ignore_choices: bool = False
    priority: str = Priority.LOW
    log: str = ""


@dataclass(frozen=True)
class TrainPriorArguments:
    """Arguments of prior training, as in `distill.train_prior`.

    Attributes:
        model: Model file with the codec.
        sounds: Folder of sounds.
        settings: Fields of `PriorConfig`.
        device: `auto`, `cpu`, `cuda` or `mps`.
        learns_on: Whether training begins with the weights of the prior in the file; None: in a
            model that goes on from another.
        ignore_choices: Whether all files are heard alike, whatever a person has chosen about them.
        priority: `low` or `normal`.
        log: Where it is logged to as well: `tensorboard=FOLDER`; empty for nowhere else.
    """

    model: str
    sounds: str
    settings: dict[str, Any] = field(default_factory=dict)
    device: str = "auto"
    learns_on: bool | None = None
    ignore_choices: bool = False
    priority: str = Priority.LOW
    log: str = ""


# --- kinds ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    Attributes:
        arguments: Dataclass of its arguments.
        check: Completes and checks them, before anything is started. Free of torch.
        title: What a job of it does, for people.
        work: Where its work is: `module:function`. It gets a `JobRun` and the arguments.
        is_training: Whether it waits for other trainings of the workspace.
        model: Field with the model file that it writes; empty if it writes none.
    """

    arguments: type
    check: Callable[[Workspace, Any], Any]
    title: Callable[[Any], str]
    work: str
    is_training: bool = True
    model: str = ""


def kind_of(name: str) -> Kind:
    """The kind of this name.

    Raises:
        UsageError: If there is none.
    """
    if name not in KINDS:
        raise UsageError(f"There is no kind of job '{name}': name one of {', '.join(KINDS)}.")
    return KINDS[name]


def parse_arguments(kind_name: str, values: dict[str, Any]) -> Any:
    """The arguments of a kind, from a dict; text and paths become what they stand for.

    Raises:
        UsageError: If one is missing, or none of the kind.
    """
    kind = kind_of(kind_name)
    names = {field.name for field in fields(kind.arguments)}
    if unknown := sorted(set(values) - names):
        raise UsageError(
            f"A job '{kind_name}' takes no '{unknown[0]}': it takes {', '.join(sorted(names))}."
        )
    values = {name: os.fspath(v) if isinstance(v, Path) else v for name, v in values.items()}
    try:
        return kind.arguments(**values)
    except TypeError as error:
        raise UsageError(f"A job '{kind_name}' lacks something: {error}.") from error


def plain_arguments(arguments: Any) -> dict[str, Any]:
    """Arguments as `job.json` keeps them."""
    plain: dict[str, Any] = plain_json(asdict(arguments))
    return plain


def _checked_scan(_workspace: Workspace, arguments: ScanArguments) -> ScanArguments:
    check_corpus_folder(arguments.sounds)
    if arguments.channels not in (None, 1, 2):
        raise UsageError("--channels must be 1 (mono) or 2 (stereo).")
    return replace(arguments, sounds=os.path.abspath(arguments.sounds))


def _checked_train(workspace: Workspace, arguments: TrainArguments) -> TrainArguments:
    sounds = arguments.sounds
    # An interrupted training knows its sounds.
    if sounds or not arguments.resume:
        check_corpus_folder(sounds)
        sounds = os.path.abspath(sounds)
    settings = _checked_settings(arguments.settings, VQVAEConfig)
    prior = arguments.prior
    if prior is not None:
        prior = _checked_prior_settings(prior)
    parent = arguments.parent
    if parent and not Path(parent).is_file():
        raise ModelFileError(f"There is no model file at {parent}: check the name and the folder.")
    output = Path(arguments.output) if arguments.output else _free_model(workspace, sounds)
    check_model_name(output)
    check_place(output)
    if not (arguments.overwrite or arguments.discard_prior or arguments.resume):
        check_untrained(output)
    return replace(
        arguments,
        sounds=sounds,
        output=os.path.abspath(output),
        settings=settings,
        prior=prior,
        parent=os.path.abspath(parent) if parent else "",
        log=absolute_log(arguments.log),
    )


def _checked_train_prior(
    _workspace: Workspace, arguments: TrainPriorArguments
) -> TrainPriorArguments:
    check_corpus_folder(arguments.sounds)
    settings = _checked_prior_settings(arguments.settings)
    model = Path(arguments.model)
    if not model.is_file():
        raise ModelFileError(f"There is no model file at {model}: check the name and the folder.")
    check_place(model)
    return replace(
        arguments,
        sounds=os.path.abspath(arguments.sounds),
        model=os.path.abspath(model),
        settings=settings,
        log=absolute_log(arguments.log),
    )


def _checked_settings(settings: dict[str, Any], config: type) -> dict[str, Any]:
    """Settings that are not None (the others will suit the corpus), if `config` takes them."""
    values = {name: value for name, value in settings.items() if value is not None}
    names = {field.name for field in fields(config)}
    if unknown := sorted(set(values) - names):
        raise UsageError(f"There is no setting '{unknown[0]}' of this training.")
    try:
        config(**values)
    except TypeError as error:
        raise UsageError(f"A setting of this training has a wrong type: {error}.") from error
    return values


def _checked_prior_settings(settings: dict[str, Any]) -> dict[str, Any]:
    values = _checked_settings(settings, PriorConfig)
    try:
        PriorConfig(**values).check()
    except TypeError as error:
        raise UsageError(f"A setting of this training has a wrong type: {error}.") from error
    return values


def _title(sounds: str, model: str) -> str:
    """What a training does; an interrupted one may not know its sounds."""
    return " → ".join(Path(path).name for path in (sounds, model) if path)


def _free_model(workspace: Workspace, sounds: str) -> Path:
    """A model file in the workspace that is called as the folder, and that nobody else writes."""
    try:
        workspace.models.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot make the folder {workspace.models}: {error.strerror or error}."
        ) from error
    outputs = _ordered_outputs(workspace)
    stem = Path(sounds).name or "model"
    path = workspace.models / f"{stem}.sda"
    number = 2
    while os.path.lexists(path) or str(path) in outputs:
        path = workspace.models / f"{stem}-{number}.sda"
        number += 1
    return path


def _ordered_outputs(workspace: Workspace) -> set[str]:
    """Model files that jobs of the workspace were told to write, whether they have or not."""
    outputs = set()
    for path in workspace.jobs.glob("*/job.json"):
        # A damaged order orders nothing.
        with suppress(OSError, ValueError, KeyError, TypeError):
            outputs.add(str(parse_json(path.read_bytes())["arguments"]["output"]))
    return outputs


KINDS = {
    "scan": Kind(
        arguments=ScanArguments,
        check=_checked_scan,
        title=lambda arguments: Path(arguments.sounds).name,
        work="distill.library.job_work:scan",
        is_training=False,
    ),
    "train": Kind(
        arguments=TrainArguments,
        check=_checked_train,
        title=lambda arguments: _title(arguments.sounds, arguments.output),
        work="distill.library.job_work:train",
        model="output",
    ),
    "train-prior": Kind(
        arguments=TrainPriorArguments,
        check=_checked_train_prior,
        title=lambda arguments: _title(arguments.sounds, arguments.model),
        work="distill.library.job_work:train_prior",
        model="model",
    ),
}
"""All kinds of jobs, by name."""
