"""New sound without end, played on a device, with controls that change while it plays."""

import os
from collections.abc import Callable, Iterable
from itertools import chain, count
from pathlib import Path
from typing import Any

from distill.bounds import check_bound
from distill.claims import claim
from distill.errors import OutputError, UsageError
from distill.files import FilePath
from distill.inference.sampling.curves import Steering
from distill.live.control_log import ControlLog, read_log
from distill.live.controls import RANGES
from distill.live.defaults import BUFFER_MS, LATENCY, LOOPBACK, OUTPUT, RECORDING
from distill.live.midi import read_midi_map
from distill.live.osc import Address, OscSender, parse_address
from distill.live.outputs import NONE, open_output
from distill.live.playing import Hearing, Live
from distill.live.session import LiveOptions, LiveSession
from distill.live.settings import LiveSettings
from distill.models.persistence import LoadedVQModel
from distill.workflows.generate import Control, Tags
from distill.workflows.paths import check_outputs, output_paths
from distill.workflows.request import make_request

LONGEST_BUFFER_MS = 2000
"""Milliseconds of sound that may be kept: later controls are no controls."""

LOG_ENDING = ".jsonl"
"""Ending of control logs."""


def play(
    model: LoadedVQModel,
    seed: int | None = None,
    output: str = OUTPUT,
    *,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    lead_in: float | None = None,
    like: str | None = None,
    nearness: float | None = None,
    tempo: float | None = None,
    swing: float | None = None,
    free_time: bool | None = None,
    form: str | None = None,
    form_variation: float | None = None,
    tags: Tags = None,
    guidance: float | None = None,
    loudness: Control = None,
    brightness: Control = None,
    noisiness: Control = None,
    pitch: Control = None,
    onsets: Control = None,
    level: float | None = None,
    latency: str | None = None,
    buffer_ms: float = BUFFER_MS,
    duration: float | None = None,
    one_shots: bool = False,
    osc_port: int | None = None,
    listen: str = LOOPBACK,
    osc_send: str | None = None,
    midi: str | None = None,
    midi_map: FilePath | None = None,
    record: FilePath | None = None,
    control_log: FilePath | None = None,
    replay: FilePath | None = None,
    measures: bool = True,
) -> Live:
    """Play new sound without end, and change it while it plays.

    It begins to sound at the start of the `with` block, and fades out at its end. Takes the
    packages of `pip install 'distill[live]'`, those alone that are used.

    Args:
        model: A model with a prior, as `load` gives it.
        seed: The same seed and the same controls give the same sound; None takes a new one.
        output: `default`, the name of a sound card or a part of it, `jack`, or `none`, which plays
            to nobody; a replay is then drawn as fast as it can.
        temperature: As for `generate`, and so are all settings up to `onsets`.
        top_k: As above.
        top_p: As above.
        lead_in: As above.
        like: As above.
        nearness: As above.
        tempo: As above.
        swing: As above.
        free_time: As above.
        form: As above.
        form_variation: As above.
        tags: As above.
        guidance: As above.
        loudness: As for `stream`.
        brightness: As above.
        noisiness: As above.
        pitch: As above.
        onsets: As above.
        level: In dB, -80 to 12; by default 0.
        latency: How far the decoder looks ahead: `full` (469 ms), `half` (235 ms) or `low` (64 ms);
            by default half.
        buffer_ms: Milliseconds of sound that are kept for the device at first. More are kept after
            an underrun.
        duration: Seconds after which it ends; None for no end.
        one_shots: Whether `Live.strike` plays; with `midi`, notes always do.
        osc_port: Port of UDP for OSC; 0 takes one that is free, None no OSC.
        listen: Address that it listens at; by default this machine alone can reach it.
        osc_send: `HOST:PORT` that frame, loudness and copying are sent to.
        midi: A MIDI port, or a part of its name.
        midi_map: TOML file with controllers.
        record: File to record all of it to, in the format that its name ends in.
        control_log: File for all that was done, which `replay` takes.
        replay: A control log, or a recording: its sound is made again, to the bit on the same
            machine. It has its own settings, seed among them.
        measures: Whether loudness and copying are measured while it plays.

    Raises:
        NoPriorError: The model has no prior yet.
        CodebookMismatchError: Another model made what is to be replayed.
        OutputError: A file cannot be written there.
        UsageError: An argument is out of range, a device is not there, or a package is missing.

    Example:
        with distill.play(distill.load("my.sda"), seed=7, record="take.flac") as live:
            live.wait(5)
            live.set(brightness=90)
            live.wait(5)
    """
    model.require_prior()
    settings: dict[str, Any] = {
        "seed": seed,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "lead_in": lead_in,
        "like": like,
        "nearness": nearness,
        "tempo": tempo,
        "swing": swing,
        "free_time": free_time,
        "form": form,
        "form_variation": form_variation,
        "tags": tags,
        "guidance": guidance,
        "loudness": loudness,
        "brightness": brightness,
        "noisiness": noisiness,
        "pitch": pitch,
        "onsets": onsets,
        "level": level,
        "latency": latency,
    }
    check_bound("--duration", duration)
    given = {name: value for name, value in settings.items() if value is not None}
    check_play([model.path, replay, midi_map], record, control_log, buffer_ms)
    log = _replayed(model, replay, given) if replay else _new_log(model, **given)
    hearing = Hearing(
        osc=None if osc_port is None else Address(listen, osc_port),
        midi=midi,
        midi_map=read_midi_map(midi_map) if midi_map else None,
    )
    sender = OscSender(parse_address(osc_send, "--osc-send")) if osc_send else None
    # A replay for nobody needs no clock.
    is_unheard = replay is not None and output == NONE
    codec = model.model
    device = None if is_unheard else open_output(output, model.output_channels, codec.sample_rate)
    options = LiveOptions(
        buffer_s=buffer_ms / 1000,
        one_shots=one_shots or midi is not None,
        most_s=duration,
        measures=measures and not is_unheard,
        record_from=log.first_frame if record else None,
    )
    next_path = _names(record)
    tell = sender.send if sender else _untold
    session = LiveSession(model, log, device, options, next_path, tell)
    return Live(session, device, hearing, sender, Path(control_log) if control_log else None)


