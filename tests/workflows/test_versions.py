"""Names and checks of versions; training itself is in `tests/training/codec/test_lineage.py`."""

from pathlib import Path

import pytest

import distill
from distill.errors import NoPriorError, UsageError
from distill.models.persistence import load_model_v2, save_model_v2
from distill.workflows.train import prior_size
from distill.workflows.versions import check_continuation, next_version_path


def test_versions_are_named_by_their_number(codec_only: Path, tmp_path: Path) -> None:
    assert next_version_path(codec_only) == Path("codec-v2.sda")
    for name, version in (("voices-v2", 2), ("voices", 2), ("voices-v7", 2)):
        save_model_v2(
            tmp_path / f"{name}.sda", load_model_v2(codec_only).model, {"version": version}
        )
    assert next_version_path(tmp_path / "voices-v2.sda") == Path("voices-v3.sda")
    assert next_version_path(tmp_path / "voices.sda") == Path("voices-v3.sda")
    assert next_version_path(tmp_path / "voices-v7.sda") == Path("voices-v7-v3.sda")


def test_a_version_has_the_settings_of_its_codes(codec_only: Path, tmp_path: Path) -> None:
    fixed = check_continuation(codec_only, tmp_path / "v2.sda", {"codebook_size": 32})
    assert fixed == {"codebook_size": 32, "num_quantizers": 3, "channels": 1, "hidden_size": 48}


def test_a_prior_that_learns_on_keeps_its_size(
    trained: Path, codec_only: Path, corpus_dir: Path
) -> None:
    assert prior_size(trained, None, {}) == {}
    assert prior_size(trained, False, {"hidden_size": 64}) == {}
    size = {"hidden_size": 32, "num_layers": 2, "num_heads": 2}
    assert prior_size(trained, True, {"num_layers": 2}) == size
    with pytest.raises(UsageError, match=r"^--hidden-size stays 32 in a prior that learns on"):
        distill.train_prior(trained, corpus_dir, learns_on=True, hidden_size=64)
    with pytest.raises(NoPriorError, match="has no prior that could learn on"):
        distill.train_prior(codec_only, corpus_dir, learns_on=True)
