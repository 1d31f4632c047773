import pytest

from distill.errors import UsageError
from distill.training.codec.budget import COOL_DOWN, Budget, lay_out
from distill.training.config import VQVAEConfig, default_minutes, get_adaptive_vqvae_config
from distill.training.prior_config import PriorConfig, get_adaptive_prior_config


@pytest.mark.parametrize(("files", "size"), [(1, 64), (20, 64), (21, 128), (100, 128), (101, 256)])
def test_codebooks_grow_with_the_corpus(files: int, size: int) -> None:
    assert get_adaptive_vqvae_config(files).codebook_size == size
    assert get_adaptive_vqvae_config(files, codebook_size=32, minutes=None).codebook_size == 32


@pytest.mark.parametrize(
    "bad",
    [
        {"num_quantizers": 1},
        {"num_quantizers": 9},
        {"codebook_size": 1},
        {"minutes": 0},
        {"minutes": float("nan")},
        {"steps": -1},
        {"minutes": 1, "steps": 5},
        {"batch_size": 0},
        {"learning_rate": 0},
        {"channels": 3},
        {"threads": 0},
    ],
)
def test_nonsense_is_refused_in_one_sentence(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        VQVAEConfig(**bad)


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


def test_budgets() -> None:
    assert lay_out(VQVAEConfig(steps=7), 100, 8) == Budget(steps=7)
    assert lay_out(VQVAEConfig(epochs=4), 100, 8) == Budget(steps=50)
    assert lay_out(VQVAEConfig(minutes=2), 100, 8) == Budget(seconds=120)
    assert lay_out(VQVAEConfig(), 60, 8).seconds == 60 * default_minutes(60)
    assert (
        10
        <= default_minutes(1)
        < default_minutes(900)
        < default_minutes(3600)
        == default_minutes(1e6)
        == 60
    )


def test_with_steps_time_plays_no_part() -> None:
    budget = Budget(steps=100)
    for elapsed in (0.0, 1e6):
        assert budget.progress(50, elapsed) == 0.5
        assert budget.rate_factor(60, elapsed) == pytest.approx(0.4)


def test_learning_rate_rises_then_falls_to_nothing() -> None:
    budget = Budget(steps=1000)
    rates = [budget.rate_factor(step, 0.0) for step in range(1001)]
    assert rates[0] < 0.05
    assert max(rates) > 0.9
    assert rates[-1] == 0
    assert rates[100:] == sorted(rates[100:], reverse=True)


def test_an_early_stop_lets_the_rate_fall_to_nothing_from_where_it_was() -> None:
    for whole, step, elapsed_s in (
        (Budget(steps=1000), 400, 7.0),
        (Budget(seconds=100), 5000, 40.0),
    ):
        cut = whole.cut_short(step, elapsed_s)
        assert cut.is_cut_short
        assert not whole.is_cut_short
        assert cut.rate_factor(step, elapsed_s) == pytest.approx(
            whole.rate_factor(step, elapsed_s), rel=0.02
        )
        end = (round(step * (1 + COOL_DOWN)), elapsed_s * (1 + COOL_DOWN))
        assert cut.progress(*end) == pytest.approx(1)
        assert cut.rate_factor(*end) == pytest.approx(0, abs=1e-9)
        later = (step * (1 + COOL_DOWN / 2), elapsed_s * (1 + COOL_DOWN / 2))
        assert cut.rate_factor(*later) == pytest.approx(
            0.5 * cut.rate_factor(step, elapsed_s), rel=0.03
        )


def test_validations_are_few_for_minutes_and_not_many_for_hours() -> None:
    counts = [Budget(seconds=60 * minutes).validations for minutes in (0.1, 2, 5, 10, 60)]
    assert counts == [6, 6, 15, 20, 20]
    assert [Budget(steps=steps).validations for steps in (1, 400, 10**6)] == [6, 10, 20]
