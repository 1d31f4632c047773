"""Checkpoints: written whole, read by the version that wrote them."""

from pathlib import Path

import pytest
import torch

from distill.errors import CheckpointError
from distill.training.checkpoint import VERSION, checkpoint_path, load_checkpoint, save_checkpoint


def test_it_lies_beside_the_model() -> None:
    assert checkpoint_path(Path("a/my.sda")) == Path("a/my.sda.train.ckpt")
    assert checkpoint_path(Path("a/my.sda"), "prior") == Path("a/my.sda.prior.ckpt")


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    save_checkpoint(path, {"step": 3, "weights": {"a": torch.arange(4)}, "names": ["x"]})
    state = load_checkpoint(path)
    assert (state["step"], state["names"]) == (3, ["x"])
    assert torch.equal(state["weights"]["a"], torch.arange(4))


def test_none_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        load_checkpoint(tmp_path / "a.ckpt")


def test_damage_is_said_to_be_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    save_checkpoint(path, {"step": 3})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "contents", [[1, 2], {"step": 3}, {"format": "distill.checkpoint", "version": VERSION - 1}]
)
def test_other_files_are_refused(tmp_path: Path, contents: object) -> None:
    path = tmp_path / "a.ckpt"
    torch.save(contents, path)
    with pytest.raises(CheckpointError, match="no checkpoint of this version"):
        load_checkpoint(path)
