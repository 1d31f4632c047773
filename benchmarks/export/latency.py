"""How like its recordings a codec sounds that looks ahead less, so that its sound comes sooner.

    python -m benchmarks.export.latency MODEL.sda loops --ahead 21 10 2

About 2 minutes for a corpus of a minute and a half on 1 thread. A corpus is a folder in
`DISTILL_CORPORA`. Codes are those of `distill encode`, the decoder is that of `distill export` with
so many code frames of the future. The latency is that of the method `decode`.
"""

import argparse

import numpy as np
import torch

import distill
from benchmarks.codec import metrics
from benchmarks.common import corpora_dir, parser_of, run_main
from distill.hosts.decoder import StreamDecoder
from distill.inference.codes.grid import CodeGrid
from distill.models.vqvae import VQVAE

BLOCK = 64
"""Code frames that are decoded at once: any number gives the same sound."""


@torch.inference_mode()
def decode(codec: VQVAE, codes: np.ndarray, ahead: int) -> np.ndarray:
    """Sound `[C, N]` of `codes` `[T, Q]`."""
    decoder = StreamDecoder(codec, ahead)
    columns = torch.tensor(codes).long()[None]
    # Whatever comes after the end: the frames that are waited for hold their last column.
    columns = torch.cat((columns, columns[:, -1:].expand(-1, decoder.delay, -1)), 1)
    state = decoder.start(1, columns)
    sounding = torch.ones(codec.num_quantizers)
    parts = []
    for block in columns.split(BLOCK, 1):
        sound, state = decoder(block, sounding, state)
        parts.append(sound[0])
    return torch.cat(parts, 1)[:, decoder.delay * codec.frame_hop :].numpy()


def distance(codec: VQVAE, grid: CodeGrid, source: np.ndarray, ahead: int) -> float:
    """mel7 of a decoded grid to its `source` `[N]`."""
    sound = decode(codec, grid.codes, ahead)[:, : grid.n_samples] * grid.gain
    return metrics.mel7(source, sound.mean(0))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model")
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--ahead", type=int, nargs="+", default=[21, 10, 6, 4, 2, 0])
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    loaded = distill.load(args.model, "cpu", 1)
    codec = loaded.model
    files = sorted(file for name in args.corpora for file in (corpora_dir() / name).glob("*.flac"))
    sounds = [(metrics.load(file).mean(0), distill.encode(loaded, file)) for file in files]
    print(f"{len(files)} files of {', '.join(args.corpora)}")
    for ahead in args.ahead:
        values = [distance(codec, grid, source, ahead) for source, grid in sounds]
        ms = 1000 * StreamDecoder(codec, ahead).delay / codec.frame_rate
        print(f"{ahead:2d} frames ahead, {ms:3.0f} ms: mel7 {np.mean(values):.3f}", flush=True)


if __name__ == "__main__":
    run_main(main)
