"""Checkpoints: written whole, read by the version that wrote them."""

from pathlib import Path

import pytest
import torch

from distill.errors import CheckpointError
from distill.training.checkpoint import (
    VERSION,
    discard_checkpoint,
    load_checkpoint,
    load_optimizer,
    restoring,
    save_checkpoint,
)


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


def test_a_flipped_bit_in_weights_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    save_checkpoint(path, {"weights": torch.zeros(1000)})
    content = bytearray(path.read_bytes())
    content[content.index(bytes(4000)) + 77] ^= 4
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


def test_more_than_data_is_refused_before_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    torch.save({"format": "distill.checkpoint", "weights": bytearray(9)}, path)
    with pytest.raises(CheckpointError, match="which Distill never writes"):
        load_checkpoint(path)


@pytest.mark.parametrize("state", [{}, {"step": "three"}, {"step": 2**70}])
def test_absent_and_wrong_entries_are_named(tmp_path: Path, state: dict[str, object]) -> None:
    path = tmp_path / "a.ckpt"
    save_checkpoint(path, state)
    with pytest.raises(CheckpointError, match=r"no usable 'checkpoint\.step'"):
        load_checkpoint(path, {"step": int})


def test_what_does_not_fit_is_damage() -> None:
    network = torch.nn.Linear(3, 2)
    with pytest.raises(CheckpointError, match="damaged"), restoring(Path("a.ckpt")):
        network.load_state_dict({"weight": torch.zeros(9, 9)})


def test_the_state_of_another_optimiser_is_refused() -> None:
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(3)).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    load_optimizer(optimizer, state)

    groups = state["param_groups"]
    for wrong in (
        state | {"param_groups": [groups[0] | {"lr": "fast"}]},
        state | {"param_groups": [groups[0] | {"params": [0]}]},
        state | {"state": {0: state["state"][0] | {"exp_avg": torch.zeros(4)}}},
        state | {"state": {0: state["state"][0] | {"exp_avg": 3}}},
    ):
        with pytest.raises(ValueError, match="optimiser"):
            load_optimizer(optimizer, wrong)


def test_a_folder_in_its_place_is_damage(tmp_path: Path) -> None:
    (tmp_path / "a.ckpt").mkdir()
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path / "a.ckpt")


def test_one_that_cannot_be_deleted_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.ckpt"
    discard_checkpoint(path)
    path.touch()
    discard_checkpoint(path)
    assert not path.exists()
    assert caplog.messages == []
    # A folder cannot be deleted as a file can, by whoever runs the tests.
    path.mkdir()
    discard_checkpoint(path)
    (message,) = caplog.messages
    assert message.startswith(f"Cannot delete {path} (")
    assert message.endswith("): it is of no more use, delete it by hand.")
