"""A codec as ONNX graphs: decoder, encoder, and the decoder with its state going in and out."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import torch
from torch import Tensor, nn

from distill.hosts.decoder import StreamDecoder
from distill.hosts.onnx_half import halve_weights
from distill.hosts.synthesis import BasisFrames
from distill.hosts.whole import WholeDecoder, WholeEncoder
from distill.models.vqvae import VQVAE

OPSET = 20
"""Version of the operators of ONNX: the first with the Fourier transform as it is used here."""

STATE = ("frame", "columns", "hidden", "overlap", "gains", "samples", "gates")
"""Names of the state, in the order of `StreamDecoder`."""

MOST_FRAMES = 1 << 20
"""Most code frames of a call: six hours."""


class StreamGraph(nn.Module):
    """`StreamDecoder` with the tensors of its state as arguments."""

    def __init__(self, decoder: StreamDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self,
        codes: Tensor,
        sounding: Tensor,
        frame: Tensor,
        columns: Tensor,
        hidden: Tensor,
        overlap: Tensor,
        gains: Tensor,
        samples: Tensor,
        gates: Tensor,
    ) -> tuple[Tensor, ...]:
        """Sound, and the state after it."""
        state = [frame, columns, hidden, overlap, gains, samples, gates]
        sound, later = self.decoder(codes, sounding, state)
        return (sound, *later)


@torch.no_grad()
def write_graphs(codec: VQVAE, folder: Path, ahead: int, half: bool = False) -> dict[str, Tensor]:
    """Write `decoder.onnx`, `encoder.onnx` and `stream.onnx`.

    Args:
        codec: The codec, in eval mode on the CPU.
        folder: Where they go.
        ahead: Code frames that the decoder of `stream.onnx` looks ahead.
        half: Whether decoders keep their weights as float16. The encoder stays as it is: it is
            small, and near codes would change places.

    Returns:
        The state of `stream.onnx` before the first column, by name.
    """
    transform = BasisFrames(codec.n_fft)
    hop = codec.frame_hop
    codes = torch.zeros(1, 3, codec.num_quantizers, dtype=torch.int64)
    time = torch.export.Dim("T", min=1, max=MOST_FRAMES)
    _write(
        WholeDecoder(codec, transform),
        (codes, torch.zeros(1, dtype=torch.int64)),
        ({1: time}, None),
        (["codes", "first_frame"], ["sound"]),
        folder / "decoder.onnx",
        half,
    )
    frames = torch.export.Dim("frames", min=1, max=MOST_FRAMES)
    _write(
        WholeEncoder(codec),
        (torch.zeros(1, codec.channels, 3 * hop),),
        ({2: hop * frames},),
        (["sound"], ["codes"]),
        folder / "encoder.onnx",
    )
    decoder = StreamDecoder(codec, ahead, transform)
    state = decoder.start(1, codes)
    _write(
        StreamGraph(decoder),
        (codes, torch.ones(codec.num_quantizers), *state),
        ({1: time}, *[None] * (1 + len(state))),
        (["codes", "sounding", *STATE], ["sound", *[f"next_{name}" for name in STATE]]),
        folder / "stream.onnx",
        half,
    )
    return dict(zip(STATE, state, strict=True))


def _write(
    graph: nn.Module,
    arguments: tuple[Tensor, ...],
    shapes: tuple[object, ...],
    names: tuple[list[str], list[str]],
    path: Path,
    half: bool = False,
) -> None:
    """Write one graph, with the names of its inputs and outputs."""
    with _quiet():
        program = torch.onnx.export(
            graph.eval(),
            arguments,
            dynamo=True,
            opset_version=OPSET,
            input_names=names[0],
            output_names=names[1],
            dynamic_shapes=shapes,
            verbose=False,
        )
        assert program is not None
        # It keeps where each operation stands in the source files on this machine.
        for node in program.model.graph.all_nodes():
            node.metadata_props.clear()
        model = program.model_proto
        if half:
            halve_weights(model)
        path.write_bytes(model.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter tells its own authors."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            with redirect_stderr(io.StringIO()):
                yield
    finally:
        logger.setLevel(level)
