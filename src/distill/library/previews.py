"""Previews of a training: a fixed set of sounds, and the request for them. Free of torch.

They are made at every save, by the player at low priority. Training never waits for them. Between
the saves, the best epochs of a prior are heard: `epoch_previews`.
"""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.errors import NotFoundError
from distill.files import FilePath, parse_json, replace_atomically
from distill.library.job_queue import job_folder
from distill.library.job_types import Job
from distill.library.player import Player
from distill.library.player_task import PlayerTask
from distill.library.sound_requests import PICTURE_ENDING, Preview, PreviewSound
from distill.library.workspace import Workspace, check_id
from distill.models.header import read_outline

OWN_SOUNDS = 4
"""Recordings that the model learns from, in a set."""

HELD_OUT_SOUNDS = 2
"""Recordings, or ends of some, that it does not learn from."""

LEAST_S = 0.5
"""Seconds of a held-out end, at least, that can be judged by ear."""


SEEDS = (1, 2, 3)
"""Seeds of the new sounds of a preview: the same at every save."""

FACTS = "preview.json"
"""What a preview holds, in its folder; it is written last."""


@dataclass(frozen=True)
class PreviewFile:
    """A sound of a preview.

    Attributes:
        name: Name of its file.
        sound: Name of the recording that it is made of; empty for a new sound.
        hash: SHA-256 of that recording; empty for a new sound, or if unknown.
        start_s: Where the stretch of the recording begins, in seconds.
        is_held_out: Whether the model never learns from it.
        seed: Of a new sound; None for a recording.
        copy_percent: Of a new sound: percentage that repeats the corpus; None if unknown.
        loudness_lufs: Integrated loudness, as it is heard; None for silence, or if unknown.
        recording_lufs: That of the stretch of the recording.
        has_picture: Whether spectrograms of recording, preview and difference were drawn.
    """

    name: str
    sound: str = ""
    hash: str = ""
    start_s: float = 0.0
    is_held_out: bool = False
    seed: int | None = None
    copy_percent: float | None = None
    loudness_lufs: float | None = None
    recording_lufs: float | None = None
    has_picture: bool = False


@dataclass(frozen=True)
class KeptPreview:
    """How a model sounded at a save, or at a best epoch of its prior.

    Attributes:
        number: Number of the event of the save, or of the epoch.
        made: Time, in seconds since 1970.
        files: Its sounds.
        epoch: Number of the best epoch of a prior that it was made at; None at a save.
    """

    number: int
    made: float
    files: list[PreviewFile]
    epoch: int | None = None


def preview_folder(workspace: Workspace, job_id: str, number: int) -> Path:
    """Folder of the preview of a save or an epoch, by the number of its event."""
    return job_folder(workspace, check_id(job_id)) / "previews" / f"{number:08d}"


def preview_order(workspace: Workspace, job: Job, number: int) -> Preview | None:
    """The request for a preview of the model of a training; None where there is nothing to hear.

    Args:
        workspace: The workspace.
        job: The training.
        number: Number of the event of the save.

    Raises:
        ModelFileError: The model cannot be read.
    """
    model = job.arguments.get("output") or job.arguments.get("model")
    if not model:
        return None
    sounds = preview_sounds(model, job.arguments.get("sounds") or "")
    seeds = SEEDS if read_outline(model).get("has_prior") is True else ()
    if not sounds and not seeds:
        return None
    folder = preview_folder(workspace, job.id, number)
    return Preview(model=model, folder=folder, sounds=sounds, seeds=seeds)


def keep_preview(folder: FilePath, files: list[dict[str, Any]], epoch: int | None = None) -> None:
    """Keep what is known of a preview, beside its sounds.

    Args:
        folder: Folder of the preview.
        files: Facts of each of its sounds.
        epoch: Number of the best epoch of a prior; None at a save.

    Raises:
        OutputError: It cannot be written.
    """
    content: dict[str, Any] = {"version": 1, "made": time.time(), "files": files}
    if epoch is not None:
        content["epoch"] = epoch
    with replace_atomically(Path(folder) / FACTS) as file:
        file.write(json.dumps(content).encode("ascii"))


