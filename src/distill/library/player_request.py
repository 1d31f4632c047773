"""A request to the player: a piece of work that waits for its turn. Free of torch."""

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, ClassVar

from distill.files import plain_json


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
