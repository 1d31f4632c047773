"""The prior: an autoregressive model of code grids.

Codes `[B, T, Q]` are factorised position-major. A causal Transformer runs once a frame; a small
network per level then scores the frame's codes one after the other, each given the ones before it
(the factorisation of a flat Transformer over `T * Q` tokens at 1/Q of its backbone steps; cf. the
RQ-Transformer, Lee et al. 2022).

Whether the sound ends with a frame is scored as well, so that a stream of short sounds stays one:
before the codes of that frame, which are then scored as those of a last one. The last frame of a
sound sounds like no other, so that who knows its codes knows all; but drawn by codes alone, what is
that rare would hardly ever be drawn.

What the network says is mixed with what the sound itself has brought so far (`models/pointer.py`).

A prior that `hears_ahead` can fill a gap with both of its sides known: what follows the gap is
moved in front of what precedes it, marked, at its own place in time (cf. fill in the middle,
Bavarian et al. 2022). The frames that are moved are `ahead`: the first so many of a sequence, which
follow its others in time.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.attribute_classifier import AttributeClassifier
from distill.models.cache import PointerCache, PriorCache
from distill.models.chunked import encode_audio
from distill.models.pointer import Pointer
from distill.models.transformer import Block, LevelHead, rotary_turns
from distill.models.vqvae import VQVAE


def flatten_codes(codes: Tensor) -> Tensor:
    """`[B, T, Q]` → `[B, T * Q]`, position-major: all levels of frame 0, then of frame 1, …"""
    B, T, Q = codes.shape
    return codes.reshape(B, T * Q)


def unflatten_codes(flat: Tensor, num_quantizers: int) -> Tensor:
    """`[B, T * Q]` → `[B, T, Q]`; the inverse of `flatten_codes`. `ValueError` if the length does
    not divide."""
    B, L = flat.shape
    if L % num_quantizers:
        raise ValueError(f"{L} codes do not make whole frames of {num_quantizers} levels")
    return flat.reshape(B, L // num_quantizers, num_quantizers)


def extract_code_sequences(
    codec: VQVAE, sounds: Iterable[np.ndarray], offset: int = 0
) -> Iterator[Tensor]:
    """Codes `[T, Q]` of each sound `[C, N]` through the frozen codec.

    `offset` samples of silence go in front: below one frame, this moves the frame grid over the
    sound, and a different, equally true encoding comes out.
    """
    for sound in sounds:
        yield encode_audio(codec, sound, offset)


Keep = Callable[[int, Tensor, Tensor], None]


class FrameScores(NamedTuple):
    """`codes` `[B, T, Q, K]`: logits of every code; `ends` `[B, T]`: logit that the sound ends with
    this frame."""

    codes: Tensor
    ends: Tensor


class CodePrior(nn.Module):
    """Autoregressive prior over codes of `num_quantizers` levels with `codebook_size` entries each.

    `seq_len` is the training context in tokens (frames x Q). Each frame attends to the `seq_len /
    Q` frames up to it; positions are rotary, so sequences may be of any length. With a `latent_dim`
    (that of the codec) above 0 there is a pointer to the past, whose `set_entries` takes the
    codec's codebooks. Where a sound ends is scored before the codes of its last frame if
    `ends_first`, which takes the pointer, else after them. One that `hears_ahead` takes sequences
    whose first frames follow the others in time. With `descriptors` above 0 codes can be weighed by
    those and by so many `tags`, once the `reader` has learned.
    """

    def __init__(
        self,
        codebook_size: int,
        seq_len: int,
        num_quantizers: int,
        hidden_size: int = 256,
        num_layers: int = 4,
        num_heads: int = 4,
        dropout: float = 0.1,
        latent_dim: int = 0,
        hears_ahead: bool = False,
        descriptors: int = 0,
        tags: int = 0,
        ends_first: bool = False,
    ) -> None:
        super().__init__()
        if hidden_size % (2 * num_heads):
            raise ValueError(
                f"hidden_size {hidden_size} is no multiple of twice num_heads {num_heads}"
            )
        if ends_first and not latent_dim:
            raise ValueError("ends_first needs a latent_dim above 0")
        self.codebook_size, self.seq_len, self.num_quantizers = (
            codebook_size,
            seq_len,
            num_quantizers,
        )
        self.num_layers, self.head_dim = num_layers, hidden_size // num_heads
        self.window = max(1, seq_len // num_quantizers)
        tokens = num_quantizers * codebook_size
        self.embedding = nn.Embedding(tokens, hidden_size)
        self.known = nn.Embedding(tokens, hidden_size)
        self.start = nn.Parameter(torch.zeros(hidden_size))
        self.new_sound = nn.Parameter(torch.zeros(hidden_size))
        self.blocks = nn.ModuleList(
            Block(hidden_size, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_size)
        self.heads = nn.ModuleList(
            LevelHead(hidden_size, codebook_size, dropout) for _ in range(num_quantizers)
        )
        self.end = None if ends_first else LevelHead(hidden_size, 1, dropout)
        self.ending = nn.Parameter(torch.zeros(hidden_size)) if ends_first else None
        self.hidden_size = hidden_size
        self.pointer = (
            Pointer(codebook_size, num_quantizers, latent_dim, hears_ahead, ends_first)
            if latent_dim
            else None
        )
        self.ahead = nn.Parameter(torch.zeros(hidden_size)) if hears_ahead else None
        self.reader = (
            AttributeClassifier(descriptors, tags, num_quantizers, latent_dim)
            if latent_dim and descriptors
            else None
        )
        self.apply(self._initialise)
        if self.pointer is not None and self.pointer.ending is not None:
            self.pointer.ending.reset()

    @staticmethod
    def _initialise(module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def _rows(self, codes: Tensor) -> Tensor:
        """Row of the embedding tables for each code `[..., Q]`: every level has rows of its own."""
        return codes + self.codebook_size * torch.arange(codes.shape[-1], device=codes.device)

    @property
    def hears_ahead(self) -> bool:
        """Whether sequences may have frames `ahead`."""
        return self.ahead is not None

    def _inputs(self, codes: Tensor, starts: Tensor | None, ahead: int = 0) -> Tensor:
        """Backbone input `[B, T, D]`: at each frame the codes of the one before, at 0 and `ahead`
        the start token."""
        past = self.embedding(self._rows(codes[:, :-1])).sum(2)
        start = self.start.expand(len(codes), 1, -1).to(past)
        x = torch.cat([start, past], 1)
        if 0 < ahead < codes.shape[1]:
            x = torch.cat([x[:, :ahead], start, x[:, ahead + 1 :]], 1)
        return x if starts is None else x + starts[..., None] * self.new_sound

    def _with_ahead(self, x: Tensor, codes: Tensor, ahead: int) -> Tensor:
        """Backbone input `[B, T + 1, D]`: those of the frames `ahead` marked, and after them one
        for the codes of the last of them, which no frame has as its predecessor."""
        if self.ahead is None:
            raise ValueError("this prior was not made to hear what lies ahead")
        last = self.embedding(self._rows(codes[:, ahead - 1 : ahead])).sum(2)
        return torch.cat([x[:, :ahead] + self.ahead, last + self.ahead, x[:, ahead:]], 1)

    def _window_mask(self, T: int, device: torch.device, ahead: int) -> Tensor | None:
        """Which inputs `[T, T]` each may look at: the last `window`, and all that belong to frames
        `ahead`."""
        if self.window >= T:
            return None
        order = torch.arange(T, device=device)
        age = order[:, None] - order
        return (age >= 0) & ((age < self.window) | (order < ahead + bool(ahead)))

    def _backbone(
        self, x: Tensor, codes: Tensor, ahead: int, place: int, keep: Keep | None = None
    ) -> Tensor:
        """Output `[B, T, D]` for the inputs `x` `[B, T, D]` of `codes` `[B, T, Q]`, of which the
        first `ahead` lie from `place` on, and the others from 0 on. `keep` takes the number of each
        layer, its keys and its values."""
        T = x.shape[1]
        places = torch.arange(T - ahead, device=x.device)
        if ahead:
            x = self._with_ahead(x, codes, ahead)
            places = torch.cat([torch.arange(place, place + ahead + 1, device=x.device), places])
        turns = rotary_turns(places, self.head_dim, x.dtype)
        mask = self._window_mask(len(places), x.device, ahead)
        for layer, block in enumerate(self.blocks):
            x = block(x, turns, mask, keep and partial(keep, layer))
        return torch.cat([x[:, :ahead], x[:, ahead + 1 :]], 1) if ahead else x

    @property
    def ends_first(self) -> bool:
        """Whether the end of a sound is scored before the codes of its last frame."""
        return self.ending is not None

    def frame_scores(
        self,
        codes: Tensor,
        starts: Tensor | None = None,
        mask_rate: float = 0.0,
        ahead: int = 0,
        ends: Tensor | None = None,
        last: int | None = None,
    ) -> FrameScores:
        """Scores of every code of `codes` `[B, T, Q]`, each given all codes before it; of the
        `last` frames only, if so many are named.

        `starts` and `ends` `[B, T]` (bool) mark frames that begin a new sound and that end one. In
        training, `mask_rate` of the past frames are hidden from the backbone. The first `ahead`
        frames (fewer than `T`) follow the last one in time; `ValueError` from a prior that does not
        hear ahead.
        """
        _B, T, Q = codes.shape
        rows = slice(0 if last is None else T - last, T)
        x = self._inputs(codes, starts, ahead)
        if mask_rate:
            x = x * (torch.rand(x.shape[:2], device=x.device) >= mask_rate)[..., None]
        x = self._backbone(x, codes, ahead, T - ahead)
        # known[q] is what level q may use: the backbone's output and the levels before it.
        out = self.norm(x[:, rows])
        first = (
            out if self.ending is None or ends is None else out + ends[:, rows, None] * self.ending
        )
        known = torch.cat([first[:, :, None], self.known(self._rows(codes[:, rows]))], 2).cumsum(2)
        scores = torch.stack([head(known[:, :, q]) for q, head in enumerate(self.heads)], 2)
        begins = torch.zeros_like(codes[..., 0], dtype=torch.bool) if starts is None else starts
        if self.pointer is not None:
            scores = self.pointer(scores, codes, begins, self.window, ahead)
        if self.end is not None:
            return FrameScores(scores, self.end(known[:, :, Q]).squeeze(-1))
        assert self.pointer is not None
        return FrameScores(scores, self.pointer.score_ends(codes, begins, ahead)[:, rows])

    def forward(self, indices: Tensor) -> Tensor:
        """Logits `[B, L, codebook_size]` for flat codes `[B, L]`: `logits[:, i]` scores `indices[:,
        i + 1]`."""
        L, Q = indices.shape[1], self.num_quantizers
        # Codes past L are placeholders: nothing that is returned depends on them.
        padded = F.pad(indices, (0, (L // Q + 1) * Q - L))
        return self.frame_scores(unflatten_codes(padded, Q)).codes.flatten(1, 2)[:, 1 : L + 1]

    def start_logits(self, batch_size: int = 1) -> Tensor:
        """Logits `[B, codebook_size]` of the very first code, where a sound begins."""
        nothing = torch.zeros(
            batch_size, 1, self.num_quantizers, dtype=torch.long, device=self.start.device
        )
        beginning = torch.ones(batch_size, 1, dtype=torch.bool, device=self.start.device)
        return self.frame_scores(nothing, beginning).codes[:, 0, 0]

    # --- frame by frame, with a cache -------------------------------------------------------------

    def new_cache(self) -> PriorCache:
        return PriorCache(self.num_layers, self.window)

    def hear(
        self,
        codes: Tensor,
        starts: Tensor,
        cache: PriorCache,
        batch_size: int = 1,
        ahead: int = 0,
        place: int = 0,
    ) -> None:
        """Take in `codes` `[S, T, Q]` at once and before all else, for each of the streams, or for
        all alike where `S` is 1; sounds begin at `starts` `[S, T]` (bool). The next step takes the
        last of the codes.

        The first `ahead` of them follow what is yet to come: they lie from `place` on, the others
        from 0 on. `ValueError` from a prior that does not hear ahead.
        """
        cache.begin(batch_size, ahead + 1 if ahead else 0)
        # One after the other: what a stream hears does not depend on what is beside it, not even by
        # its rounding.
        for i in range(len(codes)):
            one, begins = codes[i : i + 1], starts[i : i + 1]
            streams = slice(None) if len(codes) == 1 else slice(i, i + 1)
            self._backbone(
                self._inputs(one, begins, ahead), one, ahead, place, partial(cache.fill, streams)
            )
        cache.position = codes.shape[1] - ahead
        cache.steps = cache.ahead + cache.position
        if self.pointer is not None:
            cache.memory = PointerCache(self.pointer, batch_size, self.window, ahead)
            cache.memory.hold(codes, starts, place)

    def step(self, previous: Tensor | None, starts: Tensor, cache: PriorCache) -> Tensor:
        """What is known `[B, D]` of the next frame, given the `previous` one's codes `[B, Q]`
        (None: none).

        `starts` `[B]` (bool) marks streams in which the coming frame begins a new sound.
        """
        past = (
            self.start.expand(len(starts), -1)
            if previous is None
            else self.embedding(self._rows(previous)).sum(1)
        )
        x = (past + starts[:, None] * self.new_sound)[:, None]
        turns = rotary_turns(
            torch.tensor([cache.position], device=x.device), self.head_dim, x.dtype
        )
        for i, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            x = block.step(x, turns, cache, i)
        cache.position += 1
        cache.steps += 1
        out: Tensor = self.norm(x)[:, 0]
        if self.pointer is None:
            return out
        if cache.memory is None:
            cache.memory = PointerCache(self.pointer, len(starts), self.window)
        cache.memory.push(previous, starts)
        # Behind what the network knows: the latents of the codes chosen so far.
        return F.pad(out, (0, self.pointer.entries.shape[-1]))

    def score_level(self, level: int, known: Tensor, cache: PriorCache) -> Tensor:
        """Logits `[B, K]` of one level; `known` `[B, D]` is the step's output plus `know` of
        earlier levels."""
        scores: Tensor = self.heads[level](known[:, : self.hidden_size])
        if cache.memory is None:
            return scores
        return cache.memory.mix(level, scores, known[:, self.hidden_size :])

    def fit(self, level: int, known: Tensor, asked: Tensor) -> Tensor:
        """How likely `[B, K]` (a logarithm) each code of `level` makes what is `asked` `[B, N]`;
        `known` as above.

        `ValueError` from a prior without a reader.
        """
        if self.reader is None or self.pointer is None:
            raise ValueError("this prior was not made to be steered")
        latents = known[:, None, self.hidden_size :] + self.pointer.entries[level]
        fit: Tensor = self.reader(level, latents, asked[:, None])
        return fit

    def know(self, level: int, codes: Tensor) -> Tensor:
        """What a chosen code `[B]` of `level` adds `[B, D]` to what is known of the frame."""
        added: Tensor = self.known(codes + self.codebook_size * level)
        return (
            added
            if self.pointer is None
            else torch.cat([added, self.pointer.entries[level][codes]], -1)
        )

    def score_end(self, known: Tensor, cache: PriorCache) -> Tensor:
        """Logit `[B]` that the sound ends with this frame; `known` includes all its levels, unless
        `ends_first`."""
        if self.end is None:
            assert cache.memory is not None
            return cache.memory.score_end()
        ends: Tensor = self.end(known[:, : self.hidden_size]).squeeze(-1)
        return ends

    def know_end(self, known: Tensor, ends: Tensor) -> Tensor:
        """What is `known` `[B, D]` of the frame, and whether the sound `ends` `[B]` (bool) with
        it."""
        if self.ending is None:
            return known
        return known + F.pad(ends[:, None] * self.ending, (0, known.shape[1] - self.hidden_size))
