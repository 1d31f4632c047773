"""The files that nn~ and its user need: the model, facts about it, and a patch to begin with."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from distill.files import FilePath, plain_json, replace_atomically
from distill.hosts.facts import host_facts, latency_of
from distill.hosts.latency import frames_ahead
from distill.hosts.nn_tilde import NnTilde, nn_tilde_host, read_nn_tilde, write_nn_tilde
from distill.hosts.parity import Parity, measure_parity
from distill.hosts.patch import help_patch
from distill.models.persistence import LoadedVQModel


@dataclass(frozen=True)
class NnPaths:
    """The files of an export for nn~.

    Attributes:
        model: The model, as TorchScript.
        facts: Facts about it, as JSON.
        patch: A patch for Pure Data.
    """

    model: Path
    facts: Path
    patch: Path

    @classmethod
    def beside(cls, model: FilePath) -> "NnPaths":
        """The files that go with a `model` file."""
        path = Path(model)
        return cls(
            model=path,
            facts=path.with_suffix(".json"),
            patch=path.with_name(f"{path.stem}-help.pd"),
        )


@dataclass(frozen=True)
class NnExport:
    """What was written for nn~."""

    paths: NnPaths
    facts: dict[str, Any]
    parity: Parity


def write_nn_files(loaded: LoadedVQModel, paths: NnPaths, latency: str = "full") -> NnExport:
    """Write all files, once the model in them has proved to be the model.

    Args:
        loaded: The model, on the CPU.
        paths: Where they go; earlier files are replaced.
        latency: One of `latency.LATENCIES`.

    Raises:
        OutputError: A file cannot be written.
        ParityError: The file would sound other than the model. Nothing is left.
        UsageError: There is no such latency, or the codec cannot be exported.
    """
    codec = loaded.model
    ahead = frames_ahead(codec, latency)
    model = NnTilde(codec, ahead).eval()
    late = {
        "forward": model.encoder.delay + model.decoder.delay,
        "encode": model.encoder.delay,
        "decode": model.decoder.delay,
    }
    facts = host_facts(loaded, "nn", latency_of(loaded, latency, ahead, late))
    with ExitStack() as stack:
        # All are in their places together, at the end, or none is.
        side = stack.enter_context(replace_atomically(paths.facts))
        patch = stack.enter_context(replace_atomically(paths.patch))
        file = stack.enter_context(replace_atomically(paths.model))
        write_nn_tilde(model, file, json.dumps(plain_json(facts)))
        file.flush()
        parity = measure_parity(loaded, nn_tilde_host(read_nn_tilde(file.name), model), ahead)
        whole = facts | {"parity": asdict(parity)}
        side.write(json.dumps(plain_json(whole), indent=1).encode() + b"\n")
        text = help_patch(
            file=paths.model.name,
            channels=codec.channels,
            levels=codec.num_quantizers,
            sample_rate=codec.sample_rate,
            latency_ms=facts["latency"]["ms"]["forward"],
        )
        patch.write(text.encode())
    return NnExport(paths=paths, facts=facts, parity=parity)
