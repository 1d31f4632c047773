"""Families of models: versions below their parents, whatever their files claim."""

from dataclasses import replace
from pathlib import Path

import pytest

from distill.library.model import Model, Parent, facts_of, model_of
from distill.library.model_families import family_tree, in_families, with_changes
from distill.models.header import read_outline


@pytest.fixture
def model(codec_only: Path) -> Model:
    return model_of(codec_only, "rain.sda", 1, facts_of(read_outline(codec_only)))


def version(model: Model, own_id: str, parent: str = "", number: int = 1) -> Model:
    named = Parent(id=parent, name="", version=number - 1, hash="") if parent else None
    return replace(model, id=own_id, model_id=own_id, parent=named, version=number)


def test_versions_stand_below_their_parents(model: Model) -> None:
    family = [version(model, "c", "b", 3), version(model, "b", "a", 2), version(model, "a")]
    assert [(one.id, depth) for one, depth in family_tree(family)] == [("a", 0), ("b", 1), ("c", 2)]


def test_a_ring_of_parents_has_an_end(model: Model) -> None:
    ring = [version(model, "a", "b"), version(model, "b", "a"), version(model, "c", "c")]
    assert {one.id for one in in_families(ring)} == {"a", "b", "c"}


def test_a_copy_alone_stands_for_its_original(model: Model) -> None:
    copy = replace(version(model, "a"), id="file-1")
    child = version(model, "b", "a", 2)
    assert [(one.id, depth) for one, depth in family_tree([child, copy])] == [
        ("file-1", 0),
        ("b", 1),
    ]
    changed = {one.id: one.change for one in with_changes([child, copy])}
    assert changed["file-1"] is None
    assert changed["b"] is not None
