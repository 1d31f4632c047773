"""The prior with a cache scores as the prior without one."""

from collections.abc import Container

import pytest
import torch

from distill.models.prior import CodePrior, FrameScores
from distill.models.prior_stream import PriorStream
from tests.models.priors import K, Q, codes, lively

T = 30


@pytest.fixture(
    scope="module",
    params=[(0, False), (6, False), (6, True)],
    ids=["network alone", "with pointer", "ends first"],
)
def prior(request: pytest.FixtureRequest) -> CodePrior:
    latent_dim, ends_first = request.param
    return lively(latent_dim=latent_dim, hears_ahead=True, ends_first=ends_first)


def check_frames(
    stream: PriorStream,
    grid: torch.Tensor,
    starts: torch.Tensor,
    ends: torch.Tensor,
    expected: FrameScores,
    first: int = 0,
    has_previous: bool = False,
    metre: torch.Tensor | None = None,
    skipped: Container[int] = (),
) -> None:
    """Every score of `stream` from frame `first` on is that of `expected`, but of those skipped."""
    previous = grid[:, first - 1] if has_previous else None
    for t in range(first, grid.shape[1]):
        position = None if metre is None else metre[:, t]
        if t in skipped:
            stream.skip_frame(previous, starts[:, t], position)
            previous = grid[:, t]
            continue
        end_logits = stream.begin(previous, starts[:, t], position)
        assert (end_logits is None) is not stream.prior.ends_first
        choice = ends[:, t]
        for level in range(Q):
            # Every third frame has a level that is fixed.
            if t % 3 == 0 and level == 1:
                stream.skip_level(choice)
            else:
                logits = stream.next_logits(choice)
                assert torch.allclose(logits, expected.codes[:, t, level], atol=1e-4)
            choice = grid[:, t, level]
        if end_logits is None:
            end_logits = stream.end_logits(choice)
        assert torch.allclose(end_logits, expected.ends[:, t], atol=1e-4)
        previous = grid[:, t]


def test_cached_frames_score_as_uncached_ones_beyond_the_window(prior: CodePrior) -> None:
    grid = codes(T)
    starts = torch.zeros(2, T, dtype=torch.bool)
    starts[:, [0, 7, 8, 21]] = True
    ends = starts.roll(-1, 1)
    expected = prior.frame_scores(grid, starts, ends=ends)
    check_frames(PriorStream(prior, 2), grid, starts, ends, expected)
    skipped = set(range(T - 1)) - {3, 4, 17}
    check_frames(PriorStream(prior, 2), grid, starts, ends, expected, skipped=skipped)


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize(
    ("suffix", "prompt"),
    [(0, 1), (0, 8), (0, 9), (0, 23), (1, 0), (5, 0), (12, 1), (5, 7), (5, 19)],
)
def test_frames_after_a_context_score_as_uncached_ones(
    prior: CodePrior, suffix: int, prompt: int, alike: bool, skips: bool
) -> None:
    grid = codes(T)
    context = suffix + prompt
    if alike:
        grid[:, :context] = grid[:1, :context]
    starts = torch.zeros(2, T, dtype=torch.bool)
    starts[:, [3, 9, 20]] = True
    starts[1, context] = True
    ends = starts.roll(-1, 1)
    expected = prior.frame_scores(grid, starts, suffix_frames=suffix, ends=ends)
    streams = slice(0, 1) if alike else slice(None)
    stream = PriorStream(
        prior,
        batch_size=2,
        codes=grid[streams, :context],
        starts=starts[streams, :context],
        suffix_frames=suffix,
        suffix_position=T - suffix,
    )
    skipped = set(range(context, T)) - {context + 2, T - 4, T - 3, T - 1} if skips else ()
    check_frames(
        stream, grid, starts, ends, expected, context, has_previous=prompt > 0, skipped=skipped
    )


@pytest.mark.parametrize(("suffix", "prompt"), [(0, 0), (0, 9), (5, 7)])
def test_positions_in_time_count_with_and_without_a_cache(suffix: int, prompt: int) -> None:
    prior = lively(latent_dim=6, hears_ahead=True, ends_first=True, has_metre=True)
    grid = codes(T)
    context = suffix + prompt
    starts = torch.zeros(2, T, dtype=torch.bool)
    ends = starts.clone()
    beat = torch.arange(T) / 4
    metre = torch.stack([beat % 1, beat / 4 % 1], 1).expand(2, -1, -1).clone()
    metre[1, ::3] = torch.nan
    expected = prior.frame_scores(grid, starts, suffix_frames=suffix, ends=ends, metre=metre)
    free = prior.frame_scores(grid, starts, suffix_frames=suffix, ends=ends)
    assert not torch.allclose(expected.codes, free.codes, atol=1e-2)
    stream = PriorStream(
        prior,
        batch_size=2,
        codes=grid[:, :context] if context else None,
        starts=starts[:, :context],
        suffix_frames=suffix,
        suffix_position=T - suffix,
        metre=metre[:, :context],
    )
    skipped = range(context, T, 2)
    check_frames(stream, grid, starts, ends, expected, context, prompt > 0, metre, skipped)


def test_a_suffix_counts_at_its_position_in_time(prior: CodePrior) -> None:
    grid = codes(8)[:1, :3]
    no_starts = torch.zeros(1, 3, dtype=torch.bool)
    hidden = []
    for position in (4, 7):
        stream = PriorStream(prior, 1, grid, no_starts, 3, position)
        stream.begin(None, no_starts[0, :1])
        hidden.append(stream.state)
    assert not torch.allclose(*hidden, atol=1e-4)


def test_a_suffix_is_refused_by_a_prior_that_cannot_take_one() -> None:
    prior = CodePrior(K, 8 * Q, Q, hidden_size=32, num_layers=1, num_heads=2)
    with pytest.raises(ValueError, match="ahead"):
        PriorStream(prior, 2, codes(4), torch.zeros(2, 4, dtype=torch.bool), 2, 4)


def test_target_scores_are_those_of_each_code_with_the_codes_above() -> None:
    torch.manual_seed(0)
    prior = CodePrior(8, 64, 2, 16, 1, 2, latent_dim=4, descriptors=2, tags=0).eval()
    targets = torch.tensor([[0.3, float("nan")]])
    stream = PriorStream(prior, 1)
    stream.begin(None, torch.ones(1, dtype=torch.bool))
    stream.next_logits(torch.zeros(1, dtype=torch.bool))
    stream.next_logits(torch.tensor([5]))
    scores = stream.target_scores(1, targets)
    assert prior.reader is not None
    assert prior.pointer is not None
    latents = prior.pointer.entries[0, 5] + prior.pointer.entries[1]
    assert scores.shape == (1, 8)
    assert torch.allclose(scores[0], prior.reader(1, latents, targets), atol=1e-5)


def test_targets_are_refused_by_a_prior_without_a_classifier() -> None:
    prior = CodePrior(8, 64, 2, 16, 1, 2, latent_dim=4).eval()
    with pytest.raises(ValueError, match="steered"):
        PriorStream(prior, 1).target_scores(0, torch.zeros(1, 2))
