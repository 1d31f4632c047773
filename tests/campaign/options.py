"""Every option and argument of every command with absurd values: refused in a sentence, or done."""

import os
import re
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from distill.cli import app
from distill.cli.console import INTERRUPT_CODE
from distill.printable import visible
from tests.campaign.absurd import VALUES, furnish_oddities
from tests.campaign.aftermath import is_temporary
from tests.campaign.forked import Ended, Running, command
from tests.campaign.jobs import SOUND
from tests.campaign.material import material
from tests.campaign.report import Plan, Tally
from tests.campaign.trials import Harm, Result, work_off

NAME = "options"

PATIENCE_S = 5.0
"""Seconds of processor time after which a command is asked to stop."""

LONGEST_WAIT_S = 60.0
"""Seconds by the clock; long, since other processes may have the processor."""

LONGEST_SENTENCE = 1000
"""Characters of a sentence that a musician may get."""

LONG = ("train", "train-prior", "generate")
"""Commands that may work for hours: these are to stop when asked."""

INPUTS = {
    "model_path": "model.sda",
    "model_or_sound": "new.wav",
    "dataset_dir": "sounds",
    "codes_path": "codes.json",
    "other": "other.json",
    "paths": "codes.json",
    "sound": "new.wav",
}
"""Arguments by name; the others get a word that names nothing."""

NEEDED = {
    "amount": "0.3",
    "at": "0.1",
    "block": "3f",
    "code": "1",
    "factor": "1.5",
    "levels": "1",
    "new": "2",
    "old": "1",
    "output": "out.json",
    "script": "script.txt",
}
"""Options that edits cannot do without."""

_SMALL_CODEC = {
    "--output": "out.sda",
    "--steps": "1",
    "--rvq-levels": "2",
    "--codebook-size": "2",
    "--batch-size": "1",
    "--threads": "1",
}
_SMALL_PRIOR = {
    "--epochs": "1",
    "--hidden-size": "2",
    "--heads": "1",
    "--layers": "1",
    "--threads": "1",
}
QUICK = {
    "train": _SMALL_CODEC,
    "train-prior": _SMALL_PRIOR,
    "generate": {"--output": "out.wav", "--duration": "0.1", "--threads": "1"},
    "encode": {"--output": "out.json"},
    "decode": {"--output": "out.wav"},
    "convert": {"--output": "out.wav"},
    "export": {"--to": "nn", "--output": "my.ts", "--latency": "low", "--threads": "1"},
    "pack": {"--output": "kit", "--one-shots": "1", "--loops": "0", "--threads": "1"},
}
"""Options that make a command quick."""

FLAG_VALUES = ("", "1", "no", "a" * 10_000)
"""Values of options that take none: all are refused alike."""

COMPANY: dict[tuple[str, str], dict[str, str | None]] = {
    ("train", "--minutes"): {"--steps": None},
    ("train", "--epochs"): {"--steps": None},
    ("train", "--resume"): dict.fromkeys(_SMALL_CODEC) | {"dataset_dir": None},
    # Nothing is left running in the background.
    ("train", "--detach"): {"dataset_dir": None},
    ("train-prior", "--detach"): {"dataset_dir": None},
    ("train-prior", "--minutes"): {"--epochs": None},
    ("generate", "--amount"): {"--variation-of": "new.wav"},
    ("generate", "--from"): {"--infill": "new.wav", "--to": "0.2"},
    ("generate", "--to"): {"--infill": "new.wav", "--from": "0.05"},
    ("generate", "--infill"): {"--from": "0.05", "--to": "0.2"},
    ("generate", "--again"): {"--duration": None, "--threads": None},
    ("generate", "--bitrate"): {"--output": "out.ogg"},
    ("decode", "--bitrate"): {"--output": "out.ogg"},
    ("convert", "--bitrate"): {"--output": "out.ogg"},
    ("codebook", "--output"): {"--entry": "1:1"},
}
"""Options that others need beside them; None: that they cannot have beside them."""