def check_play(
    inputs: Iterable[FilePath | None],
    record: FilePath | None,
    control_log: FilePath | None,
    buffer_ms: float,
    overwrite: bool = True,
) -> None:
    """Check what can be checked before a model is loaded.

    Args:
        inputs: Files that are read.
        record: Recording to write, if any.
        control_log: Control log to write, if any.
        buffer_ms: Milliseconds of sound to keep.
        overwrite: Whether files that exist are replaced.

    Raises:
        OutputError: A file cannot be written.
        UsageError: The buffer is out of range.
    """
    if not 0 <= buffer_ms <= LONGEST_BUFFER_MS:
        raise UsageError(f"--buffer must lie between 0 and {LONGEST_BUFFER_MS:,} milliseconds.")
    sources = [path for path in inputs if path is not None]
    if record is not None:
        output_paths(record, 1, sources, overwrite)
    if control_log is not None:
        if Path(control_log).suffix.lower() != LOG_ENDING:
            raise OutputError(
                f"Control logs are lines of JSON: let the name of '{control_log}' end in "
                f"{LOG_ENDING}."
            )
        check_outputs([Path(control_log)], sources, overwrite)


def _new_log(
    model: LoadedVQModel, level: float = 0.0, latency: str = LATENCY, **options: Any
) -> ControlLog:
    """The empty log of a sound that begins with such settings."""
    request = make_request(duration=0.0, **options)
    limits = RANGES["level"]
    if not limits.least <= level <= limits.most:
        raise UsageError(f"--level must lie between {limits.least:g} and {limits.most:g} dB.")
    settings = LiveSettings(
        seed=request.seed,
        sampling=request.sampling,
        steering=request.steering or Steering(),
        latency=latency,
        level=float(level),
    )
    return ControlLog(settings=settings, entries=settings.entries(model))


def _replayed(model: LoadedVQModel, replay: FilePath, given: dict[str, Any]) -> ControlLog:
    """The log in a file. `UsageError` for settings beside it."""
    for name in given:
        option = "--tag" if name == "tags" else f"--{name.replace('_', '-')}"
        raise UsageError(f"--replay has the settings of that sound: leave out {option}.")
    log = read_log(replay)
    log.check_model(model, replay)
    return log


def _names(first: FilePath | None) -> Callable[[], Path]:
    """Gives the name of each recording: `first`, then those with a number that are free."""
    base = Path(first or RECORDING)
    numbered = (base.with_name(f"{base.stem}-{number}{base.suffix}") for number in count(2))
    names = chain([base], numbered)
    # What a user has named may be replaced, which was checked before.
    asked = None if first is None else base

    def next_path() -> Path:
        return next(
            name for name in names if name == asked or (claim(name) and not os.path.lexists(name))
        )

    return next_path


def _untold(_name: str, _value: float) -> None:
    """News that nobody asked for."""
