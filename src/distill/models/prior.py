"""The prior: an autoregressive Transformer over code grids, the generator of Distill.

Codes `[B, T, Q]` are factorised position-major. A causal Transformer runs once a frame. A small
head per level then scores the frame's codes one after the other, each given the codes before it.
This is the factorisation of a flat Transformer over `T * Q` tokens, at 1/Q of its backbone steps
(cf. RQ-Transformer, Lee et al. 2022).

End of sound is predicted before the frame's codes, which are then conditioned on it. Predicted from
the codes it would never fire: codes of last frames are too rare to be sampled.

A pointer mixes the network's logits with codes of the sound's own past (`models/pointer.py`).

Where a frame stands in beat and bar may be one more input (`models/metre.py`).

A prior that `hears_ahead` can fill a gap given both sides (fill in the middle, Bavarian et al.
2022). The frames after the gap, the suffix, are moved to the front of the sequence. They carry a
mark, and their true position in time.

Frame by frame, with a cache, a prior runs as a `PriorStream` (`models/prior_stream.py`).
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.attribute_classifier import AttributeClassifier
from distill.models.chunked import encode_audio
from distill.models.metre import Metre
from distill.models.pointer import Pointer
from distill.models.transformer import Block, LevelHead, rotary_turns
from distill.models.vqvae import VQVAE

FIRST_STD = 0.02
"""Standard deviation of weights before training (GPT-2, Radford et al. 2019)."""


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
    codec: VQVAE,
    sounds: Iterable[np.ndarray],
    offset: int = 0,
) -> Iterator[Tensor]:
    """Encode each of `sounds` with the frozen codec.

    Args:
        codec: the codec.
        sounds: waveforms `[C, N]`.
        offset: samples of silence in front. Less than a frame moves the frame grid over the sound,
            which gives a different, equally true encoding.

    Yields:
        Codes `[T, Q]` of each sound.
    """
    for sound in sounds:
        yield encode_audio(codec, sound, offset)


StoreLayer = Callable[[int, Tensor, Tensor], None]
"""Takes the number of a layer, its keys and its values, `[B, heads, T, head_dim]` each."""


class FrameScores(NamedTuple):
    """`codes` `[B, T, Q, K]`: logits of every code; `ends` `[B, T]`: logit that the sound ends with
    this frame."""

    codes: Tensor
    ends: Tensor


class CodePrior(nn.Module):
    """Autoregressive prior over codes.

    Positions are rotary, so sequences may be of any length.

    Args:
        codebook_size: entries `K` of each level.
        seq_len: training context in tokens (frames x Q). Each frame attends to the `seq_len / Q`
            frames up to itself.
        num_quantizers: levels `Q`.
        hidden_size: features of the backbone, a multiple of `2 * num_heads`.
        num_layers: Transformer blocks.
        num_heads: attention heads of each block.
        dropout: share of features left out in training.
        latent_dim: latent dimension `D` of the codec. Above 0 there is a pointer to the past, whose
            `set_entries` takes the codec's codebooks.
        hears_ahead: whether sequences may begin with a suffix: frames that follow in time.
        descriptors: descriptors that can steer a draw, once the attribute classifier `reader` has
            learned; 0 for no classifier.
        tags: tags that can steer a draw.
        ends_first: whether the end of a sound is predicted before the codes of its last frame, by
            the pointer, and not after them. Priors of today are, old files may not be.
        has_metre: whether positions in beat and bar are an input. Old files have none.

    Raises:
        ValueError: for a `hidden_size` that does not divide, or `ends_first` without a pointer.
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
        has_metre: bool = False,
    ) -> None:
        super().__init__()
        if hidden_size % (2 * num_heads):
            raise ValueError(
                f"hidden_size {hidden_size} is no multiple of twice num_heads {num_heads}"
            )
        if ends_first and not latent_dim:
            raise ValueError("ends_first needs a latent_dim above 0")
        Q = num_quantizers
        self.codebook_size = codebook_size
        self.seq_len = seq_len
        self.num_quantizers = Q
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.head_dim = hidden_size // num_heads
        self.window = max(1, seq_len // Q)

        # Embeddings of the previous frame's codes, and of those of this frame that are chosen.
        self.embedding = nn.Embedding(Q * codebook_size, hidden_size)
        self.known = nn.Embedding(Q * codebook_size, hidden_size)
        # `start` is the input where no frame precedes; `new_sound` is added where a sound begins.
        self.start = nn.Parameter(torch.zeros(hidden_size))
        self.new_sound = nn.Parameter(torch.zeros(hidden_size))
        self.blocks = nn.ModuleList(
            Block(hidden_size, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_size)
        self.heads = nn.ModuleList(LevelHead(hidden_size, codebook_size, dropout) for _ in range(Q))
        # Predicts the end after the codes; `ending` conditions the codes on an end before them.
        self.end = None if ends_first else LevelHead(hidden_size, 1, dropout)
        self.ending = nn.Parameter(torch.zeros(hidden_size)) if ends_first else None
        self.pointer: Pointer | None = None
        if latent_dim:
            self.pointer = Pointer(codebook_size, Q, latent_dim, hears_ahead, ends_first)
        # Marks the frames of a suffix.
        self.ahead = nn.Parameter(torch.zeros(hidden_size)) if hears_ahead else None
        self.metre = Metre(hidden_size) if has_metre else None
        self.reader: AttributeClassifier | None = None
        if latent_dim and descriptors:
            self.reader = AttributeClassifier(descriptors, tags, Q, latent_dim)
        self._initialise_weights()

    def _initialise_weights(self) -> None:
        self.apply(self._initialise)
        # The end hazard begins from a constant instead.
        if self.pointer is not None and self.pointer.ending is not None:
            self.pointer.ending.reset()

    @staticmethod
    def _initialise(module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=FIRST_STD)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    @property
    def hears_ahead(self) -> bool:
        """Whether sequences may begin with a suffix."""
        return self.ahead is not None

    def check_hears_ahead(self) -> None:
        """`ValueError` for a prior that takes no suffix."""
        if self.ahead is None:
            raise ValueError("this prior was not made to hear what lies ahead")

    @property
    def ends_first(self) -> bool:
        """Whether the end of a sound is predicted before the codes of its last frame."""
        return self.ending is not None

    def frame_scores(
        self,
        codes: Tensor,
        starts: Tensor | None = None,
        mask_rate: float = 0.0,
        suffix_frames: int = 0,
        ends: Tensor | None = None,
        last_frames: int | None = None,
        metre: Tensor | None = None,
    ) -> FrameScores:
        """Score every code of a sequence, each given all codes before it.

        Args:
            codes: codes `[B, T, Q]`.
            starts: frames `[B, T]` (bool) that begin a sound.
            mask_rate: share of past frames hidden from the backbone, in training.
            suffix_frames: number of first frames that follow the last one in time, below `T`.
            ends: frames `[B, T]` (bool) that end a sound.
            last_frames: score only the last frames, this many; None scores all.
            metre: positions `[B, T, 2]` in beat and bar; None where there are none.

        Raises:
            ValueError: for a suffix, from a prior that does not hear ahead.
        """
        T = codes.shape[1]
        first = 0 if last_frames is None else T - last_frames
        rows = slice(first, T)
        x = self.embed(codes, starts, suffix_frames)
        if mask_rate:
            # With frames missing, the backbone learns to look further back.
            is_visible = torch.rand(x.shape[:2], device=x.device) >= mask_rate
            x = x * is_visible[..., None]
        x = self.add_metre(x, metre)
        x = self.run_backbone(
            x,
            codes,
            suffix_frames,
            suffix_position=T - suffix_frames,
        )

        states = self._hidden_states(
            x[:, rows],
            codes[:, rows],
            None if ends is None else ends[:, rows],
        )
        by_level = [head(states[:, :, q]) for q, head in enumerate(self.heads)]
        scores = torch.stack(by_level, 2)

        if starts is None:
            starts = torch.zeros_like(codes[..., 0], dtype=torch.bool)
        if self.pointer is not None:
            scores = self.pointer(scores, codes, starts, self.window, suffix_frames)
        if self.end is not None:
            # Of the state that holds all levels.
            end_logits = self.end(states[:, :, self.num_quantizers]).squeeze(-1)
            return FrameScores(scores, end_logits)
        assert self.pointer is not None
        end_logits = self.pointer.end_logits(codes, starts, suffix_frames)
        return FrameScores(scores, end_logits[:, rows])

    def _hidden_states(self, x: Tensor, codes: Tensor, ends: Tensor | None) -> Tensor:
        """Hidden states before each level, and after the last.

        Args:
            x: outputs `[B, R, hidden_size]` of the backbone.
            codes: codes `[B, R, Q]` of the same frames.
            ends: frames `[B, R]` (bool) that end a sound.

        Returns:
            States `[B, R, Q + 1, hidden_size]`: the output, the end, and the codes above the level.
        """
        states = self.norm(x)
        if self.ending is not None and ends is not None:
            states = states + ends[..., None] * self.ending
        code_embeddings = self.known(self.token_ids(codes))
        return torch.cat([states[:, :, None], code_embeddings], 2).cumsum(2)

    def forward(self, indices: Tensor) -> Tensor:
        """Logits `[B, L, codebook_size]` for flat codes `[B, L]`: `logits[:, i]` scores `indices[:,
        i + 1]`."""
        L = indices.shape[1]
        Q = self.num_quantizers
        # Codes past L are placeholders: no returned logit depends on them.
        whole = (L // Q + 1) * Q
        whole_indices = F.pad(indices, (0, whole - L))
        codes = unflatten_codes(whole_indices, Q)
        scores = self.frame_scores(codes).codes
        return scores.flatten(1, 2)[:, 1 : L + 1]

    def start_logits(self, batch_size: int = 1) -> Tensor:
        """Logits `[B, codebook_size]` of the very first code, where a sound begins."""
        device = self.start.device
        # The first code depends on none of its own frame.
        shape = (batch_size, 1, self.num_quantizers)
        placeholder = torch.zeros(shape, dtype=torch.long, device=device)
        starts = torch.ones(batch_size, 1, dtype=torch.bool, device=device)
        return self.frame_scores(placeholder, starts).codes[:, 0, 0]

    # --- parts that a `PriorStream` uses as well --------------------------------------------------

    def token_ids(self, codes: Tensor) -> Tensor:
        """Rows of the embedding tables for `codes` `[..., Q]`: every level has rows of its own."""
        levels = torch.arange(codes.shape[-1], device=codes.device)
        return codes + self.codebook_size * levels

    def embed(
        self,
        codes: Tensor,
        starts: Tensor | None,
        suffix_frames: int = 0,
    ) -> Tensor:
        """Inputs `[B, T, hidden_size]` of the backbone; arguments as for `frame_scores`.

        The input of a frame are the codes of the frame before. The first frame and the first after
        the suffix get the start token.
        """
        past = self._sum_levels(codes[:, :-1])
        start = self.start.expand(len(codes), 1, -1).to(past)
        x = torch.cat([start, past], 1)
        if 0 < suffix_frames < codes.shape[1]:
            suffix = x[:, :suffix_frames]
            rest = x[:, suffix_frames + 1 :]
            x = torch.cat([suffix, start, rest], 1)
        if starts is None:
            return x
        return x + starts[..., None] * self.new_sound

    def add_metre(self, x: Tensor, metre: Tensor | None) -> Tensor:
        """Inputs `x` `[B, T, hidden_size]` with their positions `[B, T, 2]` in beat and bar."""
        if self.metre is None or metre is None:
            return x
        inputs: Tensor = self.metre(metre.to(x.dtype))
        return x + inputs

    def _sum_levels(self, codes: Tensor) -> Tensor:
        """One input `[B, T, hidden_size]` for each frame of `codes` `[B, T, Q]`: the sum of the
        embeddings of its levels."""
        return self.embedding(self.token_ids(codes)).sum(2)

    def run_backbone(
        self,
        x: Tensor,
        codes: Tensor,
        suffix_frames: int,
        suffix_position: int,
        store: StoreLayer | None = None,
    ) -> Tensor:
        """Run the Transformer over a sequence.

        Args:
            x: inputs `[B, T, hidden_size]` of `embed`.
            codes: codes `[B, T, Q]` of the sequence.
            suffix_frames: number of first frames that follow the others in time.
            suffix_position: position of the suffix in time, in frames; the others lie from 0 on.
            store: takes keys and values of each layer, for a cache.

        Returns:
            Outputs `[B, T, hidden_size]`.
        """
        positions = torch.arange(x.shape[1] - suffix_frames, device=x.device)
        if suffix_frames:
            x = self._mark_suffix(x, codes, suffix_frames)
            suffix_end = suffix_position + suffix_frames + 1
            in_suffix = torch.arange(suffix_position, suffix_end, device=x.device)
            positions = torch.cat([in_suffix, positions])
        rotations = rotary_turns(positions, self.head_dim, x.dtype)
        mask = self._window_mask(len(positions), x.device, suffix_frames)
        for layer, block in enumerate(self.blocks):
            x = block(x, rotations, mask, store and partial(store, layer))
        if not suffix_frames:
            return x
        # Without the extra input after the suffix.
        suffix = x[:, :suffix_frames]
        rest = x[:, suffix_frames + 1 :]
        return torch.cat([suffix, rest], 1)

    def _mark_suffix(self, x: Tensor, codes: Tensor, suffix_frames: int) -> Tensor:
        """Inputs `[B, T + 1, hidden_size]` with the suffix marked. Its last codes get an input of
        their own after it, since no frame has them as its predecessor."""
        self.check_hears_ahead()
        assert self.ahead is not None
        last = self._sum_levels(codes[:, suffix_frames - 1 : suffix_frames])
        suffix = x[:, :suffix_frames]
        rest = x[:, suffix_frames:]
        return torch.cat([suffix + self.ahead, last + self.ahead, rest], 1)

    def _window_mask(
        self,
        T: int,
        device: torch.device,
        suffix_frames: int,
    ) -> Tensor | None:
        """Inputs `[T, T]` (bool) that each may attend to: the last `window`, and the suffix."""
        if self.window >= T:
            # Plain causal attention, which has faster kernels.
            return None
        order = torch.arange(T, device=device)
        age = order[:, None] - order
        # The suffix has one input more than frames.
        in_suffix = order < suffix_frames + bool(suffix_frames)
        in_window = age < self.window
        return (age >= 0) & (in_window | in_suffix)