ASKED_FOR = {("train", "--batch-size")}
"""Options whose larger values take memory: that is no fault."""


class Case(NamedTuple):
    """A command with one absurd value.

    Attributes:
        name: The command, such as `edit cut`.
        parameter: The option or argument.
        words: All words after `distill`.
    """

    name: str
    parameter: str
    words: list[str]


def run(plan: Plan) -> Tally:
    """Run the cases in an order of the seed's, as many as planned."""
    material(plan.shared)
    order = np.random.default_rng([plan.seed, *NAME.encode()]).permutation(COUNT)
    return work_off(NAME, plan, partial(_trial, plan, order[: plan.count].tolist()))


# --- cases ----------------------------------------------------------------------------------------


@cache
def all_cases() -> list[Case]:
    """Every parameter of every command with every value, twice, and without one."""
    cases = []
    for name, one in _commands(typer.main.get_command(app), ()):
        for parameter in one.params:
            cases += [
                Case(name, parameter.opts[0], words) for words in _lines(name, one, parameter)
            ]
    return cases


def _commands(
    one: TyperCommand | TyperGroup, path: tuple[str, ...]
) -> Iterator[tuple[str, TyperCommand]]:
    """All commands that do something, with their names."""
    if isinstance(one, TyperGroup):
        for name, inner in one.commands.items():
            yield from _commands(inner, (*path, name))
    else:
        yield " ".join(path), one


def _lines(
    name: str, one: TyperCommand, parameter: TyperArgument | TyperOption
) -> Iterator[list[str]]:
    """The words of a command with each absurd value of one parameter."""
    option = parameter.opts[0]
    rest = _valid(name, one)
    earlier = rest.pop(option, None)
    for other, value in COMPANY.get((name, option), {}).items():
        if value is None:
            rest.pop(other, None)
        else:
            rest[other] = value
    if isinstance(parameter, TyperArgument):
        for value in VALUES:
            yield _words(name, one, rest | {option: value})
        yield _words(name, one, rest)
        return
    words = _words(name, one, rest)
    for value in FLAG_VALUES if getattr(parameter, "is_flag", False) else VALUES:
        yield [*words, f"{option}={value}"]
    yield [*words, option]
    yield [*words, option, earlier or "1", option, earlier or "2"]


def _valid(name: str, one: TyperCommand) -> dict[str, str]:
    """What the command needs, by argument or option."""
    values = dict(QUICK.get(name, {}))
    for parameter in one.params:
        option = parameter.opts[0]
        if isinstance(parameter, TyperArgument):
            values[option] = INPUTS.get(option, "nothing")
        elif parameter.required:
            values[option] = NEEDED[str(parameter.name)] if parameter.name in NEEDED else "0.1"
    return values


def _words(name: str, one: TyperCommand, values: dict[str, str]) -> list[str]:
    words = name.split()
    for parameter in one.params:
        option = parameter.opts[0]
        if option in values:
            is_argument = isinstance(parameter, TyperArgument)
            words += [values[option]] if is_argument else [option, values[option]]
    return words


COUNT = len(all_cases())
TAKES_S = 850


# --- one trial ------------------------------------------------------------------------------------


def _trial(plan: Plan, order: list[int], index: int) -> Result:
    case = all_cases()[order[index]]
    lane = plan.folder / str(os.getpid())
    room = lane / "in" / "room"
    if not room.exists():
        _furnish(material(plan.shared), room)
    before = _stamps(lane)
    logs = plan.folder / f"logs-{os.getpid()}"
    running = Running(command(*case.words), room, logs, prepare=_be_stopped)
    ended = running.wait(LONGEST_WAIT_S)
    after = _stamps(lane)
    harm = _judge_end(case, ended) or _judge_files(ended, before, after)
    if after != before:
        shutil.rmtree(lane)
    if harm:
        harm = Harm(harm.what, f"{harm.message} — {_shown(case.words)}")
    outcome = {0: "done", INTERRUPT_CODE: "stopped"}.get(ended.code or 0, "refused")
    place = f"{case.name} {case.parameter}"
    is_asked_for = (case.name, case.parameter) in ASKED_FOR
    added_bytes = 0 if is_asked_for else ended.added_bytes
    return Result(outcome=outcome, harm=harm, place=place, added_bytes=added_bytes)


