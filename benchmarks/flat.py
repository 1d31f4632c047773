"""A flat Transformer over `T * Q` codes, to set beside the prior: the same blocks, data and time, a step for each code.

Each level has embeddings and output weights of its own; places are those of codes, not of frames.
"""

import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.data.streams import Stream, string_together
from distill.device import gains_by_bfloat16
from distill.models.prior import flatten_codes, unflatten_codes
from distill.models.transformer import Block, rotary_angles
from distill.training.average import WeightAverage
from distill.training.prior_config import PriorConfig
from distill.training.prior_data import draw_batch, stack
from distill.training.prior_optimizer import prior_optimizer

WARMUP_STEPS = 30


class FlatPrior(nn.Module):
    """Logits `[B, T, Q, K]` of codes `[B, T, Q]`, each given all before it; `starts` `[B, T]` as `CodePrior` has it."""

    def __init__(self, codebook_size: int, num_quantizers: int, config: PriorConfig) -> None:
        super().__init__()
        D, self.K, self.Q = config.hidden_size, codebook_size, num_quantizers
        self.head_dim = D // config.num_heads
        self.embedding = nn.Embedding(codebook_size * num_quantizers, D)
        self.level = nn.Parameter(torch.zeros(num_quantizers, D))
        self.start, self.new_sound = nn.Parameter(torch.zeros(D)), nn.Parameter(torch.zeros(D))
        self.blocks = nn.ModuleList(Block(D, config.num_heads, config.dropout) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(D)
        self.score = nn.Parameter(0.02 * torch.randn(num_quantizers, codebook_size, D))
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, codes: Tensor, starts: Tensor) -> Tensor:
        B, T, Q = codes.shape
        tokens = flatten_codes(codes + self.K * torch.arange(Q))
        past = torch.cat([self.start.expand(B, 1, -1), self.embedding(tokens[:, :-1])], 1)
        begins = F.pad(starts[..., None], (0, Q - 1)).reshape(B, T * Q, 1)
        x = past + self.level.repeat(T, 1) + begins * self.new_sound
        angles = rotary_angles(torch.arange(T * Q), self.head_dim)
        for block in self.blocks:
            x = block(x, angles, None)
        return torch.einsum("btqd,qkd->btqk", self.norm(x).unflatten(1, (T, Q)), self.score)


def train(prior: FlatPrior, sequences: list[list[Tensor]], config: PriorConfig, frame_rate: float) -> int:
    """Train for `config.minutes` on sounds in several encodings `[T, Q]`; the averaged weights stay. Steps taken."""
    assert config.minutes is not None
    optimizer = prior_optimizer(prior, config.learning_rate, config.weight_decay)
    average, rng = WeightAverage(prior), np.random.default_rng(config.seed)
    length, half = round(config.piece_s * frame_rate), gains_by_bfloat16(torch.device("cpu"))
    began, step = time.perf_counter(), 0
    prior.train()
    while (progress := (time.perf_counter() - began) / (60 * config.minutes)) < 1:
        decay = 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimizer.param_groups:
            group["lr"] = group["scale"] * config.learning_rate * min(1.0, (step + 1) / WARMUP_STEPS) * decay
        batch = _batch(sequences, config.batch_size, length, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            scores = prior(batch.codes, batch.starts)
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(scores.float().flatten(0, 2), batch.codes.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        optimizer.step()
        step += 1
        average.update(step)
    prior.eval()
    with average.applied():
        weights = {name: tensor.clone() for name, tensor in prior.state_dict().items()}
    prior.load_state_dict(weights)
    return step


def _batch(sequences: list[list[Tensor]], batch_size: int, length: int, rng: np.random.Generator) -> Stream:
    chosen = [versions[int(rng.integers(len(versions)))] for versions in sequences]
    stream = string_together(chosen, rng.permutation(len(chosen)).tolist())
    return stack(draw_batch(stream, batch_size, length, rng), torch.device("cpu"))


@torch.inference_mode()
def bits_by_level(prior: FlatPrior, sounds: list[Tensor], window: int) -> np.ndarray:
    """Bits `[Q]` a code of each level in `sounds` `[T, Q]`; each frame sees the `window / 2` before it at least."""
    total, frames = torch.zeros(prior.Q, dtype=torch.float64), 0
    for codes in sounds:
        for begin in range(0, len(codes), window // 2):
            seen = max(0, begin - window // 2)
            part = codes[None, seen : begin + window // 2]
            starts = torch.zeros(1, part.shape[1], dtype=torch.bool)
            starts[:, 0] = seen == 0
            scores = prior(part, starts)[0, begin - seen :]
            wanted = part[0, begin - seen :]
            cost = F.cross_entropy(scores.flatten(0, 1), wanted.flatten(), reduction="none")
            total += unflatten_codes(cost[None], prior.Q)[0].sum(0)
        frames += len(codes)
    return (total / frames / np.log(2)).numpy()
