"""The pointer to the past, on pasts that say clearly what comes."""

import pytest
import torch
from torch import Tensor

from distill.models.pointer import Pointer, squared_distance

K, Q, D, WINDOW = 8, 2, 5, 16


@pytest.fixture
def pointer() -> Pointer:
    torch.manual_seed(0)
    return Pointer(K, Q, D).eval()


def random_codes(T: int, B: int = 1) -> Tensor:
    return torch.randint(K, (B, T, Q), generator=torch.Generator().manual_seed(T))


def probabilities(
    pointer: Pointer, codes: Tensor, starts: Tensor | None = None, window: int = WINDOW
) -> Tensor:
    """Probabilities `[B, T, Q, K]` where the network knows nothing."""
    starts = torch.zeros(codes.shape[:2], dtype=torch.bool) if starts is None else starts
    return pointer(torch.zeros(*codes.shape, K), codes, starts, window).exp()


def test_probabilities_sum_to_one(pointer: Pointer) -> None:
    total = probabilities(pointer, random_codes(20, 3)).sum(-1)
    assert torch.allclose(total, torch.ones_like(total), atol=1e-5)


def test_without_a_past_all_codes_are_alike(pointer: Pointer) -> None:
    assert torch.allclose(
        probabilities(pointer, random_codes(3))[:, 0], torch.tensor(1 / K), atol=1e-6
    )


def test_what_came_before_is_expected_again(pointer: Pointer) -> None:
    codes = torch.tensor([3, 5]).expand(1, 12, Q)
    last = probabilities(pointer, codes)[0, -1]
    assert last.argmax(-1).tolist() == [3, 5]
    assert last.amax(-1).min() > 0.3


def test_what_follows_is_expected_before_it() -> None:
    pointer = Pointer(K, Q, D, hears_ahead=True).eval()
    codes = torch.tensor([3, 5]).expand(1, 12, Q)
    starts = torch.zeros(1, 12, dtype=torch.bool)
    suffix = 11
    first = pointer(torch.zeros(1, 12, Q, K), codes, starts, WINDOW, suffix).exp()[0, suffix]
    assert first.argmax(-1).tolist() == [3, 5]
    starts[0, 0] = True
    less = pointer(torch.zeros(1, 12, Q, K), codes, starts, WINDOW, suffix).exp()[0, suffix]
    assert less[0, 3] < first[0, 3]


def test_a_past_that_repeats_is_recognised(pointer: Pointer) -> None:
    # Neither the last code nor the commonest, but what followed when things were as they are now.
    with torch.no_grad():
        pointer.share[:, 3] += 5
    phrase = torch.tensor([[0, 1], [2, 3], [4, 5], [4, 5]])
    codes = phrase.repeat(4, 1)[None]
    expected = probabilities(pointer, codes, window=64)[0, 5:].argmax(-1)
    # The last frame alone tells all but what follows the fours and fives, which come twice.
    assert (expected == codes[0, 5:]).float().mean() > 0.7


def test_a_new_sound_looks_back_less(pointer: Pointer) -> None:
    codes = torch.tensor([3, 5]).expand(1, 6, Q)
    starts = torch.zeros(1, 6, dtype=torch.bool)
    going_on = probabilities(pointer, codes, starts)[0, 5, 0, 3]
    starts[0, 5] = True
    assert probabilities(pointer, codes, starts)[0, 5, 0, 3] < going_on


def test_nothing_older_than_the_window_counts(pointer: Pointer) -> None:
    a = random_codes(12)
    b = a.clone()
    b[:, 0] = (b[:, 0] + 1) % K
    assert torch.allclose(
        probabilities(pointer, a, window=4)[:, 6:],
        probabilities(pointer, b, window=4)[:, 6:],
        atol=1e-6,
    )


def test_entries_near_to_those_that_came_count_as_well(pointer: Pointer) -> None:
    entries = torch.randn(Q, K, D, generator=torch.Generator().manual_seed(1))
    entries[0, 1] = entries[0, 0] + 0.05
    pointer.set_entries(entries)
    shares = pointer.code_distributions(torch.tensor([0, 0]))[0]
    assert shares.argsort(descending=True)[:2].sort().values.tolist() == [0, 1]
    assert shares[1] > 0.3


def test_set_entries_keeps_what_is_near(pointer: Pointer) -> None:
    entries = 40 * torch.randn(Q, K, D, generator=torch.Generator().manual_seed(2))
    pointer.set_entries(entries)
    assert torch.allclose(
        pointer.entries / pointer.entries[0, 0, 0], entries / entries[0, 0, 0], atol=1e-4
    )
    assert 0.5 < pointer.entries.var(1, correction=0).sum() < 2


def test_squared_distance() -> None:
    a, b = torch.randn(4, 3), torch.randn(5, 3)
    assert torch.allclose(squared_distance(a, b), torch.cdist(a, b) ** 2, atol=1e-5)
