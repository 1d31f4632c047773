"""Requests to the player for codes: encoded, decoded, edited, drawn. Nothing here imports torch."""

from dataclasses import dataclass

from distill.files import FilePath
from distill.library.player_request import PlayerRequest, Urgency


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
class DecodeDocument(PlayerRequest):
    """A document, or what edits would make of it, to a sound file.

    Attributes:
        document: Its id.
        model: Model file.
        output: Sound file to write.
        start: Where the part begins: seconds (`"1.5"`) or frames (`"70f"`).
        stop: Where it ends.
        levels: Its levels, such as `"1-2"`.
        lines: Edits to try before, which are not kept.
        edits: Number of its edits to hear. Default: those up to its cursor.
        grid: Key of the grid to hear, in place of a number of edits.
        revision: Revision that the caller knows. Default: the present one.
        column: Place of one column to hold for half a second, in place of a part.
        around: Of edits that are tried: code frames on both sides of what they change that are
            heard with it, in place of a part.
    """

    kind = "hear-document"
    urgency = Urgency.AUDITION
    verb = "decoded"

    document: str
    model: FilePath
    output: FilePath
    start: str | float | None = None
    stop: str | float | None = None
    levels: str | None = None
    lines: tuple[str, ...] = ()
    edits: int | None = None
    grid: str | None = None
    revision: int | None = None
    column: str | float | None = None
    around: int | None = None

    @property
    def subject(self) -> str:
        return f"the document {self.document}"


@dataclass(frozen=True)
class CountCodes(PlayerRequest):
    """How a model uses its codes, as `distill codebook` tells it.

    Attributes:
        model: Model file.
    """

    kind = "codebook"
    urgency = Urgency.EDIT
    verb = "counted"

    model: FilePath

    @property
    def subject(self) -> str:
        return f"the codes of {self.model}"


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
