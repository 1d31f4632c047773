"""Settings of codec training."""

import pytest

from distill.errors import UsageError
from distill.training.config import VQVAEConfig, default_minutes, get_adaptive_vqvae_config


@pytest.mark.parametrize(("files", "size"), [(1, 64), (20, 64), (21, 128), (100, 128), (101, 256)])
def test_codebooks_grow_with_the_corpus(files: int, size: int) -> None:
    assert get_adaptive_vqvae_config(files).codebook_size == size
    assert get_adaptive_vqvae_config(files, 60.0).codebook_size == size
    assert get_adaptive_vqvae_config(files, codebook_size=32, minutes=None).codebook_size == 32


@pytest.mark.parametrize(("seconds", "size"), [(300.0, 64), (1200.0, 128), (3600.0, 256)])
def test_one_long_recording_has_codebooks_of_its_length(seconds: float, size: int) -> None:
    assert get_adaptive_vqvae_config(1, seconds).codebook_size == size


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


def test_the_time_grows_with_the_corpus_up_to_an_hour() -> None:
    minutes = [default_minutes(seconds) for seconds in (1, 900, 3600, 1e6)]
    assert minutes == sorted(minutes)
    assert minutes[0] >= 10
    assert minutes[1] < minutes[2] == minutes[3] == 60
