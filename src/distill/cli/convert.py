"""`distill convert`: a sound file in another form."""

from pathlib import Path
from typing import Annotated

import typer

from distill.audio.delivery import AS_IS, Delivery
from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.delivery_options import takes_delivery
from distill.cli.options import Json, Overwrite
from distill.errors import UsageError


@one_sentence_errors
@takes_delivery
def convert_cmd(
    sound: Annotated[Path, typer.Argument(help="Sound file of any kind.", metavar="SOUND")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write: .wav, .aiff, .flac, .ogg, .opus or .mp3. Default: name of SOUND "
            "with the ending of --format, with a number if that exists.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    delivery: Delivery = AS_IS,
) -> None:
    """Write a sound in another form: format, sample rate, bits, bitrate, loudness, channels.

    It keeps its texts, and with them the settings of a generated sound, so that `generate --again`
    makes it again.
    """
    from dataclasses import asdict

    from distill.audio.io import probe
    from distill.workflows.convert import convert_sound
    from distill.workflows.describe_results import ConvertedFacts
    from distill.workflows.paths import check_outputs, free_path

    if output is None and delivery.format is None:
        raise UsageError("Name the file with --output, or its format with --format.")
    path = output or free_path(delivery.default_name(sound.name))
    check_outputs([path], [sound], overwrite)
    convert_sound(sound, path, delivery)
    info = probe(path)
    facts = ConvertedFacts(
        path=path,
        duration_s=info.frames / info.sample_rate,
        n_samples=info.frames,
        sample_rate=info.sample_rate,
        channels=info.channels,
        bytes=path.stat().st_size,
    )
    channels = "mono" if info.channels == 1 else "stereo"
    line = f"{path}: {facts.duration_s:.2f} s, {info.sample_rate:,} Hz, {channels}."
    make_console(quiet=json).print(line, soft_wrap=True)
    if json:
        print_json(asdict(facts))
