"""Networks beside the prior: what they see, and that they are trained as it is."""

from itertools import islice

import pytest
import torch
from benchmarks.prior.flat import FlatPrior

from benchmarks.prior import bits as prior
from benchmarks.prior import rivals
from distill.inference.sampling.settings import Sampling
from distill.training.prior.data import PriorCodes
from distill.training.prior_config import PriorConfig

SIZE, LEVELS, WINDOW = 6, 2, 10
SMALL = PriorConfig(
    hidden_size=16,
    num_layers=2,
    num_heads=2,
    dropout=0.0,
    mask_rate=0.0,
    batch_size=4,
    context_s=1.0,
    piece_s=0.5,
    minutes=1.0,
    patience=2,
    min_steps_per_epoch=8,
    learning_rate=1e-2,
)
FRAME_RATE = 20.0


@pytest.fixture
def flat() -> FlatPrior:
    torch.manual_seed(0)
    return FlatPrior(SIZE, LEVELS, WINDOW, SMALL).eval()


def grid(frames: int) -> torch.Tensor:
    return torch.randint(SIZE, (frames, LEVELS), generator=torch.Generator().manual_seed(1))


def scores(flat: FlatPrior, codes: torch.Tensor) -> torch.Tensor:
    starts = torch.zeros(1, len(codes), dtype=torch.bool)
    starts[:, 0] = True
    with torch.inference_mode():
        return flat.frame_scores(codes[None], starts).codes[0]


def test_a_code_is_scored_by_those_before_it_alone(flat: FlatPrior) -> None:
    codes, other = grid(12), grid(12)
    other[6, 1] = (codes[6, 1] + 1) % SIZE
    before, after = scores(flat, codes), scores(flat, other)
    assert torch.equal(before[:7], after[:7])
    assert not torch.equal(before[7], after[7])


def test_what_is_drawn_with_the_cache_is_what_is_likeliest_without(flat: FlatPrior) -> None:
    """Past the window as well, where old keys give way to new ones."""
    drawn = torch.stack(
        list(islice(flat.drawn(Sampling(temperature=0.0), torch.Generator()), 3 * WINDOW))
    )
    assert torch.equal(scores(flat, drawn).argmax(-1), drawn)
    assert len(drawn.unique()) > 1


@pytest.mark.parametrize("build", rivals.BUILDS.values(), ids=rivals.BUILDS)
def test_a_pattern_is_learned_until_it_gets_no_better(build) -> None:
    counting = torch.stack([torch.arange(60) % 3, torch.arange(60) % 4], 1)
    codes = PriorCodes([[counting], [counting[1:]]], [counting[7:]])
    network, took = rivals.train(build, codes, [False, False], SIZE, SMALL, FRAME_RATE)
    assert prior.bits_by_level(network, [counting[2:50]]).sum() < 1
    assert 0 < took.best_epoch <= took.epochs <= took.best_epoch + SMALL.patience


def test_training_ends_with_its_time() -> None:
    codes = PriorCodes([[grid(60)]], [grid(30)])
    config = PriorConfig(
        **vars(SMALL) | {"minutes": 1 / 600, "patience": 10**6, "min_steps_per_epoch": 10**6}
    )
    _, took = rivals.train(FlatPrior, codes, [False], SIZE, config, FRAME_RATE)
    assert 0.1 <= took.seconds < 5
    assert (took.epochs, took.best_epoch) == (1, 1)
