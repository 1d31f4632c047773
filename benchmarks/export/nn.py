"""The file that `distill export --to nn` makes: parity, latency, cost of a block, seconds.

    python -m benchmarks.export.nn MODEL.sda

About a minute for each latency on 1 thread. Parity is that of every export. Latency is measured by
a click, whose sound is found in the codec's own. A block has 2,048 samples, as in most patches, of
the recordings of the model; its cost is processor time, the mean over ten seconds of sound.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import distill
from benchmarks.common import Bound, parser_of, run_main
from distill.hosts.latency import LATENCIES
from distill.hosts.nn_tilde import read_nn_tilde
from distill.hosts.parity import LARGEST_DIFFERENCE
from distill.hosts.reference import decode_ahead
from distill.hosts.sample import sample_sound
from distill.models.persistence import LoadedVQModel
from distill.workflows.export import Exported

BLOCK = 2048
"""Samples of a block."""

WARM_UP = 4
"""Blocks before those that are timed: TorchScript compiles in the first two."""

SECONDS = 10
"""Sound that is timed."""

CLICK_FRAMES = 64
"""Code frames of the sound with the click."""

SHARE_BOUNDS = {1: Bound(30), 2: Bound(40)}
"""Percentage of a block's time on one thread, by channels."""

DIFFERENCE_BOUND = Bound(LARGEST_DIFFERENCE)
EXPORT_BOUND = Bound(10)
COLUMNS_BOUND = Bound(100, is_upper=False)


def click_latency(loaded: LoadedVQModel, exported: Exported) -> int:
    """Samples from a click in the codec's own sound to that of the file."""
    codec = loaded.model
    click = torch.zeros(codec.channels, CLICK_FRAMES * codec.frame_hop)
    click[:, 20_000:20_004] = 0.9
    ahead = exported.facts["latency"]["frames_ahead"]
    own = decode_ahead(codec, codec.encode(click[None])[0], ahead)[0].numpy()
    file = read_nn_tilde(exported.path)
    with torch.inference_mode():
        parts = [file.forward(block[None])[0, 0] for block in click.split(BLOCK, 1)]
    output = torch.cat(parts).numpy()
    product = np.fft.rfft(output, 2 * len(own)) * np.fft.rfft(own, 2 * len(own)).conj()
    return int(np.fft.irfft(product).argmax())


def block_shares(loaded: LoadedVQModel, exported: Exported) -> dict[str, float]:
    """Percentage of a block's time that each method takes."""
    codec = loaded.model
    frames = BLOCK // codec.frame_hop
    n_blocks = round(SECONDS * codec.sample_rate / BLOCK)
    sound, _ = sample_sound(loaded, (WARM_UP + n_blocks) * frames)
    codes = codec.encode(sound[None]).transpose(1, 2).float()
    file = read_nn_tilde(exported.path)
    inputs = {
        "forward": sound[None].split(BLOCK, 2),
        "encode": sound[None].split(BLOCK, 2),
        "decode": codes.split(frames, 2),
    }
    shares = {}
    with torch.inference_mode():
        for name, blocks in inputs.items():
            method = getattr(file, name)
            for block in blocks[:WARM_UP]:
                method(block)
            began = time.process_time()
            for block in blocks[WARM_UP:]:
                method(block)
            taken_s = (time.process_time() - began) / n_blocks
            shares[name] = 100 * taken_s * codec.sample_rate / BLOCK
    return shares


def show(loaded: LoadedVQModel, path: Path, latency: str) -> None:
    """Print all figures of one latency."""
    began = time.process_time()
    exported = distill.export(loaded, "nn", path, latency)
    export_s = time.process_time() - began
    parity = exported.parity
    late = exported.facts["latency"]["samples"]
    measured = click_latency(loaded, exported)
    shares = block_shares(loaded, exported)
    bound = SHARE_BOUNDS[loaded.model.channels]
    print(f"{latency}: {path.stat().st_size / 1e6:.0f} MB")
    print(f"  difference {parity.difference:.1e} ({DIFFERENCE_BOUND})")
    print(f"  columns {100 * parity.equal_columns:.1f} % equal ({COLUMNS_BOUND})")
    print(f"  latency {late['forward']} samples, by a click {measured}")
    words = ", ".join(f"{name} {share:.1f} %" for name, share in shares.items())
    print(f"  of a block of {BLOCK}: {words} ({bound})")
    print(f"  export {export_s:.1f} s ({EXPORT_BOUND})", flush=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--latency", nargs="+", default=list(LATENCIES), choices=LATENCIES)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    loaded = distill.load(args.model, "cpu", 1)
    print(f"{loaded.model.channels} channels, torch {torch.__version__}, 1 thread")
    with tempfile.TemporaryDirectory() as folder:
        for latency in args.latency:
            show(loaded, Path(folder) / f"{latency}.ts", latency)


if __name__ == "__main__":
    run_main(main)