def _furnish(source: Path, room: Path) -> None:
    room.mkdir(parents=True)
    shutil.copytree(source / "sounds", room / "sounds")
    for name in ("model.sda", "codes.json", SOUND):
        shutil.copyfile(source / name, room / Path(name).name)
    shutil.copyfile(source / "codes.json", room / "other.json")
    (room / "script.txt").write_text("reverse\n")
    (room / "cache").mkdir()
    furnish_oddities(room)


def _be_stopped() -> None:
    """Ask this process to stop once it has computed for long; end it if it does not."""
    signal.signal(signal.SIGPROF, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.setitimer(signal.ITIMER_PROF, PATIENCE_S)
    limit_s = int(time.process_time() + 2 * PATIENCE_S) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, resource.RLIM_INFINITY))


def _stamps(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Size, time and kind of all below `folder`, caches aside."""
    stamps = {}
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "cache"]
        for name in (*folders, *files):
            path = os.path.join(root, name)
            status = os.lstat(path)
            is_folder = name in folders
            time_ns = 0 if is_folder else status.st_mtime_ns
            size = 0 if is_folder else status.st_size
            stamps[os.path.relpath(path, folder)] = (status.st_mode, status.st_ino, size, time_ns)
    return stamps


def _judge_end(case: Case, ended: Ended) -> Harm | None:
    """The harm in how a command ended and in what it said."""
    fault = ended.fault(may_fail=True)
    if fault:
        what = fault.partition(":")[0].split()[0] if ended.code is not None else "hang"
        return Harm("crash" if what == "died" else what, fault)
    if ended.code == INTERRUPT_CODE:
        is_expected = case.name.split()[0] in LONG
        return None if is_expected else Harm("hang", f"computed for {PATIENCE_S:.0f} s")
    if ended.code:
        return _judge_sentence(case, ended.stderr)
    return None


def _judge_sentence(case: Case, stderr: str) -> Harm | None:
    """The harm in the words of a refusal: those of the command line's own, or one sentence."""
    if visible(stderr) != stderr:
        return Harm("sentence", f"signs that steer a terminal: {stderr[-200:]!r}")
    text = stderr.rstrip("\n").rpartition("\n")[2]
    if stderr.lstrip().startswith(("Usage:", "╭─ Error")):
        text = re.sub(r"[\s│╭╮╰╯─]+", " ", stderr)
    elif not text.startswith("Error: ") or stderr.count("Error: ") != 1:
        return Harm("sentence", f"not one sentence: {stderr[-300:]}")
    if len(text) > LONGEST_SENTENCE:
        return Harm("sentence", f"{len(text)} characters: {text[:100]} …")
    return None


def _judge_files(
    ended: Ended, before: dict[str, tuple[Any, ...]], after: dict[str, tuple[Any, ...]]
) -> Harm | None:
    for name, stamp in before.items():
        if after.get(name) != stamp and not name.endswith("model.sda"):
            return Harm("lost", f"{name} was changed")
    new = sorted(after.keys() - before.keys())
    litter = [name for name in new if is_temporary(Path(name))]
    if ended.code not in (0, INTERRUPT_CODE):
        litter = new
    return Harm("litter", litter[0]) if litter else None


def _shown(words: list[str]) -> str:
    """Words as a shell takes them; long ones are cut."""
    return " ".join(repr(word[:60]) if not word.isalnum() else word[:60] for word in words)
