"""Our residual quantiser against that of `vector-quantize-pytorch`, on the latents of a trained codec.

    pip install vector-quantize-pytorch
    DISTILL_CORPORA=… python benchmarks/quantiser.py MODEL.sda --threads 1

Both start by k-means on one buffer and follow the same batches of 192 latents by moving average. Figures: time for a
step (choose and update), mean squared error on all latents relative to their variance, codes used at least once.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from vector_quantize_pytorch import ResidualVQ as LibraryRVQ

from common import corpora_dir, mono
from distill.device import prepare
from distill.library import workflows
from distill.models.rvq import ResidualVQ
from distill.models.vqvae import VQVAE

STEPS, BATCH, K, Q = 600, 192, 128, 4


@torch.inference_mode()
def latents(codec: VQVAE, names: list[str]) -> Tensor:
    found = []
    for file in sorted(f for name in names for f in (corpora_dir() / name).glob("*.flac")):
        sound = torch.from_numpy(mono(file))
        sound = torch.nn.functional.pad(sound, (0, -len(sound) % codec.frame_hop))
        found.append(codec.latents(codec.log_magnitude(sound[None, None]))[0])
    return torch.cat(found)


def follow(
    name: str, x: Tensor, step: Callable[[Tensor], object], quantise: Callable[[Tensor], tuple[Tensor, Tensor]]
) -> None:
    generator = torch.Generator().manual_seed(0)
    batches = [x[torch.randint(len(x), (BATCH,), generator=generator)] for _ in range(STEPS)]
    began = time.perf_counter()
    for batch in batches:
        step(batch)
    ms = (time.perf_counter() - began) / STEPS * 1e3
    values, codes = quantise(x)
    error = float((values - x).square().mean() / x.var(0).mean())
    used = ", ".join(f"{len(codes[:, q].unique()) / K:.0%}" for q in range(Q))
    print(f"{name}: {ms:.2f} ms a step, relative error {error:.3f}, codes used {used}")


def main(model: Path, names: list[str], threads: int) -> None:
    prepare(threads)
    codec = workflows.load(model, "cpu", threads).model
    x = latents(codec, names).clone()
    print(f"{len(x)} latents of {x.shape[1]} dimensions")
    generator = torch.Generator().manual_seed(1)
    buffer = x[torch.randperm(len(x), generator=generator)[: 12 * BATCH]]
    ours = ResidualVQ(x.shape[1], K, Q)
    ours.start_from(buffer, generator)
    follow("ours", x, lambda b: ours.update(b, ours(b).codes, generator), lambda v: (ours(v).values, ours(v).codes))
    for threshold in (0, 2 * BATCH // K // 10 or 1):
        theirs = LibraryRVQ(
            dim=x.shape[1], codebook_size=K, num_quantizers=Q, decay=ours.decay, kmeans_init=True, kmeans_iters=15,
            threshold_ema_dead_code=threshold,
        )  # fmt: skip
        theirs.train()
        theirs(buffer[None])

        def quantise(v: Tensor, rvq: LibraryRVQ = theirs) -> tuple[Tensor, Tensor]:
            rvq.eval()
            values, codes, _ = rvq(v[None])
            return values[0], codes[0]

        follow(f"library, dead-code threshold {threshold}", x, lambda b, rvq=theirs: rvq(b[None]), quantise)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument("--threads", type=int, default=1)
    a = parser.parse_args()
    main(a.model, a.corpora, a.threads)
