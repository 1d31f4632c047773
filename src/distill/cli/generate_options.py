"""Arguments and options of `distill generate`."""

from pathlib import Path
from typing import Annotated

import typer

from distill.inference.modes.request import DEFAULT_AMOUNT, Request
from distill.inference.sampling.settings import DEFAULT_GUIDANCE, Sampling

DEFAULT_NAME = "generated.wav"
"""Name of a sound that was given none."""

# --- what to write ---

OptionalModelPath = Annotated[
    Path | None,
    typer.Argument(
        help="Model file (.sda). May be left out with --again if the model lies beside that sound "
        "or in this folder.",
        metavar="MODEL_PATH",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="File to write: .wav, .aiff, .flac, .ogg, .opus or .mp3 (numbered if there are "
        f"several). Default: {DEFAULT_NAME}, with a number if that exists.",
    ),
]
Duration = Annotated[
    float | None, typer.Option(help=f"Seconds of new sound. Default: {Request.duration:g}.")
]
Seed = Annotated[int | None, typer.Option(help="Same seed, same sound. Default: a new one.")]
Count = Annotated[
    int, typer.Option("--number", "-n", help="Number of sounds, each from the next seed.")
]
MaxCopy = Annotated[
    float | None,
    typer.Option(
        help="Draw again while more than this percentage repeats passages of your recordings."
    ),
]
Again = Annotated[
    Path | None,
    typer.Option(help="Regenerate this file exactly; longer with --duration.", metavar="FILE"),
]

PresetName = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="Settings of a preset (distill presets); options given beside it win.",
        metavar="NAME",
    ),
]

Blend = Annotated[
    list[str] | None,
    typer.Option(
        help="Blend with another model, with a share of 0 to 1: other.sda:0.4.",
        metavar="MODEL:SHARE",
    ),
]

# --- how codes are drawn ---

Temperature = Annotated[
    float | None,
    typer.Option(
        help="Randomness: above 1 wilder, below 1 tamer, 0 = the best event each time. "
        f"Default: {Sampling.temperature:g}."
    ),
]
TopK = Annotated[
    int | None,
    typer.Option(help=f"Draw from the k best events only; 0 is off. Default: {Sampling.top_k}."),
]
TopP = Annotated[
    float | None,
    typer.Option(
        help="Draw from the likeliest events with this total probability; 1 is off. "
        f"Default: {Sampling.top_p:g}."
    ),
]
Nearness = Annotated[
    float | None,
    typer.Option(
        help="1: long stretches as recorded; 0: every event blended with another. In between, "
        f"your events in a new order, beside blends. Default: {Sampling.nearness:g}."
    ),
]
Like = Annotated[
    str | None,
    typer.Option(
        help="Prompt: a recording with this in its name or folder. Default: any recording."
    ),
]
LeadIn = Annotated[
    float | None,
    typer.Option(
        help="Seconds of the prompt. It sets the style and is not played. "
        f"Default: {Sampling.lead_in:g}."
    ),
]

# --- time ---

Tempo = Annotated[
    float | None, typer.Option(help="Beats per minute. Default: those of the prompt.")
]
Bars = Annotated[
    float | None,
    typer.Option(help="Bars of new sound, in place of --duration; the tempo says how long."),
]
Swing = Annotated[
    float | None,
    typer.Option(help="How late every second half of a beat comes: 0 even, 1 triplets."),
]
FreeTime = Annotated[
    bool | None,
    typer.Option("--free-time", help="Keep no beat: events come as your recordings have them."),
]
Form = Annotated[
    str | None,
    typer.Option(help="Capital letters, one a bar, such as AABA. Default: by chance."),
]
FormVariation = Annotated[
    float | None,
    typer.Option(
        help="Share of its events that change where a bar comes back, 0 to 1. "
        f"Default: {Sampling.form_variation:g}."
    ),
]

# --- modes ---

ContinueFrom = Annotated[
    Path | None,
    typer.Option(
        help="Continue this sound file: the result is the file, then --duration more.",
        metavar="FILE",
    ),
]
OneShot = Annotated[
    bool,
    typer.Option(
        "--one-shot", help="A single sound that ends by itself, after --duration at the latest."
    ),
]
Loop = Annotated[
    bool,
    typer.Option("--loop", help="The end flows into the start; about as long as --duration."),
]
VariationOf = Annotated[
    Path | None,
    typer.Option(help="Keep parts of this sound file and regenerate the others.", metavar="FILE"),
]
Amount = Annotated[
    float | None,
    typer.Option(help=f"Share of it to regenerate, 0 to 1. Default: {DEFAULT_AMOUNT:g}."),
]
Infill = Annotated[
    Path | None,
    typer.Option(
        help="Regenerate this sound file between --from and --to so that both sides fit.",
        metavar="FILE",
    ),
]
Start = Annotated[float | None, typer.Option("--from", help="Start of that part, in seconds.")]
Stop = Annotated[float | None, typer.Option("--to", help="End of that part, in seconds.")]

# --- steering ---


def _curve(adjective: str) -> typer.models.OptionInfo:
    """An option for a descriptor; all of them take the same curves."""
    return typer.Option(
        help=f"How {adjective}, 0 to 100 (50 = median of your sounds). "
        "Over time: 0:20,5:90 (seconds:value).",
        metavar="CURVE",
    )


Loudness = Annotated[str | None, _curve("loud")]
Brightness = Annotated[str | None, _curve("bright")]
Noisiness = Annotated[str | None, _curve("noisy")]
Pitch = Annotated[str | None, _curve("high")]
Onsets = Annotated[str | None, _curve("busy")]
Tag = Annotated[
    list[str] | None,
    typer.Option(
        help="Like the sounds in this folder; several with weights, as in drums:0.7.",
        metavar="NAME",
    ),
]
Guidance = Annotated[
    float | None,
    typer.Option(
        help=f"How strictly steering and tags are followed, 0 to 20. Default: {DEFAULT_GUIDANCE:g}."
    ),
]
