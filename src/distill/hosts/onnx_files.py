"""The folder of an export to ONNX: graphs, facts, and two players to begin with."""

import json
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from distill.errors import UsageError
from distill.files import plain_json, replace_atomically
from distill.hosts.decoder import StreamDecoder
from distill.hosts.facts import host_facts, latency_of
from distill.hosts.latency import frames_ahead
from distill.hosts.onnx_graphs import OPSET, write_graphs
from distill.hosts.onnx_parity import measure_onnx_parity
from distill.hosts.parity import LARGEST_DIFFERENCE, LARGEST_HALF_DIFFERENCE, Parity
from distill.models.persistence import LoadedVQModel

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""What the extra `onnx` installs."""

TEMPLATES = Path(__file__).with_name("templates")

PLAYERS = {"play.py": "play.txt", "play.html": "play.html"}
"""Files that are copied as they are, and their templates."""


@dataclass(frozen=True)
class OnnxExport:
    """What was written."""

    facts: dict[str, Any]
    parity: Parity


def check_packages() -> None:
    """Raise `UsageError` unless all that the export needs is installed."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"An export to ONNX needs {', '.join(missing)}: run `pip install 'distill[onnx]'`."
        )


def write_onnx_files(
    loaded: LoadedVQModel, folder: Path, latency: str = "full", half: bool = False
) -> OnnxExport:
    """Write all files into a folder.

    Args:
        loaded: The model, on the CPU.
        folder: The folder, which the caller removes if this fails.
        latency: One of `latency.LATENCIES`, of `stream.onnx`.
        half: Whether decoders keep their weights as float16.

    Raises:
        OutputError: A file cannot be written.
        ParityError: A graph would sound other than the model.
        UsageError: A package is missing, or the codec cannot be exported.
    """
    check_packages()
    codec = loaded.model
    ahead = frames_ahead(codec, latency)
    late = {"decode": StreamDecoder(codec, ahead).delay}
    state = write_graphs(codec, folder, ahead, half)
    largest = LARGEST_HALF_DIFFERENCE if half else LARGEST_DIFFERENCE
    parity = measure_onnx_parity(loaded, folder, state, ahead, largest)
    facts = host_facts(loaded, "onnx", latency_of(loaded, latency, ahead, late))
    facts["opset"] = OPSET
    facts["weights"] = "float16" if half else "float32"
    facts["largest_difference"] = largest
    facts["state"] = [
        {"name": name, "shape": list(value.shape), "type": str(value.dtype).removeprefix("torch.")}
        for name, value in state.items()
    ]
    whole = plain_json(facts | {"parity": asdict(parity)})
    contents = {"model.json": json.dumps(whole, indent=1).encode() + b"\n"}
    contents |= {name: (TEMPLATES / file).read_bytes() for name, file in PLAYERS.items()}
    for name, content in contents.items():
        with replace_atomically(folder / name) as file:
            file.write(content)
    return OnnxExport(facts=facts, parity=parity)
