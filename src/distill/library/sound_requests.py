"""Requests to the player about sounds: measured, converted, drawn, heard as a model makes them.

Nothing here imports torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.files import FilePath
from distill.library.player_request import PlayerRequest, Urgency

PICTURE_ENDING = ".webp"
"""Ending of the picture of a preview, which lies beside its sound under the same name."""


@dataclass(frozen=True)
class MeasureCurves(PlayerRequest):
    """Descriptors of a sound as percentiles of the corpus of a model.

    Attributes:
        model: Model file.
        sound: Sound file of any kind.
    """

    kind = "curves"
    urgency = Urgency.EDIT
    verb = "measured"

    model: FilePath
    sound: FilePath

    @property
    def subject(self) -> str:
        return str(self.sound)


@dataclass(frozen=True)
class FindSources(PlayerRequest):
    """The recordings of the corpus of a model that are nearest to a sound.

    Attributes:
        model: Model file.
        sound: Sound file of any kind.
    """

    kind = "sources"
    urgency = Urgency.EDIT
    verb = "compared"

    model: FilePath
    sound: FilePath

    @property
    def subject(self) -> str:
        return str(self.sound)


@dataclass(frozen=True)
class MeasureLoudness(PlayerRequest):
    """The loudness of a stretch of a sound, so that another can be played as loud.

    Attributes:
        sound: Sound file of any kind.
        start_s: Where the stretch begins, in seconds.
        stop_s: Where it ends, in seconds; None for the end of the sound.
    """

    kind = "loudness"
    urgency = Urgency.AUDITION
    verb = "measured"

    sound: FilePath
    start_s: float = 0.0
    stop_s: float | None = None

    @property
    def subject(self) -> str:
        return str(self.sound)


@dataclass(frozen=True)
class ConvertSound(PlayerRequest):
    """A sound in another format, with its recipe: to export it, or for what plays few formats.

    Attributes:
        sound: Sound file of any kind.
        output: Sound file to write, in the format of its ending.
        delivery: The form of the file: arguments of `Delivery` by name.
    """

    kind = "convert"
    urgency = Urgency.AUDITION
    verb = "converted"

    sound: FilePath
    output: FilePath
    delivery: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return str(self.sound)


@dataclass(frozen=True)
class DrawSound(PlayerRequest):
    """Peaks, spectrogram and thumbnail of a sound, for the cache of pictures.

    Afterwards `peaks` and `pictures` give them without decoding the sound.

    Attributes:
        sound: Sound file of any kind.
    """

    kind = "draw"
    urgency = Urgency.INDEX
    verb = "drew"

    sound: FilePath

    @property
    def subject(self) -> str:
        return str(self.sound)


@dataclass(frozen=True)
class PreviewSound:
    """A stretch of a recording that previews begin with.

    Attributes:
        path: Sound file.
        start_s: Where the stretch begins, in seconds.
        is_held_out: Whether the model never learns from it.
        hash: SHA-256 of the file, as the model knows it; empty if unknown.
    """

    path: Path
    start_s: float = 0.0
    is_held_out: bool = False
    hash: str = ""


@dataclass(frozen=True)
class Preview(PlayerRequest):
    """How a model sounds as it is saved now: recordings through its codec, and new sounds.

    Attributes:
        model: Model file.
        folder: Folder to write them to.
        sounds: Recordings, of which a few seconds each are encoded and decoded.
        seeds: Seeds of new sounds, for a model with a prior.
    """

    kind = "preview"
    urgency = Urgency.PREVIEW
    verb = "made previews of"

    model: FilePath
    folder: FilePath
    sounds: tuple[PreviewSound, ...] = ()
    seeds: tuple[int, ...] = ()

    @property
    def subject(self) -> str:
        return str(self.model)
