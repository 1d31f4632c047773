"""`distill pack`: a sampler kit of a model."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.audio.delivery import AS_IS, Delivery
from distill.cli.console import cancel_on_interrupt, make_console, one_sentence_errors, print_json
from distill.cli.delivery_options import takes_delivery
from distill.cli.options import Device, Json, ModelPath, Threads

if TYPE_CHECKING:
    from distill.workflows.kit_files import KitSound


@one_sentence_errors
@takes_delivery
def pack_cmd(
    model_path: ModelPath,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Folder for the kit; there is none yet.", metavar="DIR"
        ),
    ],
    one_shots: Annotated[int, typer.Option(help="Number of one-shots.")] = 32,
    loops: Annotated[int, typer.Option(help="Number of loops.")] = 8,
    tempo: Annotated[
        float | None,
        typer.Option(help="Beats per minute of the loops. Default: those of your recordings."),
    ] = None,
    bars: Annotated[
        float | None,
        typer.Option(help="Bars of a loop. Default: 2, or 4 s where your recordings keep no beat."),
    ] = None,
    max_copy: Annotated[
        float | None,
        typer.Option(
            help="Leave out what repeats passages of your recordings for more than this "
            "percentage. Default: 20."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same kit. Default: a new one.")
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
    delivery: Delivery = AS_IS,
) -> None:
    """Make a sampler kit: one-shots and loops, named by what they are.

    A folder of WAV files with root note, loop, onsets and tempo, of kit.sfz, kit.dspreset
    (DecentSampler) and kit.json.
    """
    from distill.workflows.load import load
    from distill.workflows.pack import pack
    from distill.workflows.whole_folder import check_new_folder

    check_new_folder(output)
    console = make_console()

    def show(sound: "KitSound") -> None:
        tempo_words = f", {sound.tempo:.4g} BPM" if sound.tempo else ""
        console.print(f"{sound.file}: {sound.duration_s:.2f} s{tempo_words}.", soft_wrap=True)

    with cancel_on_interrupt() as cancel_event:
        kit = pack(
            load(model_path, device, threads),
            output,
            one_shots,
            loops,
            seed,
            max_copy,
            tempo,
            bars,
            delivery,
            show,
            cancel_event,
        )
    for remark in kit.remarks:
        console.print(remark, style="yellow", soft_wrap=True)
    console.print(f"{output}: {len(kit.sounds)} sounds.", soft_wrap=True)
    if json:
        print_json(asdict(kit))
