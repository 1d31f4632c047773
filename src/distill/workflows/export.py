"""A model as files for other programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.errors import OutputError, UsageError
from distill.files import FilePath, open_regular, parse_json
from distill.hosts.facts import FORMAT
from distill.hosts.latency import check_latency
from distill.hosts.nn_files import NnPaths, write_nn_files
from distill.hosts.onnx_files import check_packages, write_onnx_files
from distill.hosts.parity import Parity
from distill.models.persistence import LoadedVQModel
from distill.workflows.paths import check_outputs
from distill.workflows.whole_folder import check_new_folder, whole_folder

TARGETS = ("nn", "onnx")
"""What a model can be exported to."""

_LARGEST_FACTS = 1 << 20
"""Bytes of a file that is looked into before it is replaced: facts take 3 kB."""


@dataclass(frozen=True)
class Exported:
    """Files that were made of a model.

    Attributes:
        path: The file, or the folder.
        files: All files.
        facts: Facts about the model, its latency among them.
        parity: How near the sound of the files comes to that of the model.
    """

    path: Path
    files: tuple[Path, ...]
    facts: dict[str, Any]
    parity: Parity


def export(
    model: LoadedVQModel,
    to: str,
    output: FilePath,
    latency: str = "full",
    half: bool = False,
) -> Exported:
    """Write a model in the form of another program, and prove that it sounds the same.

    `nn` is a TorchScript file for nn~ in Max, Pure Data and SuperCollider, with facts (`my.json`)
    and a patch (`my-help.pd`) beside it. `onnx` is a folder of graphs for ONNX Runtime, with facts
    (`model.json`) and two players, in Python and for a browser; it takes `distill[onnx]`.

    Args:
        model: A model as `load` gives it, on the CPU.
        to: `nn` or `onnx`.
        output: For `nn` a file, `my.ts`; files of an earlier export are replaced. For `onnx` a
            folder; there is none yet.
        latency: How far the decoder looks ahead: `full`, `half` or `low`. With less, sound comes
            sooner and is a little less like the recordings.
        half: For `onnx`: decoders keep their weights as float16, and compute in float32. Files are
            half as large, and sound differs by more than rounding.

    Returns:
        The files, and how near they come to the model.

    Raises:
        OutputError: A file cannot be written, or would replace something else.
        ParityError: The file would sound other than the model. Nothing is left.
        UsageError: There is no such target or latency, a package is missing, or `half` goes with
            `onnx` alone.

    Example:
        exported = distill.export(distill.load("my.sda", "cpu"), "nn", "my.ts")
        print(exported.facts["latency"]["ms"], exported.parity.difference)
    """
    check_export(to, output, model.path, latency, half=half)
    if to == "onnx":
        return _export_onnx(model, Path(output), latency, half)
    paths = NnPaths.beside(output)
    result = write_nn_files(model, paths, latency)
    return Exported(
        path=paths.model,
        files=(paths.model, paths.facts, paths.patch),
        facts=result.facts,
        parity=result.parity,
    )


def _export_onnx(model: LoadedVQModel, output: Path, latency: str, half: bool) -> Exported:
    with whole_folder(output) as folder:
        written = write_onnx_files(model, folder, latency, half)
    return Exported(
        path=output,
        files=tuple(sorted(output.iterdir())),
        facts=written.facts,
        parity=written.parity,
    )


def check_export(
    to: str,
    output: FilePath,
    model: FilePath,
    latency: str,
    overwrite: bool = True,
    half: bool = False,
) -> None:
    """Check that an export can be written, before the model is loaded.

    Args:
        to: What it is for.
        output: The file for nn~, or the folder.
        model: The model file.
        latency: How far the decoder looks ahead.
        overwrite: Whether files that exist are replaced.
        half: Whether weights are kept as float16.

    Raises:
        OutputError: They cannot be written.
        UsageError: There is no such target or latency, a package is missing, or `half` goes with
            `onnx` alone.
    """
    if to not in TARGETS:
        raise UsageError(f"There is no export to '{to}': choose {', '.join(TARGETS)}.")
    check_latency(latency)
    if half and to != "onnx":
        raise UsageError("--half goes with --to onnx only: leave it out.")
    if to == "onnx":
        check_packages()
        check_new_folder(output)
    else:
        _check_nn_paths(Path(output), model, overwrite)


def _check_nn_paths(path: Path, model: FilePath, overwrite: bool) -> None:
    # Through a link, too, nothing but such a file is replaced.
    if path.suffix != ".ts" or path.resolve().suffix != ".ts":
        raise OutputError(f"nn~ opens files that end in .ts: let the name of '{path}' end so.")
    paths = NnPaths.beside(path)
    check_outputs([paths.model, paths.facts, paths.patch], [model], overwrite)
    if paths.facts.exists() and not _is_facts(paths.facts):
        raise OutputError(
            f"'{paths.facts}' is no file of an export, and must not be replaced: choose another "
            "name for the result."
        )


def _is_facts(path: Path) -> bool:
    """Whether the file at `path` is that of an earlier export."""
    try:
        with open_regular(path) as file:
            content = parse_json(file.read(_LARGEST_FACTS))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("format") == FORMAT
