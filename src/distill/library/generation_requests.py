"""Requests to the player for new sound: generated, streamed, made again, varied, compared.

Nothing here imports torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from distill.files import FilePath
from distill.library.comparison import Couple
from distill.library.player_request import PlayerRequest, Urgency


@dataclass(frozen=True)
class Generate(PlayerRequest):
    """New sounds, as `distill generate` makes them.

    Attributes:
        model: Model file.
        output: Sound file to write; numbered if there are several. Default: a new one in the
            workspace.
        settings: Arguments of `distill.generate`, by name.
        again: Sound file to regenerate, with the settings that are given changed.
    """

    kind = "generate"
    urgency = Urgency.GENERATE
    verb = "generated"

    model: FilePath
    output: FilePath | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    again: FilePath | None = None

    @property
    def subject(self) -> str:
        return str(self.output or f"new sound of {self.model}")


@dataclass(frozen=True)
class Stream(PlayerRequest):
    """Endless new sound, block by block, until it is cancelled.

    Attributes:
        model: Model file.
        settings: Arguments of `distill.stream`, by name.
    """

    kind = "stream"
    urgency = Urgency.AUDITION
    verb = "played"

    model: FilePath
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return f"new sound of {self.model}"


@dataclass(frozen=True)
class Warm(PlayerRequest):
    """A model in memory, and its first block of new sound drawn, so that the next comes at once.

    Attributes:
        model: Model file.
    """

    kind = "warm"
    urgency = Urgency.AUDITION
    verb = "loaded"

    model: FilePath

    @property
    def subject(self) -> str:
        return str(self.model)


@dataclass(frozen=True)
class MakeAgain(PlayerRequest):
    """A render once more, or another length of it, by `distill.library.rendering.make_again`.

    Attributes:
        render: Its id.
        output: Sound file to write. Default: a new one in the workspace.
        duration: Seconds of another version. Default: the same sound.
        source: The sound that it was made from, if that lies elsewhere now.
        model: The model file, if that lies elsewhere now.
    """

    kind = "again"
    urgency = Urgency.GENERATE
    verb = "generated"

    render: str
    output: FilePath | None = None
    duration: float | None = None
    source: FilePath | None = None
    model: FilePath | None = None

    @property
    def subject(self) -> str:
        return f"the render {self.render} again"


@dataclass(frozen=True)
class Vary(PlayerRequest):
    """Variations of a render, by `distill.library.rendering.make_variations`.

    Attributes:
        render: Its id.
        amount: Share that is drawn anew, 0 to 1. Default: that of `distill renders vary`.
        seed: Of the first variation. Default: a new one.
        count: Number of variations.
        output: Sound file to write; numbered if there are several. Default: a new one in the
            workspace.
        model: The model file, if that lies elsewhere now.
    """

    kind = "vary"
    urgency = Urgency.GENERATE
    verb = "varied"

    render: str
    amount: float | None = None
    seed: int | None = None
    count: int = 1
    output: FilePath | None = None
    model: FilePath | None = None

    @property
    def subject(self) -> str:
        return f"the render {self.render}"


@dataclass(frozen=True)
class CompareModels(PlayerRequest):
    """A blind comparison of two models on the same seeds, as `distill compare new` makes it.

    Attributes:
        first: Model file of the first side.
        second: Model file of the second.
        pairs: Number of pairs.
        duration: Seconds of each sound.
        seed: Seed of the first pair; it draws the sides too.
        name: Name of the comparison. Default: of both models.
    """

    kind = "compare-models"
    urgency = Urgency.GENERATE
    verb = "compared"

    first: FilePath
    second: FilePath
    pairs: int = 12
    duration: float = 8.0
    seed: int = 0
    name: str = ""

    @property
    def subject(self) -> str:
        return f"{self.first} and {self.second}"


@dataclass(frozen=True)
class CompareSounds(PlayerRequest):
    """A blind comparison of sounds, as `distill compare new` makes it.

    Attributes:
        couples: The pairs.
        sides: Names of both sides.
        seed: Draws which side of each pair is heard as x. Default: any.
        name: Name of the comparison. Default: of both sides.
    """

    kind = "compare-sounds"
    urgency = Urgency.EDIT
    verb = "compared"

    couples: tuple[Couple, ...]
    sides: tuple[str, str]
    seed: int | None = None
    name: str = ""

    @property
    def subject(self) -> str:
        return f"{self.sides[0]} and {self.sides[1]}"
