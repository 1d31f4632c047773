"""Whole folders: sounds to codes files, several at once, and codebook entries to sounds."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from distill.audio.blocks import pieces
from distill.audio.conversion import deliver_blocks
from distill.audio.delivery import AS_IS, Delivery
from distill.cancellation import check_of
from distill.data.corpus import collect_audio_files
from distill.device import prepare
from distill.errors import CancelledError, DistillError, OutputError
from distill.files import FilePath, make_folder
from distill.inference.codes.decode import entry_sound
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.models.levels import level_names
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE
from distill.workflows.codes import check_delivery, encoding_of
from distill.workflows.paths import check_outputs_in_folder


@dataclass(frozen=True)
class Encoded:
    """A sound of a folder, encoded or not.

    Attributes:
        source: The sound file.
        path: The codes file.
        codes: The codes; None if the sound could not be encoded.
        problem: Why it could not, in a sentence.
        remark: A sentence on what encoding lost; mostly empty.
    """

    source: Path
    path: Path
    codes: CodeGrid | None
    problem: str = ""
    remark: str = ""


def codes_paths(folder: FilePath, output: FilePath) -> dict[Path, Path]:
    """The codes file of every sound in a folder: subfolders stay, `kick.wav` → `kick.json`.

    Two sounds that differ in their ending alone keep it: `kick.wav.json`.

    Args:
        folder: Folder of sounds.
        output: Folder for the codes files.

    Raises:
        CorpusError: If the folder holds no sound.
    """
    folder = Path(folder)
    sounds = collect_audio_files(folder)
    paths = {sound: sound.relative_to(folder).with_suffix("") for sound in sounds}
    # An ending that comes back may clash in turn: `kick.wav` with `kick.wav.ogg` without its own.
    while clashing := _clashing(paths):
        for sound in clashing:
            paths[sound] = sound.relative_to(folder)
    return {
        sound: Path(output) / path.with_name(f"{path.name}.json") for sound, path in paths.items()
    }


def _clashing(paths: dict[Path, Path]) -> list[Path]:
    """Sounds whose path lacks their ending and is the path of another sound as well.

    Upper and lower case are one: some disks do not tell them apart.
    """
    uses = Counter(str(path).casefold() for path in paths.values())
    return [
        sound
        for sound, path in paths.items()
        if path.name != sound.name and uses[str(path).casefold()] > 1
    ]


def encode_folder(
    model: LoadedVQModel,
    folder: FilePath,
    output: FilePath,
    workers: int = 1,
    cancel_event: threading.Event | None = None,
) -> Iterator[Encoded]:
    """Encode every sound of a folder to a codes file, each as soon as it is done.

    A sound that cannot be encoded does not stop the others. Codes files that exist are replaced.
    Whoever leaves the loop before its end leaves the sounds in work, too.

    Args:
        model: Model, as `distill.load` gives it.
        folder: Folder of sounds.
        output: Folder for the codes files, named as `codes_paths` says.
        workers: Sounds that are encoded at the same time, on one thread each.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.
            Codes files that are there by then stay.

    Raises:
        CancelledError: If `cancel_event` was set.
        CorpusError: If the folder holds no sound.
        OutputError: As soon as a file cannot be written.

    Example:
        for sound in distill.encode_folder(model, "sounds", "codes", workers=4):
            print(sound.path, sound.problem)
    """
    paths = codes_paths(folder, output)
    check_outputs_in_folder(output, list(paths.values()), [model.path, *paths])
    _make_folders({path.parent for path in paths.values()})

    leave = threading.Event()
    check = check_of(leave)

    def encode_one(source: Path, path: Path) -> Encoded:
        try:
            encoding = encoding_of(model, source, lambda done, total: check(), cancel_event)
            grid = encoding.grid
            return Encoded(
                source=source, path=save_codes(path, grid), codes=grid, remark=encoding.remark
            )
        except (OutputError, CancelledError):
            raise
        except DistillError as error:
            return Encoded(source=source, path=path, codes=None, problem=str(error))

    # Each thread has its own setting of denormals and of the number of threads.
    with ThreadPoolExecutor(workers, initializer=prepare, initargs=(1,)) as pool:
        waiting = [pool.submit(encode_one, source, path) for source, path in paths.items()]
        try:
            for future in as_completed(waiting):
                yield future.result()
        finally:
            leave.set()
            pool.shutdown(wait=False, cancel_futures=True)


def write_entries(
    model: LoadedVQModel, folder: FilePath, delivery: Delivery = AS_IS
) -> Iterator[Path]:
    """Write every codebook entry as a sound, `folder/1-structure/017.wav`, and yield its path.

    Sounds that exist are replaced.

    Args:
        model: Model, as `distill.load` gives it.
        folder: Folder for the sounds.
        delivery: The form of the files.

    Raises:
        OutputError: As soon as a file cannot be written.
    """
    codec = model.model
    check_delivery(model, delivery)
    paths = entry_paths(folder, codec.num_quantizers, codec.codebook_size, delivery)
    check_outputs_in_folder(folder, [path for level in paths for path in level], [model.path])
    _make_folders({path.parent for level in paths for path in level})
    for level, level_paths in enumerate(paths):
        for code, path in enumerate(level_paths):
            sound = entry_sound(model, level, code)
            yield deliver_blocks(path, pieces(sound), len(sound), codec.sample_rate, delivery)


def entry_paths(
    folder: FilePath, levels: int, codebook_size: int, delivery: Delivery = AS_IS
) -> list[list[Path]]:
    """The sound file of each code, for each quantiser level; see `write_entries`."""
    # So many digits that files sort by code.
    digits = len(str(codebook_size - 1))
    paths = []
    for number, name in enumerate(level_names(levels), 1):
        level_folder = Path(folder) / f"{number}-{name.lower().replace(' ', '-')}"
        names = [delivery.default_name(f"{code:0{digits}d}.wav") for code in range(codebook_size)]
        paths.append([level_folder / name for name in names])
    for path in paths[0][:1]:
        delivery.check_file(path, SAMPLE_RATE)
    return paths


def _make_folders(folders: Iterable[Path]) -> None:
    for folder in sorted(folders):
        make_folder(folder)
