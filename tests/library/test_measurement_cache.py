"""Measurements that are kept in the cache."""

from pathlib import Path

import pytest

from distill.errors import ModelFileError
from distill.library.measurement_cache import keep_facts, measurement_path, read_facts
from distill.library.workspace import open_workspace


def test_facts_are_kept_until_the_model_is_another(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    model = tmp_path / "a.sda"
    model.write_bytes(b"one")
    place = measurement_path(workspace, "curves", "ab" * 32, model)
    assert read_facts(place) is None
    keep_facts(place, {"frame_rate": 46.875})
    assert read_facts(measurement_path(workspace, "curves", "ab" * 32, model)) == {
        "frame_rate": 46.875
    }
    place.write_bytes(b"{")
    assert read_facts(place) is None
    model.write_bytes(b"another")
    assert measurement_path(workspace, "curves", "ab" * 32, model) != place
    assert measurement_path(workspace, "sources", "ab" * 32, model) != place
    alone = measurement_path(workspace, "curves", "ab" * 32)
    keep_facts(alone, {})
    assert measurement_path(workspace, "curves", "ab" * 32, model) != alone
    model.unlink()
    assert read_facts(measurement_path(workspace, "curves", "ab" * 32)) == {}
    with pytest.raises(ModelFileError, match=r"a\.sda"):
        measurement_path(workspace, "curves", "ab" * 32, model)
