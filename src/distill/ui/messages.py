"""Messages of the WebSockets, as the OpenAPI document states them."""

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class NewsOrder:
    """The first message of a tab over `/events`.

    Attributes:
        since: Number of the last event that it knows; None for those to come alone.
        run: The run of the server that this number is of.
    """

    IS_BODY: ClassVar = True
    since: int | None = None
    run: str = ""


@dataclass(frozen=True)
class NewsHello:
    """The answer to the first message of a tab over `/events`.

    Attributes:
        version: Version of Distill.
        run: The run of the server.
        last: Number of the last event.
        is_reset: Whether events were missed that are no longer kept: look at everything again.
    """

    version: str
    run: str
    last: int
    is_reset: bool


@dataclass(frozen=True)
class CommandView:
    """An action as a command.

    Attributes:
        command: The line for a terminal.
    """

    command: str


@dataclass(frozen=True)
class LiveStart:
    """New sound without end to begin with.

    Attributes:
        model: Id of the model.
        settings: Settings of `distill.stream` by name, steering among them.
        seed: The same seed gives the same sound.
        blend: Id of a second model, and its share; None for the model alone.
    """

    IS_BODY: ClassVar = True
    model: str
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    blend: tuple[str, float] | None = None


@dataclass(frozen=True)
class LiveOrder:
    """A message of a tab over `/live`; one of its entries is set.

    Attributes:
        start: Begin.
        steer: Steer another way from now on, as `Stream.steer` takes it.
        stop: End.
    """

    IS_BODY: ClassVar = True
    start: LiveStart | None = None
    steer: dict[str, Any] | None = None
    stop: bool = False


@dataclass(frozen=True)
class LiveBlock:
    """The text that comes before each block of interleaved float32 samples (little endian).

    Attributes:
        codes: Codes of each frame in it.
        channels: Channels.
        sample_rate: In Hz.
        start_s: Where the block begins, in seconds.
    """

    codes: list[list[int]]
    channels: int
    sample_rate: int
    start_s: float


@dataclass(frozen=True)
class LiveEnd:
    """The last message of a stream.

    Attributes:
        error: What went wrong, in a sentence; empty if nothing did.
    """

    error: str = ""
