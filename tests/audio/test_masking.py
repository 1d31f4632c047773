import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.masking import QUIET_DB, audibility, spreading_matrix

CENTRES = torch.linspace(100, 16000, 60)
SPREAD = spreading_matrix(CENTRES)


def audible_share(levels_db: torch.Tensor) -> torch.Tensor:
    return audibility(10 ** (levels_db / 10), SPREAD)


@given(level=st.floats(-55, 0))
def test_all_of_a_flat_spectrum_is_heard(level: float) -> None:
    assert audible_share(torch.full((60,), level)).min() > 0.99


def test_nothing_is_heard_of_what_is_quiet() -> None:
    assert not audible_share(torch.full((60,), QUIET_DB - 1)).any()
    assert not audibility(torch.zeros(3, 60), SPREAD).any()


def test_a_loud_band_hides_what_is_near_and_more_of_what_is_above() -> None:
    """Of other bands, each 30 dB fainter."""
    levels = torch.full((60, 60), -120.0)
    levels[:, 31] = -10
    levels.fill_diagonal_(-40)
    shares = audible_share(levels).diagonal()
    assert shares[2] == shares[59] == 1
    assert not shares[[29, 30, 32, 33]].any()
    below, above = shares[24:31].sum(), shares[32:39].sum()
    assert above < below


@given(gain=st.floats(0, 30), seed=st.integers(0, 99))
def test_what_is_louder_is_heard_no_less(gain: float, seed: int) -> None:
    levels = -90 * torch.rand(60, generator=torch.Generator().manual_seed(seed))
    assert (audible_share(levels + gain) >= audible_share(levels) - 1e-4).all()