def kept_previews(workspace: Workspace, job_id: str) -> list[KeptPreview]:
    """The previews of a training, the first one first."""
    found = []
    for path in sorted(preview_folder(workspace, job_id, 0).parent.glob(f"*/{FACTS}")):
        # One that is damaged, or half deleted, is none.
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = parse_json(path.read_bytes())
            files = [_preview_file(entry) for entry in content["files"]]
            number = int(path.parent.name)
            made = float(content["made"])
            epoch = int(content["epoch"]) if "epoch" in content else None
            found.append(KeptPreview(number=number, made=made, files=files, epoch=epoch))
    return found


def _preview_file(entry: dict[str, Any]) -> PreviewFile:
    name = Path(entry["path"]).name
    if "sound" not in entry:
        copy = entry.get("copy") or {}
        return PreviewFile(
            name=name, seed=entry.get("seed"), copy_percent=copy.get("passage_percent")
        )
    sound = entry["sound"]
    return PreviewFile(
        name=name,
        sound=Path(sound["path"]).name,
        start_s=float(sound["start_s"]),
        hash=str(sound.get("hash", "")),
        is_held_out=sound["is_held_out"] is True,
        has_picture=bool(entry.get("picture")),
        # Previews of earlier versions have none.
        loudness_lufs=entry.get("loudness_lufs"),
        recording_lufs=entry.get("recording_lufs"),
    )


def preview_path(workspace: Workspace, job_id: str, number: int, place: int) -> Path:
    """The file of sound `place`, from 0, of a preview. `NotFoundError` if there is none."""
    file = _file_at(workspace, job_id, number, place)
    return preview_folder(workspace, job_id, number) / file.name


def preview_picture(workspace: Workspace, job_id: str, number: int, place: int) -> Path:
    """The picture of sound `place`, as `preview_path`. `NotFoundError` if there is none."""
    file = _file_at(workspace, job_id, number, place)
    if not file.has_picture:
        raise NotFoundError(f"Sound {place} of preview {number} has no picture.")
    path = preview_folder(workspace, job_id, number) / file.name
    return path.with_suffix(PICTURE_ENDING)


def _file_at(workspace: Workspace, job_id: str, number: int, place: int) -> PreviewFile:
    for preview in kept_previews(workspace, job_id):
        if preview.number == number and 0 <= place < len(preview.files):
            return preview.files[place]
    raise NotFoundError(f"There is no preview {number}, or it has no sound {place}.")


def preview_sounds(model: FilePath, folder: FilePath) -> tuple[PreviewSound, ...]:
    """The fixed set of a model: recordings of its corpus, spread over all, and held-out ones.

    Args:
        model: Model file, as a training saves it.
        folder: Folder of its corpus. Recordings that are no longer there are left out.

    Raises:
        ModelFileError: The file cannot be used.
    """
    header = read_outline(model)
    rate = header["vqvae_config"]["sample_rate"]
    own = []
    held_out = []
    for entry in header["metadata"].get("corpus", []):
        path = Path(folder) / str(entry["name"])
        if not path.is_file():
            continue
        start = _held_out_start(entry, rate)
        if start != 0.0:
            own.append(PreviewSound(path=path, hash=entry["hash"]))
        if start is not None:
            held_out.append(
                PreviewSound(path=path, start_s=start, is_held_out=True, hash=entry["hash"])
            )
    return (*_spread(own, OWN_SOUNDS), *_spread(held_out, HELD_OUT_SOUNDS))


def _held_out_start(entry: dict[str, Any], rate: int) -> float | None:
    """Seconds at which the held-out part of a recording begins; None without one to be heard."""
    samples = entry.get("n_samples", 0)
    start = entry.get("train_until", samples)
    is_heard = start == 0 or samples - start >= LEAST_S * rate
    return start / rate if is_heard and samples > start else None


def _spread(sounds: list[PreviewSound], count: int) -> list[PreviewSound]:
    """At most `count` of `sounds`, at even distances."""
    if len(sounds) <= count:
        return sounds
    return [sounds[number * len(sounds) // count] for number in range(count)]


def ask_for_preview(player: Player, preview: Preview) -> PlayerTask | None:
    """Let `player` make a preview; None where it has other work: the next save gets one."""
    return None if player.tasks() else player.submit(preview)
