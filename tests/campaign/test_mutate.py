"""Mutations change their input, and the same draw changes it alike."""

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch

from tests.campaign.archives import (
    join_archive,
    mutate_members,
    mutate_pickle,
    planted,
    split_archive,
)
from tests.campaign.minimise import minimise
from tests.campaign.mutate import mutate_bytes, mutate_json, mutate_value, splice
from tests.campaign.ogg import with_checksums

CONTENT = bytes(range(256)) * 4
TREE = {"a": [1, 2.5, "x"], "b": {"c": None, "d": True}, "t": torch.eye(2)}


@pytest.mark.parametrize("mutate", [mutate_bytes, lambda c, rng: splice(c, c[::-1], rng)])
def test_bytes_are_changed_and_alike_for_one_seed(mutate: Any) -> None:
    first = [mutate(CONTENT, np.random.default_rng(seed)) for seed in range(40)]
    again = [mutate(CONTENT, np.random.default_rng(seed)) for seed in range(40)]
    assert first == again
    assert sum(changed != CONTENT for changed in first) >= 38
    assert len(set(first)) >= 38


def test_nothing_can_be_mutated() -> None:
    for seed in range(40):
        mutate_bytes(b"", np.random.default_rng(seed))


def test_values_are_changed_and_the_original_stays() -> None:
    before = repr(TREE)
    changed = [repr(mutate_value(TREE, np.random.default_rng(seed))) for seed in range(60)]
    assert repr(TREE) == before
    assert len(set(changed)) > 30


def test_json_is_broken_in_places_of_values() -> None:
    text = json.dumps({"a": [1, "x"]}).encode()
    changed = {mutate_json(text, np.random.default_rng(seed)) for seed in range(60)}
    assert len(changed) > 20
    assert mutate_json(b"", np.random.default_rng(0)) == b""


@pytest.fixture(scope="module")
def archive() -> bytes:
    file = io.BytesIO()
    torch.save({"weights": torch.arange(9.0), "name": "x"}, file)
    return file.getvalue()


def test_an_archive_in_its_members_is_the_same(archive: bytes) -> None:
    joined = join_archive(split_archive(archive))
    entries = torch.load(io.BytesIO(joined), weights_only=True)
    assert entries["weights"].tolist() == list(range(9))


def test_mutated_archives_have_right_checksums_mostly(archive: bytes, tmp_path: Path) -> None:
    members = split_archive(archive)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        content = mutate_pickle(members, rng, tmp_path / "canary")
        with zipfile.ZipFile(io.BytesIO(content)) as changed:
            assert changed.testzip() is None
        mutate_members(members, rng)
    assert not (tmp_path / "canary").exists()


def test_what_is_planted_would_run(tmp_path: Path) -> None:
    """Else a campaign without a canary would prove nothing."""
    canary = tmp_path / "canary"
    pickle.loads(b"\x80\x02" + planted(canary)[0] + b".")
    assert canary.exists()


def test_checksums_of_ogg_pages_are_those_of_libogg() -> None:
    file = io.BytesIO()
    sf.write(file, np.zeros(4000), 48_000, format="OGG", subtype="VORBIS")
    content = file.getvalue()
    assert with_checksums(content) == content
    changed = content.replace(b"vorbis", b"Vorbis", 1)
    assert with_checksums(changed) != changed


def test_the_smallest_part_with_a_fault_is_found() -> None:
    assert minimise(CONTENT, lambda part: b"\x07" in part and b"\x90" in part, 10.0) in (
        b"\x07\x90",
        b"\x90\x07",
    )


def test_a_search_ends_in_time() -> None:
    assert minimise(CONTENT, lambda part: True, 0.0) == CONTENT
