import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.models.prior import CodePrior, flatten_codes, unflatten_codes
from tests.models.priors import K, Q, codes, lively


@pytest.fixture(
    scope="module",
    params=[(0, False), (6, False), (6, True)],
    ids=["network alone", "with pointer", "ends first"],
)
def prior(request: pytest.FixtureRequest) -> CodePrior:
    latent_dim, ends_first = request.param
    return lively(latent_dim=latent_dim, hears_ahead=True, ends_first=ends_first)


@given(B=st.integers(1, 3), T=st.integers(0, 9), levels=st.integers(1, 8))
def test_flattening_is_position_major_and_reversible(B: int, T: int, levels: int) -> None:
    grid = torch.arange(B * T * levels).reshape(B, T, levels)
    flat = flatten_codes(grid)
    assert flat.shape == (B, T * levels)
    assert flat[0, :levels].tolist() == list(range(min(levels, T * levels)))
    assert torch.equal(unflatten_codes(flat, levels), grid)


def test_unflatten_refuses_broken_frames() -> None:
    with pytest.raises(ValueError, match="whole frames"):
        unflatten_codes(torch.zeros(1, 7, dtype=torch.long), 3)


@settings(max_examples=15, deadline=None)
@given(L=st.integers(1, 40), data=st.data())
def test_logits_depend_on_the_past_only(prior: CodePrior, L: int, data: st.DataObject) -> None:
    i = data.draw(st.integers(0, L - 1))
    flat = torch.randint(K, (1, L), generator=torch.Generator().manual_seed(L))
    other = flat.clone()
    other[:, i] = (other[:, i] + 1) % K
    a, b = prior(flat), prior(other)
    assert a.shape == (1, L, K)
    assert torch.allclose(a[:, :i], b[:, :i], atol=1e-5)
    assert not torch.allclose(a[:, i], b[:, i], atol=1e-5)


def test_flat_logits_are_the_frame_scores_shifted_by_one(prior: CodePrior) -> None:
    grid = codes(5)
    scores = prior.frame_scores(grid).codes.flatten(1, 2)
    flat = prior(flatten_codes(grid))
    assert torch.allclose(flat[:, :-1], scores[:, 1:], atol=1e-5)
    beginning = torch.zeros(2, 5, dtype=torch.bool)
    beginning[:, 0] = True
    assert torch.allclose(
        prior.start_logits(2), prior.frame_scores(grid, beginning).codes[:, 0, 0], atol=1e-5
    )


@pytest.mark.parametrize("suffix", [0, 1, 5])
@pytest.mark.parametrize("last", [1, 9, 27, 30])
def test_the_last_frames_alone_score_as_in_the_whole(
    prior: CodePrior, suffix: int, last: int
) -> None:
    grid, starts = codes(30), torch.zeros(2, 30, dtype=torch.bool)
    starts[:, [3, 9, 20]] = True
    ends = starts.roll(-1, 1)
    whole = prior.frame_scores(grid, starts, suffix_frames=suffix, ends=ends)
    part = prior.frame_scores(grid, starts, suffix_frames=suffix, ends=ends, last_frames=last)
    assert torch.allclose(part.codes, whole.codes[:, -last:], atol=1e-5)
    assert torch.allclose(part.ends, whole.ends[:, -last:], atol=1e-5)


@pytest.mark.parametrize("t", [0, 4, 5, 6, 11])
def test_with_frames_ahead_scores_depend_on_what_came_before_in_order(
    prior: CodePrior, t: int
) -> None:
    """Frames 0 to 4 follow frame 11 in time. Frame 5, which no frame heard precedes, hears all of
    them."""
    a, b = codes(12), codes(12)
    b[:, t] = (b[:, t] + 1) % K
    first, second = (prior.frame_scores(grid, suffix_frames=5).codes for grid in (a, b))
    assert torch.allclose(first[:, :t], second[:, :t], atol=1e-5)
    for later in range(t + 1, 12):
        assert not torch.allclose(first[:, later], second[:, later], atol=1e-5)


def test_a_prior_that_does_not_hear_ahead_says_so() -> None:
    deaf = CodePrior(K, 8 * Q, Q, hidden_size=32, num_layers=1, num_heads=2)
    with pytest.raises(ValueError, match="ahead"):
        deaf.frame_scores(codes(4), suffix_frames=2)


def test_what_is_older_than_the_window_times_layers_is_forgotten(prior: CodePrior) -> None:
    a, b = codes(40), codes(40)
    b[:, 0] = (b[:, 0] + 1) % K
    far = prior.num_layers * prior.window + 1
    assert torch.allclose(
        prior.frame_scores(a).codes[:, far:], prior.frame_scores(b).codes[:, far:], atol=1e-5
    )


def test_a_new_sound_is_told(prior: CodePrior) -> None:
    grid, starts = codes(4), torch.zeros(2, 4, dtype=torch.bool)
    marked = starts.clone()
    marked[:, 2] = True
    a, b = prior.frame_scores(grid, starts).codes, prior.frame_scores(grid, marked).codes
    assert torch.allclose(a[:, :2], b[:, :2], atol=1e-5)
    assert not torch.allclose(a[:, 2], b[:, 2], atol=1e-3)


def test_it_learns_a_pattern() -> None:
    torch.manual_seed(0)
    model = CodePrior(4, 64, 2, hidden_size=32, num_layers=1, num_heads=2, dropout=0.0)
    grid = torch.stack([torch.arange(32) % 4, (torch.arange(32) + 1) % 4], 1)[None]
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(
            model(flatten_codes(grid))[:, :-1].flatten(0, 1), grid.flatten()[1:]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1


def test_where_a_sound_ends_is_known_before_its_last_codes_and_to_them() -> None:
    """Nothing of the last frame tells the end, and all of its levels hear of it."""
    prior = lively(latent_dim=6, ends_first=True)
    a, b = codes(6), codes(6)
    b[:, 3] = (b[:, 3] + 1) % K
    starts, ends = (torch.zeros(2, 6, dtype=torch.bool) for _ in range(2))
    starts[:, 0] = ends[:, 3] = True
    plain, other, ended = (
        prior.frame_scores(x, starts, ends=y) for x, y in ((a, None), (b, None), (a, ends))
    )
    assert torch.allclose(plain.ends[:, :4], other.ends[:, :4], atol=1e-5)
    assert not torch.allclose(plain.ends[:, 4], other.ends[:, 4], atol=1e-4)
    assert torch.allclose(plain.ends, ended.ends, atol=1e-5)
    assert not torch.isclose(plain.codes[:, 3], ended.codes[:, 3], atol=1e-4).all(-1).any()
    assert torch.allclose(plain.codes[:, :3], ended.codes[:, :3], atol=1e-5)
