"""Coverage-guided fuzzing by atheris (https://github.com/google/atheris), in short runs.

`python -m tests.campaign.fuzz READER SECONDS FOLDER` runs one reader in this process, on inputs
that are mutated towards code that none has reached yet.
"""

import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.campaign.archives import PICKLE, join_archive, split_archive
from tests.campaign.report import Fault, Tally

READERS = {"header": ".sda", "codes": ".json", "tags": ".wav"}
"""What is fuzzed, and how its files end: the pickle of a model file, a codes file, the tags of a
sound."""

LONGEST = 300_000
"""Bytes of an input."""

TRIALS = re.compile(r"number_of_executed_units:\s*(\d+)")
ERROR = re.compile(r"Uncaught Python exception: ===\n(.*)")


def is_installed() -> bool:
    """Whether atheris is there, from `pip install -e '.[fuzz]'`."""
    return importlib.util.find_spec("atheris") is not None


def run_reader(reader: str, seconds: int, folder: Path, whole: Path) -> Tally:
    """Fuzz one reader in a process of its own.

    Args:
        reader: One of `READERS`.
        seconds: How long.
        folder: Empty folder to work in.
        whole: Folder of whole files, as `material` makes it.
    """
    began = time.monotonic()
    seed_folder = folder / "seeds"
    seed_folder.mkdir(parents=True)
    model = (whole / "model.sda").read_bytes()
    (folder / "model.sda").write_bytes(model)
    seeds = {
        "header": [data for name, data in split_archive(model) if name.endswith(PICKLE)],
        "codes": [(whole / "codes.json").read_bytes()],
        "tags": [path.read_bytes() for path in (whole / "generated").glob("*.wav")],
    }
    for number, content in enumerate(seeds[reader]):
        (seed_folder / str(number)).write_bytes(content)
    command = [sys.executable, "-m", "tests.campaign.fuzz", reader, str(seconds), str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    found = TRIALS.search(result.stderr)
    trials = int(found[1]) if found else 0
    tally = Tally(f"fuzz-{reader}", planned=0)
    tally.outcomes["read or refused"] = trials
    if result.returncode:
        error = ERROR.search(result.stdout + result.stderr)
        inputs = sorted(folder.glob("*-*"))  # crash-…, timeout-…, oom-…
        fault = Fault(
            what="fuzz",
            place=reader,
            message=error[1] if error else result.stderr[-300:],
            index=trials,
            content=inputs[0].read_bytes() if inputs else None,
            suffix=READERS[reader],
        )
        tally.add_fault(fault)
    tally.seconds = time.monotonic() - began
    return tally


def fuzz(reader: str, seconds: int, folder: Path) -> None:
    """Fuzz in this process, which ends with an exit code other than 0 at the first fault."""
    import atheris

    # What is imported inside is instrumented.
    with atheris.instrument_imports(include=["distill"]):
        read = _reader(reader, folder)
        from distill.errors import DistillError

    path = folder / f"input{READERS[reader]}"

    def run(content: bytes) -> None:
        try:
            read(path, content)
        except DistillError as error:
            if not str(error).endswith("."):
                raise ValueError("no sentence") from error

    options = (
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        "-timeout=5",
        "-rss_limit_mb=2000",
        "-print_final_stats=1",
        f"-artifact_prefix={folder}/",
    )
    atheris.Setup(["fuzz", *options, str(folder / "seeds")], run)
    atheris.Fuzz()


def _reader(name: str, folder: Path) -> Callable[[Path, bytes], object]:
    """A function that writes bytes to a file and reads it."""
    if name == "header":
        from distill.models.persistence import read_header

        # The bytes are the pickle, in an archive with right checksums.
        model = Path(folder / "model.sda").read_bytes()
        members = split_archive(model)

        def read(path: Path, content: bytes) -> object:
            changed = [(name, content if name.endswith(PICKLE) else data) for name, data in members]
            path.write_bytes(join_archive(changed))
            return read_header(path)

        return read

    if name == "codes":
        from distill.inference.codes.file import load_codes as read_file
    else:
        from distill.inference.recipe import read_recipe as read_file

    def read_written(path: Path, content: bytes) -> object:
        path.write_bytes(content)
        return read_file(path)

    return read_written


if __name__ == "__main__":
    fuzz(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
