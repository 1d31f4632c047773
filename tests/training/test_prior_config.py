"""Settings of prior training."""

import pytest

from distill.errors import UsageError
from distill.training.prior_config import PriorConfig, get_adaptive_prior_config


@pytest.mark.parametrize(("files", "hidden", "layers"), [(5, 128, 2), (100, 128, 2), (101, 256, 4)])
def test_prior_tiers(files: int, hidden: int, layers: int) -> None:
    config = get_adaptive_prior_config(files)
    assert (config.hidden_size, config.num_layers) == (hidden, layers)
    config.check()


@pytest.mark.parametrize(
    "bad",
    [
        {"max_epochs": 0},
        {"num_heads": 3},
        {"learning_rate": -1},
        {"hidden_size": 0},
        {"minutes": 0},
    ],
)
def test_prior_nonsense_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        PriorConfig(**bad).check()
