"""`/presets` and `/drafts`: settings under a name, and those that were not used yet."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from distill.library.commands import preset_command
from distill.library.drafts import delete_draft, load_draft, save_draft
from distill.library.preset import ModelMention, Preset, check_settings
from distill.library.presets import (
    delete_preset,
    list_presets,
    load_preset,
    restore_preset,
    save_preset,
)
from distill.ui.api import Endpoint
from distill.ui.context import Context
from distill.ui.messages import CommandView
from distill.ui.routes.models import DeletedView


@dataclass(frozen=True)
class PresetsView:
    """The presets.

    Attributes:
        presets: By folder and name.
        problems: Sentences on files that cannot be used.
    """

    presets: list[Preset]
    problems: list[str]


@dataclass(frozen=True)
class NewPreset:
    """Settings to save.

    Attributes:
        title: Its name, with folders before it: `drums/warm`.
        settings: Settings of `distill generate` by name, the mode among them as `way`.
        model: The model that it is for; None for any.
        notes: Notes of a person.
        overwrite: Whether an earlier preset of that name is replaced.
    """

    IS_BODY: ClassVar = True
    title: str
    settings: dict[str, Any]
    model: ModelMention | None = None
    notes: str = ""
    overwrite: bool = False


@dataclass(frozen=True)
class Draft:
    """What is set on a page and not used yet.

    Attributes:
        draft: Anything.
    """

    IS_BODY: ClassVar = True
    draft: dict[str, Any] = field(default_factory=dict)


def list_all_presets(context: Context, q: str = "", model_id: str | None = None) -> PresetsView:
    """The presets; with `model_id`, general ones and those for that model."""
    shown = list_presets(context.workspace, q, model_id)
    return PresetsView(presets=shown.presets, problems=shown.problems)


def put_preset(context: Context, body: NewPreset) -> Preset:
    """Save settings under a name."""
    return save_preset(
        context.workspace,
        body.title,
        body.settings,
        model=body.model,
        notes=body.notes,
        overwrite=body.overwrite,
    )


def show_preset_command(context: Context, body: NewPreset) -> CommandView:
    """The line for a terminal that saves the same preset."""
    settings = check_settings(body.settings)
    return CommandView(command=preset_command(context.workspace, body.title, settings))


def show_preset(context: Context, preset: str) -> Preset:
    """A preset."""
    return load_preset(context.workspace, preset)


def drop_preset(context: Context, preset: str, for_good: bool = False) -> DeletedView:
    """Move a preset to the bin."""
    deleted = delete_preset(context.workspace, preset, for_good)
    return DeletedView(id=deleted.id, name=deleted.name)


def bring_preset_back(context: Context, preset: str) -> Preset:
    """Bring a deleted preset back."""
    return restore_preset(context.workspace, preset)


def show_draft(context: Context, place: str) -> Draft:
    """The draft of a place; empty where there is none."""
    return Draft(draft=load_draft(context.workspace, place))


def put_draft(context: Context, place: str, body: Draft) -> None:
    """Keep a draft in place of an earlier one."""
    save_draft(context.workspace, place, body.draft)


def drop_draft(context: Context, place: str) -> None:
    """Forget a draft."""
    delete_draft(context.workspace, place)


ENDPOINTS = (
    Endpoint("GET", "/presets", list_all_presets),
    Endpoint("PUT", "/presets", put_preset),
    Endpoint("POST", "/presets/command", show_preset_command),
    Endpoint("GET", "/presets/{preset}", show_preset),
    Endpoint("DELETE", "/presets/{preset}", drop_preset),
    Endpoint("POST", "/presets/{preset}/restore", bring_preset_back),
    Endpoint("GET", "/drafts/{place}", show_draft),
    Endpoint("PUT", "/drafts/{place}", put_draft),
    Endpoint("DELETE", "/drafts/{place}", drop_draft),
)
