"""Eight processes at once on one cache, one model, one output: none spoils another's work."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import distill
from tests.campaign.aftermath import contents, files_below, is_temporary
from tests.campaign.forked import Deed, Ended, Running, command
from tests.campaign.jobs import in_a_sentence
from tests.campaign.material import CODEC, PRIOR, STEPS, material
from tests.campaign.report import Plan, Tally
from tests.campaign.trials import Harm, Result, work_off

NAME = "crowd"
COUNT = 12
TAKES_S = 40

SIZE = 8
"""Processes at once."""

Judge = Callable[[Path, list[Ended]], Harm | None]


class Meeting(NamedTuple):
    """Processes that meet at one file.

    Attributes:
        name: Where they meet.
        deeds: One for each process.
        inputs: Files of the material, `name` or `name>name here`.
        judge: Looks at the files afterwards.
        may_fail: Whether a process may be refused, in a sentence.
    """

    name: str
    deeds: list[Deed]
    inputs: tuple[str, ...]
    judge: Judge
    may_fail: bool = False


def run(plan: Plan) -> Tally:
    """Let processes meet, at each place in turn."""
    material(plan.shared)
    # Each trial has eight processes of its own.
    return work_off(NAME, plan, partial(_trial, plan))


def _trial(plan: Plan, index: int) -> Result:
    meeting = _meetings()[index % len(_meetings())]
    folder = plan.folder / f"trial-{index}"
    _furnish(meeting, material(plan.shared), folder)
    logs = plan.folder / f"logs-{index}"
    crowd = [Running(deed, folder, logs / str(i)) for i, deed in enumerate(meeting.deeds)]
    ends = [running.wait() for running in crowd]
    harm = _judge_ends(meeting, ends) or _judge_litter(folder) or meeting.judge(folder, ends)
    if harm is None:
        shutil.rmtree(folder)
    return Result(
        outcome="met",
        harm=harm,
        place=meeting.name,
        added_bytes=max(ended.added_bytes for ended in ends),
    )


def _furnish(meeting: Meeting, source: Path, folder: Path) -> None:
    folder.mkdir()
    for entry in meeting.inputs:
        name, _, here = entry.partition(">")
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name)
        else:
            shutil.copyfile(source / name, folder / (here or name))


def _judge_ends(meeting: Meeting, ends: list[Ended]) -> Harm | None:
    for ended in ends:
        if fault := ended.fault(meeting.may_fail):
            return Harm("end", fault)
        if ended.code and ended.stderr.count("Error: ") != 1:
            return Harm("sentence", ended.stderr[-300:])
    if all(ended.code for ended in ends):
        return Harm("end", f"none of them did its work: {ends[0].stderr}")
    return None


def _judge_litter(folder: Path) -> Harm | None:
    litter = [path.name for path in files_below(folder) if is_temporary(path)]
    return Harm("litter", litter[0]) if litter else None


# --- places to meet -------------------------------------------------------------------------------


def _meetings() -> list[Meeting]:
    sounds = ("sounds",)
    model = ("sounds", "model.sda")
    doctor = command("doctor", "sounds", "--json")
    readers = [command("info", "model.sda"), _generate("a.wav", 1), _generate("b.wav", 2)]
    return [
        Meeting(
            "a sound without a name",
            [_words_without_name(seed) for seed in range(SIZE)],
            model,
            _each_has_a_file,
            may_fail=True,
        ),
        Meeting("a cache", [doctor] * SIZE, sounds, _all_alike),
        Meeting(
            "a cache that is cleared",
            [doctor, command("cache", "--clear")] * (SIZE // 2),
            sounds,
            _nothing_more,
            # A sound may go between its scan and its use.
            may_fail=True,
        ),
        Meeting(
            "a model",
            [_train_prior, *readers, *readers, command("codebook", "model.sda")],
            model,
            _model_is_whole,
        ),
        Meeting(
            "a model of two trainings",
            [_train_prior, _train_prior, *readers, *readers],
            model,
            _model_is_whole,
            may_fail=True,
        ),
        Meeting(
            "a sound",
            [_generate("one.wav", seed) for seed in range(SIZE)],
            model,
            _one_of_all,
        ),
        Meeting("a new model", [_train] * 3, sounds, _new_model_is_whole, may_fail=True),
    ]


def _generate(name: str, seed: int) -> Deed:
    fixed = ("generate", "model.sda", "--duration", 0.3, "--threads", 1, "--overwrite")
    return command(*fixed, "-o", name, "--seed", seed)


def _words_without_name(seed: int) -> Deed:
    return command("generate", "model.sda", "--duration", 0.3, "--threads", 1, "--seed", seed)


def _train_prior() -> None:
    in_a_sentence(lambda: distill.train_prior("model.sda", "sounds", **PRIOR))()


def _train() -> None:
    in_a_sentence(lambda: distill.train("sounds", "new.sda", steps=STEPS, **CODEC))()


def _nothing_more(_folder: Path, _ends: list[Ended]) -> Harm | None:
    return None


def _all_alike(_folder: Path, ends: list[Ended]) -> Harm | None:
    said = {ended.stdout for ended in ends}
    return None if len(said) == 1 else Harm("changed", f"{len(said)} reports of one folder")


def _model_is_whole(folder: Path, _ends: list[Ended]) -> Harm | None:
    loaded = distill.load(folder / "model.sda")
    return None if loaded.prior is not None else Harm("lost", "the prior is gone")


def _new_model_is_whole(folder: Path, _ends: list[Ended]) -> Harm | None:
    distill.load(folder / "new.sda")
    return None


def _one_of_all(folder: Path, ends: list[Ended]) -> Harm | None:
    contents(folder / "one.wav")
    return None


def _each_has_a_file(folder: Path, ends: list[Ended]) -> Harm | None:
    done = sum(ended.code == 0 for ended in ends)
    sounds = {contents(path) for path in folder.glob("generated*.wav")}
    return None if len(sounds) == done else Harm("lost", f"{len(sounds)} sounds of {done} runs")
