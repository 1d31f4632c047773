"""Options for the form of a sound file, which all commands that write sounds share.

They are declared here once; a command takes them as one argument, a `Delivery`.
"""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from distill.audio.delivery import Delivery

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS: dict[str, Any] = {
    "format": Annotated[
        str | None,
        typer.Option(help="wav, aiff, flac, ogg, opus or mp3, where no name says it."),
    ],
    "rate": Annotated[
        int | None, typer.Option(help="Sample rate in Hz, such as 44100. Default: 48000.")
    ],
    "bits": Annotated[
        str | None,
        typer.Option(help="16 (dithered), 24 or 32f, in WAV, AIFF and FLAC. Default: 24."),
    ],
    "bitrate": Annotated[
        int | None, typer.Option(help="kb/s of all channels, in MP3, Opus and Ogg, such as 192.")
    ],
    "loudness_target": Annotated[
        float | None,
        typer.Option(help="Loudness in LUFS, such as -14. Default: that of your recordings."),
    ],
    "mono": Annotated[bool | None, typer.Option("--mono", help="Mix to one channel.")],
    "width": Annotated[
        float | None,
        typer.Option(help="Width of a stereo model's sound: 0 narrow, 1 as it is, 2 wide."),
    ],
    "binaural": Annotated[
        Path | None,
        typer.Option(
            help="For headphones: the sound comes from a place around you, by the responses of two "
            "ears in this SOFA file.",
            metavar="FILE",
        ),
    ],
    "azimuth": Annotated[
        str | None,
        typer.Option(
            help="That place in degrees: 0 ahead, 90 left, -90 right. Over time: 0:0,10:360 "
            "(seconds:degrees). Default: 0.",
            metavar="CURVE",
        ),
    ],
    "elevation": Annotated[
        str | None,
        typer.Option(
            help="Degrees above your ears, or a curve of them. Default: 0.", metavar="CURVE"
        ),
    ],
}
"""Options by the field of `Delivery` that they set."""


def takes_delivery(command: Command) -> Command:
    """Give a command the options of a delivery, in place of its argument `delivery`."""
    signature = inspect.signature(command)
    own = [entry for entry in signature.parameters.values() if entry.name != "delivery"]
    only = inspect.Parameter.KEYWORD_ONLY
    options = [
        inspect.Parameter(name, only, default=None, annotation=option)
        for name, option in OPTIONS.items()
    ]

    @functools.wraps(command)
    def run(**arguments: Any) -> Any:
        values = {name: arguments.pop(name) for name in OPTIONS}
        return command(delivery=Delivery(**values), **arguments)

    run.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]
