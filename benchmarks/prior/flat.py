"""A flat Transformer over `T * Q` codes, to set beside the prior: the same blocks, a step for each
code.

Each level has embeddings and output weights of its own; places are those of codes, not of frames.
It is trained and judged by what trains and judges the prior, whose `frame_scores` it has. Where
sounds end it does not tell.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.inference.sampling.sampler import sample
from distill.inference.sampling.settings import Sampling
from distill.models.cache import PriorCache
from distill.models.prior import FrameScores, flatten_codes
from distill.models.transformer import Block, rotary_turns
from distill.training.prior_config import PriorConfig


class FlatPrior(nn.Module):
    """Scores codes `[B, T, Q]`, each given those before it in the last `window` frames."""

    def __init__(
        self, codebook_size: int, num_quantizers: int, window: int, config: PriorConfig
    ) -> None:
        super().__init__()
        D, self.codebook_size, self.num_quantizers = (
            config.hidden_size,
            codebook_size,
            num_quantizers,
        )
        self.window, self.head_dim = window, D // config.num_heads
        self.embedding = nn.Embedding(codebook_size * num_quantizers, D)
        self.level = nn.Parameter(torch.zeros(num_quantizers, D))
        self.start, self.new_sound = nn.Parameter(torch.zeros(D)), nn.Parameter(torch.zeros(D))
        self.blocks = nn.ModuleList(
            Block(D, config.num_heads, config.dropout) for _ in range(config.num_layers)
        )
        self.norm = nn.LayerNorm(D)
        self.score = nn.Parameter(0.02 * torch.randn(num_quantizers, codebook_size, D))
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)

    def frame_scores(
        self,
        codes: Tensor,
        starts: Tensor,
        mask_rate: float = 0.0,
        ahead: int = 0,
        ends: Tensor | None = None,
    ) -> FrameScores:
        """As `CodePrior.frame_scores`; of `mask_rate` the past codes are hidden, each by itself,
        and nothing is ever `ahead`. All ends are scored alike."""
        assert not ahead
        B, T, Q = codes.shape
        tokens = flatten_codes(codes + self.codebook_size * torch.arange(Q))
        past = torch.cat([self.start.expand(B, 1, -1), self.embedding(tokens[:, :-1])], 1)
        if mask_rate:
            past = past * (torch.rand(B, T * Q, 1) >= mask_rate)
        begins = F.pad(starts[..., None], (0, Q - 1)).reshape(B, T * Q, 1)
        x = past + self.level.repeat(T, 1) + begins * self.new_sound
        turns, mask = rotary_turns(torch.arange(T * Q), self.head_dim), self._window_mask(T * Q)
        for block in self.blocks:
            x = block(x, turns, mask)
        scores = torch.einsum("btqd,qkd->btqk", self.norm(x).unflatten(1, (T, Q)), self.score)
        return FrameScores(scores, torch.zeros(B, T))

    def _window_mask(self, length: int) -> Tensor | None:
        window = self.window * self.num_quantizers
        if length <= window:
            return None
        age = torch.arange(length)[:, None] - torch.arange(length)
        return (age >= 0) & (age < window)

    @torch.inference_mode()
    def drawn(self, sampling: Sampling, generator: torch.Generator) -> Iterator[Tensor]:
        """Codes `[Q]` of one sound, frame by frame without end, with a cache of keys and values."""
        heads = self.hidden_size // self.head_dim
        cache = PriorCache(
            like=self.start,
            shape=(1, heads, self.head_dim),
            num_layers=len(self.blocks),
            window=self.window * self.num_quantizers,
            suffix_slots=0,
            pointer=None,
        )
        x = self.start + self.new_sound
        while True:
            frame = []
            for level in range(self.num_quantizers):
                logits = self._step(x + self.level[level], level, cache)
                code = sample(logits, sampling, generator)
                x = self.embedding(code + self.codebook_size * level)[0]
                frame.append(code)
            yield torch.cat(frame)

    def _step(self, x: Tensor, level: int, cache: PriorCache) -> Tensor:
        """Logits `[1, K]` of the next code, which is of `level`, after the input `x` `[D]`."""
        hidden, turns = x[None, None], rotary_turns(torch.tensor([cache.position]), self.head_dim)
        for i, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            hidden = block.step(hidden, turns, cache, i)
        cache.position += 1
        logits: Tensor = self.norm(hidden)[0] @ self.score[level].T
        return logits
