"""Requests to the player: each asks for the work of one command, with its files by their paths.

They pass to the player process as JSON. Nothing here imports torch.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, ClassVar

from distill.files import FilePath, plain_json


class Urgency(IntEnum):
    """What goes first: a lower number before a higher one."""

    AUDITION = 0
    EDIT = 1
    GENERATE = 2
    PREVIEW = 3
    INDEX = 4


@dataclass(frozen=True)
class PlayerRequest:
    """A piece of work for the player.

    Attributes:
        kind: Its name in messages.
        urgency: What it goes before, where nothing else is said.
        verb: What the player does, in a sentence on a request that ended badly.
    """

    kind: ClassVar[str]
    urgency: ClassVar[Urgency]
    verb: ClassVar[str]

    @property
    def subject(self) -> str:
        """The file that it is about, for sentences."""
        return ""

    def to_json(self) -> dict[str, Any]:
        """The request as JSON can hold it."""
        content: dict[str, Any] = plain_json(asdict(self))
        return content | {"kind": self.kind}


@dataclass(frozen=True)
class Generate(PlayerRequest):
    """New sounds, as `distill generate` makes them.

    Attributes:
        model: Model file.
        output: Sound file to write; numbered if there are several.
        settings: Arguments of `distill.generate`, by name.
        again: Sound file to regenerate, with the settings that are given changed.
    """

    kind = "generate"
    urgency = Urgency.GENERATE
    verb = "generated"

    model: FilePath
    output: FilePath
    settings: Mapping[str, Any] = field(default_factory=dict)
    again: FilePath | None = None

    @property
    def subject(self) -> str:
        return str(self.output)


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
class Encode(PlayerRequest):
    """A sound to a codes file.

    Attributes:
        model: Model file.
        sound: Sound file of any kind.
        output: Codes file to write.
    """

    kind = "encode"
    urgency = Urgency.EDIT
    verb = "encoded"

    model: FilePath
    sound: FilePath
    output: FilePath

    @property
    def subject(self) -> str:
        return str(self.sound)


@dataclass(frozen=True)
class Decode(PlayerRequest):
    """Codes, or a part of them, to a sound file.

    Attributes:
        model: Model file.
        codes: Codes file.
        output: Sound file to write.
        start: Where the part begins: seconds (`"1.5"`) or frames (`"70f"`).
        stop: Where it ends.
        levels: Its levels, such as `"1-2"`.
        column: Place of one column to hold for half a second, in place of a part.
    """

    kind = "decode"
    urgency = Urgency.AUDITION
    verb = "decoded"

    model: FilePath
    codes: FilePath
    output: FilePath
    start: str | float | None = None
    stop: str | float | None = None
    levels: str | None = None
    column: str | float | None = None

    @property
    def subject(self) -> str:
        return str(self.codes)


@dataclass(frozen=True)
class DecodeEntry(PlayerRequest):
    """One codebook entry, held for half a second, to a sound file.

    Attributes:
        model: Model file.
        entry: Level and code: `1:17` or `timbre:17`.
        output: Sound file to write.
    """

    kind = "entry"
    urgency = Urgency.AUDITION
    verb = "decoded"

    model: FilePath
    entry: str
    output: FilePath

    @property
    def subject(self) -> str:
        return f"the code {self.entry} of {self.model}"


@dataclass(frozen=True)
class Edit(PlayerRequest):
    """Edits of a codes file, one after the other: heal and blend among them.

    Attributes:
        codes: Codes file.
        output: Codes file to write.
        lines: The edits, in the words of `distill edit run`.
        model: Model file, for edits that need it.
    """

    kind = "edit"
    urgency = Urgency.EDIT
    verb = "edited"

    codes: FilePath
    output: FilePath
    lines: tuple[str, ...]
    model: FilePath | None = None

    @property
    def subject(self) -> str:
        return str(self.codes)


@dataclass(frozen=True)
class EditDocument(PlayerRequest):
    """Edits of a document, all or none, by `distill.library.editing.Editor`.

    Attributes:
        document: Its id.
        lines: The edits, in the words of `distill edit run`.
        revision: Revision that the caller knows. Default: the present one.
        model: Model file, for edits that need it.
        is_trial: Whether to try the edits alone, and keep nothing.
    """

    kind = "document"
    urgency = Urgency.EDIT
    verb = "edited"

    document: str
    lines: tuple[str, ...]
    revision: int | None = None
    model: FilePath | None = None
    is_trial: bool = False

    @property
    def subject(self) -> str:
        return f"the document {self.document}"


@dataclass(frozen=True)
class Picture(PlayerRequest):
    """Codes as a picture of coloured cells.

    Attributes:
        codes: Codes file.
        output: PNG file to write.
        model: Model file: rarer codes of its corpus are darker.
    """

    kind = "picture"
    urgency = Urgency.INDEX
    verb = "drew"

    codes: FilePath
    output: FilePath
    model: FilePath | None = None

    @property
    def subject(self) -> str:
        return str(self.codes)


KINDS: dict[str, type[PlayerRequest]] = {
    request.kind: request
    for request in (Generate, Stream, Encode, Decode, DecodeEntry, Edit, EditDocument, Picture)
}
"""Requests by the name of their kind."""


def request_from_json(content: Mapping[str, Any]) -> PlayerRequest:
    """The request that `to_json` gave."""
    entries = dict(content)
    kind = KINDS[entries.pop("kind")]
    if "lines" in entries:
        entries["lines"] = tuple(entries["lines"])
    paths = ("model", "output", "again", "sound", "codes")
    for name in paths:
        if entries.get(name) is not None:
            entries[name] = Path(entries[name])
    return kind(**entries)
