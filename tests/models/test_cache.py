"""Rings of slots that hold the last frames of a sequence, and a suffix in front of them."""

import torch

from distill.models.cache import PointerCache, PriorCache, ring_slots
from distill.models.pointer import Pointer

K, Q, D = 8, 2, 5


def test_the_last_frames_go_round_the_ring_and_the_suffix_stays() -> None:
    slots, frames = ring_slots(count=9, suffix_slots=2, window=3)
    assert frames.tolist() == [0, 1, 6, 7, 8]
    assert slots.tolist() == [0, 1, 3, 4, 2]
    assert ring_slots(3, 2, 3).slots.tolist() == [0, 1, 2]


def test_attention_sees_the_suffix_and_the_last_frames_of_a_constant_memory() -> None:
    like = torch.zeros(1)
    cache = PriorCache(like, (1, 1, 1), num_layers=1, window=3, suffix_slots=2, pointer=None)
    suffix = torch.tensor([-2.0, -1.0]).view(1, 1, 2, 1)
    cache.fill(slice(None), 0, suffix, suffix)
    sizes = set()
    for t in range(8):
        frame = torch.full((1, 1, 1, 1), float(t))
        keys, values = cache.append(0, frame, 10 * frame)
        cache.advance()
        expected = [-2, -1, *range(max(0, t - 2), t + 1)]
        assert sorted(keys.flatten().tolist()) == expected
        assert values.flatten()[2:].tolist() == [10 * key for key in keys.flatten()[2:].tolist()]
        sizes.add(keys.untyped_storage().nbytes())
    assert len(sizes) == 1


def test_several_frames_at_once_see_what_each_alone_sees() -> None:
    window = 5
    together = PriorCache(torch.zeros(1), (1, 1, 1), 1, window, suffix_slots=2, pointer=None)
    alone = PriorCache(torch.zeros(1), (1, 1, 1), 1, window, suffix_slots=2, pointer=None)
    suffix = torch.tensor([-2.0, -1.0]).view(1, 1, 2, 1)
    for cache in (together, alone):
        cache.fill(slice(None), 0, suffix, suffix)
    first = 0
    for n in (3, 1, 4, window, window, 2):
        frames = torch.arange(first, first + n, dtype=torch.float32).view(1, 1, n, 1)
        seen = []
        for i in range(n):
            keys, _ = alone.append(0, frames[:, :, i : i + 1], frames[:, :, i : i + 1])
            alone.advance()
            seen.append(sorted(keys.flatten().tolist()))
        mask = together.mask(n, frames.device)
        keys, _ = together.append(0, frames, frames)
        together.advance(n)
        visible = torch.ones(1, keys.shape[2], dtype=torch.bool) if mask is None else mask
        assert [sorted(keys[0, 0, row, 0].tolist()) for row in visible] == seen
        first += n


def test_the_pointer_cache_scores_as_the_whole_past_beyond_its_window() -> None:
    torch.manual_seed(0)
    pointer = Pointer(K, Q, D).eval()
    codes = torch.randint(K, (2, 20, Q), generator=torch.Generator().manual_seed(20))
    starts = torch.zeros(2, 20, dtype=torch.bool)
    starts[:, [0, 9]] = True
    starts[1, 13] = True
    expected = pointer(torch.zeros(*codes.shape, K), codes, starts, 6)
    cache = PointerCache(pointer, 2, 6)
    for t in range(20):
        cache.append(codes[:, max(0, t - 1) : t], starts[:, t : t + 1][:, :t])
        latents = torch.zeros(2, D)
        for q in range(Q):
            scores = cache.mix(q, torch.zeros(2, K), latents)
            assert torch.allclose(scores, expected[:, t, q], atol=1e-4)
            latents = latents + pointer.entries[q][codes[:, t, q]]
