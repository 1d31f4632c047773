"""Whole folders at once: of sounds to codes files, several at the same time, and of a model's
entries to sounds."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from distill.audio.io import write_sound
from distill.data.corpus import collect_audio_files
from distill.device import prepare
from distill.errors import DistillError, OutputError
from distill.inference.codes.decode import entry_sound
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.models.levels import level_names
from distill.models.persistence import LoadedVQModel
from distill.workflows.codes import encode


@dataclass(frozen=True)
class Encoded:
    """A sound of a folder: its codes, written to `path`, or the sentence that says why there are
    none."""

    source: Path
    path: Path
    codes: CodeGrid | None
    problem: str = ""


def codes_paths(folder: Path, output: Path) -> dict[Path, Path]:
    """The codes file in the folder `output` for every sound in `folder`: subfolders stay,
    `kick.wav` → `kick.json`.

    Two sounds that differ only in their ending keep it: `kick.wav.json`. `CorpusError` for a folder
    without sounds.
    """
    sounds = collect_audio_files(folder)
    paths = {sound: sound.relative_to(folder).with_suffix("") for sound in sounds}
    while clashing := _clashing(paths):
        paths |= {sound: sound.relative_to(folder) for sound in clashing}
    return {sound: output / path.with_name(f"{path.name}.json") for sound, path in paths.items()}


def _clashing(paths: dict[Path, Path]) -> list[Path]:
    """Sounds without their ending whose path is another's, too: large and small letters are the
    same to some disks.

    What has its ending may be another's without one: `kick.wav` and `kick.wav.ogg`.
    """
    same = Counter(str(path).casefold() for path in paths.values())
    return [
        s for s, path in paths.items() if path.name != s.name and same[str(path).casefold()] > 1
    ]


def encode_folder(model: LoadedVQModel, paths: dict[Path, Path], workers: int) -> Iterator[Encoded]:
    """Encode each sound to its path, `workers` at a time on one thread each; each as soon as it is
    done.

    A sound that has no codes stops no other. `OutputError` as soon as a file cannot be written.
    """
    _make_folders(sorted({path.parent for path in paths.values()}))

    def one(source: Path, path: Path) -> Encoded:
        try:
            codes = encode(model, source)
            return Encoded(source, save_codes(path, codes), codes)
        except OutputError:
            raise
        except DistillError as error:
            return Encoded(source, path, None, str(error))

    # Flushing denormals and the number of threads are matters of each thread.
    with ThreadPoolExecutor(workers, initializer=prepare, initargs=(1,)) as pool:
        waiting = [pool.submit(one, source, path) for source, path in paths.items()]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def write_entries(model: LoadedVQModel, folder: Path) -> Iterator[Path]:
    """Every codebook entry as a sound of its own, `folder/1-structure/017.wav`, each as soon as it
    is written."""
    codec = model.model
    names = [
        f"{q + 1}-{name.lower().replace(' ', '-')}"
        for q, name in enumerate(level_names(codec.num_quantizers))
    ]
    _make_folders([folder / name for name in names])
    digits = len(str(codec.codebook_size - 1))
    for level, name in enumerate(names):
        for code in range(codec.codebook_size):
            path = folder / name / f"{code:0{digits}d}.wav"
            yield write_sound(path, entry_sound(model, level, code), codec.sample_rate)


def _make_folders(folders: Sequence[Path]) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"Cannot make the folder {folder}: {error.strerror or error}."
            ) from error
