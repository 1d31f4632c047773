"""The folder that `distill export --to onnx` makes: parity, cost of a block, seconds, sizes.

    python -m benchmarks.export.onnx MODEL.sda [--half]

About two minutes on 1 thread; it takes `distill[onnx]`. Parity is that of every export, measured in
ONNX Runtime. A block has 2,048 samples of the recordings of the model, decoded by `stream.onnx`;
its cost is processor time, the mean over ten seconds of sound.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import torch

import distill
from benchmarks.common import Bound, parser_of, run_main
from distill.hosts.latency import LATENCIES
from distill.hosts.onnx_graphs import STATE
from distill.hosts.onnx_parity import open_graph
from distill.hosts.sample import sample_sound
from distill.models.persistence import LoadedVQModel

BLOCK_FRAMES = 2
"""Code frames of a block: 2,048 samples."""

WARM_UP = 4
"""Blocks before those that are timed."""

SECONDS = 10
"""Sound that is timed."""

SHARE_BOUND = Bound(15)
EXPORT_BOUND = Bound(60)
COLUMNS_BOUND = Bound(98, is_upper=False)


def block_share(loaded: LoadedVQModel, folder: Path) -> float:
    """Percentage of a block's time that `stream.onnx` takes."""
    codec = loaded.model
    n_blocks = round(SECONDS * codec.frame_rate / BLOCK_FRAMES)
    sound, _ = sample_sound(loaded, (WARM_UP + n_blocks) * BLOCK_FRAMES)
    blocks = codec.encode(sound[None]).split(BLOCK_FRAMES, 1)
    facts = json.loads((folder / "model.json").read_text())
    state = {
        entry["name"]: torch.zeros(entry["shape"], dtype=getattr(torch, entry["type"]))
        for entry in facts["state"]
    }
    stream = open_graph(folder / "stream.onnx")
    sounding = torch.ones(codec.num_quantizers)
    began = 0.0
    for number, block in enumerate(blocks):
        if number == WARM_UP:
            began = time.process_time()
        _, *later = stream({"codes": block, "sounding": sounding, **state})
        state = dict(zip(STATE, later, strict=True))
    taken_s = (time.process_time() - began) / n_blocks
    return 100 * taken_s * codec.frame_rate / BLOCK_FRAMES


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--half", action="store_true", help="weights as float16")
    parser.add_argument("--latency", default="full", choices=LATENCIES)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    loaded = distill.load(args.model, "cpu", 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "web"
        began = time.process_time()
        exported = distill.export(loaded, "onnx", folder, args.latency, args.half)
        export_s = time.process_time() - began
        share = block_share(loaded, folder)
        sizes = [f"{path.name} {path.stat().st_size / 1e6:.1f}" for path in exported.files]
    figures = exported.parity.blocks
    stream = max(figure.decode_difference for figure in figures)
    weights = exported.facts["weights"]
    print(f"{loaded.model.channels} channels, {args.latency}, {weights}, 1 thread")
    print(f"difference: decoder {figures[0].forward_difference:.1e}, stream {stream:.1e} ", end="")
    print(f"({Bound(exported.facts['largest_difference'])})")
    print(f"columns {100 * exported.parity.equal_columns:.1f} % equal ({COLUMNS_BOUND})")
    print(f"of a block of 2048: stream {share:.1f} % ({SHARE_BOUND})")
    print(f"export {export_s:.1f} s ({EXPORT_BOUND}), MB: {', '.join(sizes)}")


if __name__ == "__main__":
    run_main(main)
