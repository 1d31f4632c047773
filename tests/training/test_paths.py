"""Where the files of a training lie."""

from pathlib import Path

from distill.training.paths import checkpoint_path


def test_it_lies_beside_the_model() -> None:
    assert checkpoint_path(Path("a/my.sda")) == Path("a/my.sda.train.ckpt")
    assert checkpoint_path(Path("a/my.sda"), "prior") == Path("a/my.sda.prior.ckpt")


def test_a_path_without_a_name_has_a_checkpoint_as_well() -> None:
    assert checkpoint_path(Path(".")).name == ".train.ckpt"
