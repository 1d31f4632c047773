"""Whether ONNX graphs give what the model gives, as ONNX Runtime computes them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from distill.cancellation import check_cancellation
from distill.exports import LazyModule
from distill.hosts.decoder import StreamDecoder
from distill.hosts.onnx_graphs import STATE
from distill.hosts.parity import (
    BLOCKS,
    LARGEST_DIFFERENCE,
    SECONDS,
    BlockParity,
    Parity,
    checked,
    difference,
    equal_share,
    level_db_of,
)
from distill.hosts.reference import decode_ahead
from distill.hosts.sample import sample_sound
from distill.models.persistence import LoadedVQModel

if TYPE_CHECKING:
    import onnxruntime
else:
    # An extra, which other commands do without.
    onnxruntime = LazyModule("onnxruntime")

Graph = Callable[[Mapping[str, Tensor]], list[Tensor]]
"""Outputs of a graph for its inputs, by name."""


def open_graph(path: Path) -> Graph:
    """Load a graph on one thread of the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Only errors: warnings are about rewrites of the graph.
    options.log_severity_level = 3
    session: Any = onnxruntime.InferenceSession(str(path), options)

    def run(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        outputs = session.run(None, {name: value.numpy() for name, value in inputs.items()})
        return [torch.from_numpy(output) for output in outputs]

    return run


@torch.no_grad()
def measure_onnx_parity(
    loaded: LoadedVQModel,
    folder: Path,
    state: Mapping[str, Tensor],
    ahead: int,
    largest: float = LARGEST_DIFFERENCE,
) -> Parity:
    """Compare the graphs in `folder` with their model.

    Args:
        loaded: The model, on the CPU.
        folder: Where the graphs lie.
        state: State of `stream.onnx` before the first column.
        ahead: Code frames that its decoder looks ahead.
        largest: Largest difference of two samples that is allowed.

    Returns:
        The figures: `decode_difference` is that of `stream.onnx`, `forward_difference` that of
        `decoder.onnx` on the whole, `equal_columns` that of `encoder.onnx`.

    Raises:
        ParityError: They differ by more.
    """
    codec = loaded.model
    most = max(BLOCKS) // codec.frame_hop
    delay = StreamDecoder(codec, ahead).delay
    needed = round(SECONDS * codec.frame_rate) + delay
    sound, source = sample_sound(loaded, -(-needed // most) * most)
    own = codec.encode(sound[None])[0]
    columns = open_graph(folder / "encoder.onnx")({"sound": sound[None]})[0][0]
    expected = decode_ahead(codec, columns, ahead)
    first = torch.zeros(1, dtype=torch.int64)
    decoder = open_graph(folder / "decoder.onnx")
    whole = decoder({"codes": columns[None], "first_frame": first})[0][0]
    apart = difference(whole, codec.decode(columns[None])[0], 0)
    stream = open_graph(folder / "stream.onnx")
    late = delay * codec.frame_hop
    figures = []
    decoded = whole
    for block in BLOCKS:
        check_cancellation()
        decoded = _stream(stream, columns, state, block // codec.frame_hop)
        figures.append(
            BlockParity(
                block=block,
                decode_difference=difference(decoded, expected, late),
                forward_difference=apart,
                equal_columns=equal_share(columns, own),
            )
        )
    return checked(
        Parity(
            source=source,
            seconds=(len(own) - delay) / codec.frame_rate,
            level_db=level_db_of(decoded[:, late:]),
            model_level_db=level_db_of(expected[:, : decoded.shape[1] - late]),
            blocks=tuple(figures),
        ),
        largest,
    )


def _stream(graph: Graph, columns: Tensor, start: Mapping[str, Tensor], size: int) -> Tensor:
    """Sound `[C, N]` of `columns` `[T, Q]`, `size` of them at a time."""
    state = dict(start)
    sounding = torch.ones(columns.shape[1])
    parts = []
    for block in columns.split(size):
        sound, *later = graph({"codes": block[None], "sounding": sounding, **state})
        state = dict(zip(STATE, later, strict=True))
        parts.append(sound[0])
    return torch.cat(parts, 1)
