"""Files before and after a job that died or failed: what is lost, torn or left over."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

from distill.errors import DistillError
from distill.inference.codes.file import load_codes
from distill.models.persistence import load_model_v2
from distill.models.sda_file import read_contents
from distill.training.checkpoint import load_checkpoint
from tests.campaign.forked import Ended, run_to_end
from tests.campaign.jobs import JOBS, Job
from tests.campaign.material import material
from tests.campaign.report import Plan
from tests.campaign.trials import Harm

SOUND_ENDINGS = (".wav", ".flac", ".ogg")

DAMAGE = (DistillError, OSError, ValueError, RuntimeError)
"""Errors of reading a torn file."""


class Whole(NamedTuple):
    """A job that was left in peace.

    Attributes:
        ended: How its process ended.
        contents: What its files say, by their path.
        largest: Bytes of the largest file that it wrote.
        added_bytes: Bytes of all files, beyond those that were there.
    """

    ended: Ended
    contents: dict[Path, str]
    largest: int
    added_bytes: int


def undisturbed(plan: Plan, number: int) -> Whole:
    """Do the job of that number in peace.

    Raises:
        RuntimeError: It fails.
    """
    job = JOBS[number]
    folder = plan.folder / f"whole-{number}"
    job.furnish(material(plan.shared), folder)
    before = sum(path.stat().st_size for path in files_below(folder))
    ended = run_to_end(job.deed(folder), folder, plan.folder / f"whole-logs-{number}")
    if ended.fault():
        raise RuntimeError(f"{job.name} fails in peace: {ended}")
    made = made_files(job, folder)
    sizes = [path.stat().st_size for path in files_below(folder)]
    return Whole(
        ended=ended,
        contents={path.relative_to(folder): contents(path) for path in made},
        largest=max(path.stat().st_size for path in made),
        added_bytes=sum(sizes) - before,
    )


def judge_files(job: Job, folder: Path, before: dict[Path, str], is_dead: bool) -> Harm | None:
    """The harm that a run has done to the files of its folder.

    Args:
        job: What was run.
        folder: Where.
        before: Snapshot of the folder before.
        is_dead: Whether half-written files may be left, for the next run to clear.
    """
    after = snapshot(folder)
    for path, content in before.items():
        if path not in after:
            return Harm("lost", f"{path} is gone")
        if after[path] != content and not job.may_replace(path):
            return Harm("lost", f"{path} was changed")
    for path in after.keys() - before.keys():
        if is_temporary(path):
            if not is_dead:
                return Harm("litter", f"{path} was left")
        elif not job.may_replace(path):
            return Harm("litter", f"{path} appeared")
    for path in made_files(job, folder):
        try:
            contents(path)
        except DAMAGE as error:
            return Harm("torn", f"{path.relative_to(folder)}: {error}")
    return None


def judge_result(job: Job, folder: Path, whole: Whole) -> Harm | None:
    """How the files differ from those of a run that was left in peace."""
    made = {path.relative_to(folder): contents(path) for path in made_files(job, folder)}
    for path in sorted(made.keys() ^ whole.contents.keys()):
        return Harm("lost" if path in whole.contents else "litter", f"{path}, in the end")
    for path, content in made.items():
        if content != whole.contents[path]:
            return Harm("changed", f"{path} is another than that of an unbroken run")
    return None


def made_files(job: Job, folder: Path) -> list[Path]:
    """Files that the job makes, as far as they are there; index of a cache and logs aside.

    The index depends on the place of the folder, a log on the clock.
    """
    files = [path for path in files_below(folder) if job.may_replace(path.relative_to(folder))]
    return [
        path
        for path in files
        if path.parent.name != "index" and path.suffix != ".jsonl" and not is_temporary(path)
    ]


def snapshot(folder: Path) -> dict[Path, str]:
    """Hashes of all files below `folder`, by path relative to it."""
    return {path.relative_to(folder): _hash(path.read_bytes()) for path in files_below(folder)}


def files_below(folder: Path) -> list[Path]:
    """All files below `folder`, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def is_temporary(path: Path) -> bool:
    """Whether a file is half-written, by its name."""
    return path.name.startswith(".distill-")


def contents(path: Path) -> str:
    """Hash of what a file says, dates and identities aside: those differ between runs.

    Raises:
        DistillError: If the file is torn, or of no use; so do OSError and ValueError.
    """
    if path.suffix == ".sda":
        load_model_v2(path)
        entries = read_contents(path)
        tables = [entries["state_dict"], entries.get("prior_state_dict", {})]
        return _hash(*(tensor.numpy().tobytes() for table in tables for tensor in table.values()))
    if path.suffix in SOUND_ENDINGS:
        audio, rate = sf.read(path)
        return _hash(audio.tobytes(), str(rate).encode())
    if path.suffix == ".npy":
        return _hash(np.load(path).tobytes())
    if path.suffix == ".ckpt":
        load_checkpoint(path)
    elif path.suffix == ".json" and "cache" not in path.parts:
        load_codes(path)
    return _hash(path.read_bytes())


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()
