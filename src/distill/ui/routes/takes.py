"""`/takes`: new sounds, and what else the player does while a tab waits for it."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from distill.library.commands import generate_command
from distill.library.takes import SoundKind, order_takes, take_order
from distill.ui.api import Endpoint
from distill.ui.context import Context
from distill.ui.messages import CommandView
from distill.ui.tasks import TaskView, submit, view_of


@dataclass(frozen=True)
class SoundId:
    """A sound.

    Attributes:
        kind: `render` for a generated sound, `sound` for any by its SHA-256.
        id: Id of the render, or SHA-256 of the file.
    """

    kind: SoundKind
    id: str


@dataclass(frozen=True)
class SecondModel:
    """A second model of a blend.

    Attributes:
        model: Its id.
        share: Its share, 0 to 1.
    """

    model: str
    share: float


@dataclass(frozen=True)
class NewTakes:
    """Sounds to generate.

    Attributes:
        model: Id of the model.
        settings: Settings of `distill generate` by name, the mode among them as `way`.
        seed: Of the first; None for a new one.
        count: Number of sounds.
        source: The sound to start from, in modes that take one.
        blend: A second model.
    """

    IS_BODY: ClassVar = True
    model: str
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    count: int = 1
    source: SoundId | None = None
    blend: SecondModel | None = None


def make_takes(context: Context, body: NewTakes) -> list[TaskView]:
    """Generate sounds, each as a task; each becomes a render as soon as it is ready."""
    requests = order_takes(
        context.workspace,
        body.model,
        body.settings,
        seed=body.seed,
        count=body.count,
        source=(body.source.kind, body.source.id) if body.source else None,
        blend=(body.blend.model, body.blend.share) if body.blend else None,
    )
    return [submit(context, request) for request in requests]


def show_take_command(context: Context, body: NewTakes) -> CommandView:
    """The line for a terminal that generates the same sounds."""
    request = take_order(
        context.workspace,
        body.model,
        body.settings,
        seed=body.seed,
        count=body.count,
        source=(body.source.kind, body.source.id) if body.source else None,
        blend=(body.blend.model, body.blend.share) if body.blend else None,
    )
    return CommandView(command=generate_command(context.workspace, request))


def list_takes(context: Context) -> list[TaskView]:
    """What was asked of the player, the latest first."""
    return [view_of(task) for task in context.tasks.all()]


def show_take(context: Context, task: str) -> TaskView:
    """A task of the player."""
    return view_of(context.tasks.get(task))


def cancel_take(context: Context, task: str) -> TaskView:
    """Leave a task."""
    wanted = context.tasks.get(task)
    wanted.cancel()
    return view_of(wanted)


ENDPOINTS = (
    Endpoint("GET", "/takes", list_takes),
    Endpoint("POST", "/takes", make_takes, status=201),
    Endpoint("POST", "/takes/command", show_take_command),
    Endpoint("GET", "/takes/{task}", show_take),
    Endpoint("DELETE", "/takes/{task}", cancel_take),
)
