"""Work that is killed, and that runs out of room: what it needs, what it makes, how to go on."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import distill
from distill.errors import DistillError
from distill.training.codec import run as codec_run
from distill.training.paths import checkpoint_path
from tests.campaign.forked import Deed, Ended, command
from tests.campaign.material import CODEC, PRIOR, STEPS

SAVE_EVERY_S = 0.3
"""Seconds between two saves of a training, which here takes seconds in all."""

MODEL = "my.sda"
LOG = f"{MODEL}.log.jsonl"
CANNOT_GO_ON = "training cannot be resumed from here"
"""Words of a training that could save a model at most."""

SOUND = "generated/new.wav"
"""A generated sound of the material."""


@dataclass(frozen=True)
class Job:
    """A piece of work in a folder of its own.

    Args:
        name: What it is.
        deed: Makes the deed; gets the folder, which the deed also has as its current one.
        inputs: Files and folders of the material that it needs, `name` or `name>name here`.
        makes: Patterns of the files that it makes or replaces.
        again: Makes the deed of the next run after one that died or failed; by default `deed`.
    """

    name: str
    deed: Callable[[Path], Deed]
    inputs: tuple[str, ...]
    makes: tuple[str, ...]
    again: Callable[[Path, Ended], Deed] | None = None

    def furnish(self, material: Path, folder: Path) -> None:
        """Make `folder` and put the inputs into it."""
        folder.mkdir(parents=True, exist_ok=True)
        for entry in self.inputs:
            source, _, name = entry.partition(">")
            target = folder / (name or source)
            if (material / source).is_dir():
                shutil.copytree(material / source, target)
            else:
                shutil.copyfile(material / source, target)

    def next_run(self, folder: Path, first: Ended) -> Deed:
        """The deed of a musician who finds `folder` after a run that died or failed."""
        return self.again(folder, first) if self.again else self.deed(folder)

    def may_replace(self, path: Path) -> bool:
        """Whether the job makes the file at `path`, which is relative to its folder."""
        return any(path.match(pattern) for pattern in self.makes)


# --- the jobs -------------------------------------------------------------------------------------


def _words(*words: object) -> Callable[[Path], Deed]:
    return lambda folder: command(*words)


def in_a_sentence(deed: Deed) -> Deed:
    """A deed of Python that ends as a command does."""

    def end() -> None:
        try:
            deed()
        except DistillError as error:
            sys.exit(f"Error: {error}")

    return end


def _train(_folder: Path, overwrite: bool = False) -> Deed:
    def deed() -> None:
        codec_run.FIRST_SAVE_S = SAVE_EVERY_S
        codec_run.SAVE_EVERY_S = SAVE_EVERY_S
        distill.train("sounds", MODEL, steps=STEPS, overwrite=overwrite, **CODEC)

    return in_a_sentence(deed)


def _go_on(folder: Path, first: Ended) -> Deed:
    """`--resume` where there is a checkpoint; else the model is finished or not begun.

    After a full disk, a model without a checkpoint is not finished: the run said so.
    """
    if checkpoint_path(folder / MODEL).exists():
        return command("train", "--resume", MODEL)
    if CANNOT_GO_ON in first.stderr:
        return _train(folder, overwrite=True)
    return command("info", MODEL) if (folder / MODEL).exists() else _train(folder)


def _train_prior(_folder: Path) -> Deed:
    return in_a_sentence(lambda: distill.train_prior(MODEL, "sounds", **PRIOR))


def _generate(*words: object) -> Callable[[Path], Deed]:
    fixed = ("--duration", 0.3, "--seed", 5, "--threads", 1, "--overwrite")
    return _words("generate", MODEL, *fixed, *words)


def _edit(*words: object) -> Callable[[Path], Deed]:
    return _words("edit", *words, "-o", "edited.json", "--overwrite")


_ALL_CACHE = ("cache/*", "cache/index/*")
_EDITED = ("codes.json", "codes.json>edited.json")

JOBS = (
    Job(
        "generate over a sound",
        _generate("-o", "new.wav"),
        (f"model.sda>{MODEL}", f"{SOUND}>new.wav"),
        ("new.wav",),
    ),
    Job("train", _train, ("sounds",), (MODEL, LOG, f"{MODEL}.*.ckpt", *_ALL_CACHE), _go_on),
    Job(
        "encode a folder",
        _words("encode", MODEL, "sounds", "-o", "codes", "--threads", 1, "--overwrite"),
        ("sounds", f"model.sda>{MODEL}"),
        ("codes/*/*.json",),
    ),
    Job(
        "train-prior",
        _train_prior,
        ("sounds", f"codec.sda>{MODEL}"),
        (MODEL, LOG, f"{MODEL}.*.ckpt", *_ALL_CACHE),
    ),
    Job(
        "generate two sounds",
        _generate("-o", "new.flac", "-n", 2),
        (f"model.sda>{MODEL}",),
        ("new-?.flac",),
    ),
    Job(
        "decode over a sound",
        _words("decode", MODEL, "codes.json", "-o", "new.wav", "--overwrite", "--threads", 1),
        (f"model.sda>{MODEL}", "codes.json", f"{SOUND}>new.wav"),
        ("new.wav",),
    ),
    Job("edit", _edit("reverse", "codes.json"), _EDITED, ("edited.json",)),
    Job(
        "edit with a model",
        _edit("heal", MODEL, "codes.json", "--from", "4f", "--to", "9f"),
        (f"model.sda>{MODEL}", *_EDITED),
        ("edited.json",),
    ),
    Job(
        "fill the cache",
        _words("doctor", "sounds", "--json"),
        ("sounds",),
        _ALL_CACHE,
    ),
    Job(
        "pictures and previews",
        _words("codebook", MODEL, "--png", "use.png", "--previews", "all", "--overwrite"),
        (f"codec.sda>{MODEL}",),
        ("use.png", "all/*/*.wav"),
    ),
)
