"""Measurements that are kept in the cache."""

from pathlib import Path

import pytest

from distill.errors import ModelFileError
from distill.library.measured import keep_facts, kept_facts, measured_place
from distill.library.workspace import open_workspace


def test_facts_are_kept_until_the_model_is_another(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    model = tmp_path / "a.sda"
    model.write_bytes(b"one")
    place = measured_place(workspace, "curves", "ab" * 32, model)
    assert kept_facts(place) is None
    keep_facts(place, {"frame_rate": 46.875})
    assert kept_facts(measured_place(workspace, "curves", "ab" * 32, model)) == {
        "frame_rate": 46.875
    }
    place.write_bytes(b"{")
    assert kept_facts(place) is None
    model.write_bytes(b"another")
    assert measured_place(workspace, "curves", "ab" * 32, model) != place
    assert measured_place(workspace, "sources", "ab" * 32, model) != place
    model.unlink()
    with pytest.raises(ModelFileError, match=r"a\.sda"):
        measured_place(workspace, "curves", "ab" * 32, model)
