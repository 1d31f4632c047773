from pathlib import Path

import numpy as np
import pytest

from distill.inference.codes.usage import count_codes, perplexity, read_codebook_usage
from distill.models.persistence import load_model_v2, save_model_v2


def test_counts() -> None:
    codes, counts = count_codes(np.array([3, 7, 1, 7, 3, 1 << 19, 7]))
    assert codes.tolist() == [7, 3, 1, 1 << 19]
    assert counts.tolist() == [3, 2, 1, 1]


@pytest.mark.parametrize(
    ("counts", "expected"), [([5, 5, 5, 5], 4), ([7, 0, 0], 1), ([0, 0], 1), ([1, 1, 2], 2**1.5)]
)
def test_perplexity(counts: list[int], expected: float) -> None:
    assert perplexity(np.array(counts)) == pytest.approx(expected)


def test_what_training_counted(trained: Path) -> None:
    use = read_codebook_usage(trained)
    metadata = load_model_v2(trained).metadata
    assert use.level_names == ("Structure", "Timbre", "Detail")
    for counts, level in zip(use.counts, metadata["level_health"], strict=True):
        assert counts is not None
        assert int((counts == 0).sum()) == level["dead_codes"]
        assert perplexity(counts) == pytest.approx(level["perplexity"])


def test_older_models_say_what_they_know(trained: Path, tmp_path: Path) -> None:
    loaded = load_model_v2(trained)
    metadata = {key: value for key, value in loaded.metadata.items() if key != "code_counts"}
    use = read_codebook_usage(save_model_v2(tmp_path / "older.sda", loaded.model, metadata))
    assert use.counts == (None, None, None)
    assert list(use.health) == metadata["level_health"]
