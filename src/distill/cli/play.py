"""`distill play`: new sound without end."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import cancel_on_interrupt, make_console, one_sentence_errors, print_json
from distill.cli.generate_options import (
    Brightness,
    Form,
    FormVariation,
    FreeTime,
    Guidance,
    LeadIn,
    Like,
    Loudness,
    Nearness,
    Noisiness,
    Onsets,
    Pitch,
    Seed,
    Swing,
    Tag,
    Temperature,
    Tempo,
    TopK,
    TopP,
)
from distill.cli.options import Device, Json, Overwrite, Threads
from distill.cli.play_lines import start_lines, state_line, summary_lines
from distill.cli.work_progress import SpacedLines
from distill.errors import UsageError
from distill.live.defaults import BUFFER_MS, LATENCY, LOOPBACK, OSC_PORT, OSC_SEND, OUTPUT

if TYPE_CHECKING:
    from distill.live.playing import Live

LOOK_EVERY_S = 0.25
"""Seconds between two looks at how it goes."""

ModelToPlay = Annotated[
    Path | None,
    typer.Argument(help="Model file (.sda).", metavar="MODEL_PATH"),
]
OutputName = Annotated[
    str,
    typer.Option(
        help="default, a sound card or a part of its name, jack, or none (plays to nobody; a "
        "replay is then drawn as fast as it can).",
        metavar="NAME",
    ),
]
ListDevices = Annotated[
    bool,
    typer.Option("--list-devices", help="Name the outputs and MIDI ports of this machine."),
]
PlayDuration = Annotated[
    float | None, typer.Option(help="Seconds after which it ends. Default: no end.")
]
Level = Annotated[float | None, typer.Option(help="Level in dB, -80 to 12. Default: 0.")]
Latency = Annotated[
    str | None,
    typer.Option(
        help="How far the decoder looks ahead: full (469 ms), half (235 ms) or low (64 ms). "
        f"Default: {LATENCY}."
    ),
]
Buffer = Annotated[
    float,
    typer.Option(
        "--buffer", help="Milliseconds of sound kept for the device; more after an underrun."
    ),
]
OscPort = Annotated[
    int | None,
    typer.Option(
        help=f"Port for OSC; 0 for no OSC. Default: {OSC_PORT}, and none with --replay.",
        min=0,
        max=65535,
    ),
]
Listen = Annotated[
    str,
    typer.Option(help="Address to hear OSC at. Others than this let the network in."),
]
OscSend = Annotated[
    str,
    typer.Option(
        help="Where frame, loudness and copying go to by OSC.",
        metavar="HOST:PORT",
    ),
]
Midi = Annotated[
    str | None,
    typer.Option(help="MIDI port, or a part of its name. Notes strike one-shots.", metavar="PORT"),
]
MidiMapFile = Annotated[
    Path | None,
    typer.Option(help="TOML file: which controller sets what.", metavar="FILE"),
]
OneShots = Annotated[
    bool,
    typer.Option("--one-shots", help="Draw one-shots ahead, for notes by OSC. With --midi always."),
]
Record = Annotated[
    Path | None,
    typer.Option(help="Record to this file, from the start on.", metavar="FILE"),
]
ControlLogFile = Annotated[
    Path | None,
    typer.Option(help="Write all that is done to this file (.jsonl).", metavar="FILE"),
]
Replay = Annotated[
    Path | None,
    typer.Option(
        help="Play again what a control log, or a recording, says: the same sound.", metavar="FILE"
    ),
]


@one_sentence_errors
def play_cmd(
    model_path: ModelToPlay = None,
    output: OutputName = OUTPUT,
    list_devices: ListDevices = False,
    seed: Seed = None,
    duration: PlayDuration = None,
    record: Record = None,
    control_log: ControlLogFile = None,
    replay: Replay = None,
    overwrite: Overwrite = False,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    nearness: Nearness = None,
    tempo: Tempo = None,
    swing: Swing = None,
    free_time: FreeTime = None,
    form: Form = None,
    form_variation: FormVariation = None,
    like: Like = None,
    lead_in: LeadIn = None,
    loudness: Loudness = None,
    brightness: Brightness = None,
    noisiness: Noisiness = None,
    pitch: Pitch = None,
    onsets: Onsets = None,
    tag: Tag = None,
    guidance: Guidance = None,
    level: Level = None,
    latency: Latency = None,
    buffer: Buffer = BUFFER_MS,
    osc_port: OscPort = None,
    listen: Listen = LOOPBACK,
    osc_send: OscSend = OSC_SEND,
    midi: Midi = None,
    midi_map: MidiMapFile = None,
    one_shots: OneShots = False,
    device: Device = "cpu",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Play new sound without end, and change it while it plays.

    By OSC and MIDI: descriptors, tags, temperature, nearness, level, seed, notes, recording. The
    same seed and the same controls give the same sound. Takes `pip install 'distill[live]'`.
    """
    from distill.workflows.load import load
    from distill.workflows.play import check_play, play

    if list_devices:
        _list_devices(json)
        return
    if model_path is None:
        raise UsageError("Which model? Name one, as in `distill play my.sda`.")
    check_play([model_path, replay, midi_map], record, control_log, buffer, overwrite)
    port = osc_port if osc_port is not None or replay else OSC_PORT
    loaded = load(model_path, device, threads)
    live = play(
        loaded,
        seed,
        output,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        lead_in=lead_in,
        like=like,
        nearness=nearness,
        tempo=tempo,
        swing=swing,
        free_time=free_time,
        form=form,
        form_variation=form_variation,
        tags=tag,
        guidance=guidance,
        loudness=loudness,
        brightness=brightness,
        noisiness=noisiness,
        pitch=pitch,
        onsets=onsets,
        level=level,
        latency=latency,
        buffer_ms=buffer,
        duration=duration,
        one_shots=one_shots,
        osc_port=port or None,
        listen=listen,
        osc_send=osc_send if port else None,
        midi=midi,
        midi_map=midi_map,
        record=record,
        control_log=control_log,
        replay=replay,
    )
    _play(live, json)


def _play(live: "Live", json: bool) -> None:
    """Play to the end, or to Ctrl-C, with a line on how it goes."""
    console = make_console(quiet=json)
    with cancel_on_interrupt() as stop, ExitStack() as stack:
        stack.enter_context(live)
        for line in start_lines(live):
            console.print(line, soft_wrap=True)
        show = SpacedLines(console)
        status = stack.enter_context(console.status(""))
        underruns = 0
        while not stop.is_set() and not live.wait(LOOK_EVERY_S):
            state = live.state
            line = state_line(state)
            status.update(line)
            show(line)
            if state.underruns > underruns and not console.is_terminal:
                console.print(line, soft_wrap=True)
            underruns = state.underruns
    summary = live.stop()
    for line in summary_lines(summary):
        console.print(line, soft_wrap=True)
    if json:
        print_json(asdict(summary))


def _list_devices(json: bool) -> None:
    from distill.live.midi import midi_ports
    from distill.live.outputs import list_outputs

    facts: dict[str, Any] = {"outputs": list_outputs(), "midi": midi_ports()}
    console = make_console(quiet=json)
    for title, names in (("Outputs", facts["outputs"]), ("MIDI ports", facts["midi"])):
        console.print(f"{title}: {', '.join(names) or 'none'}.", soft_wrap=True)
    if json:
        print_json(facts)
