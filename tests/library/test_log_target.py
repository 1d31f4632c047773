import os
from pathlib import Path

import pytest

from distill.errors import OutputError, UsageError
from distill.library import log_target
from distill.library.log_target import absolute_log, check_log


def test_a_target_names_a_folder_which_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert check_log("tensorboard=runs/a=b") == Path("runs/a=b")
    assert Path("runs/a=b").is_dir()
    assert absolute_log("tensorboard=runs") == f"tensorboard={os.path.abspath('runs')}"
    assert absolute_log("") == ""


@pytest.mark.parametrize("text", ["runs", "tensorboard", "tensorboard=", "wandb=runs"])
def test_other_targets_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="tensorboard=FOLDER"):
        check_log(text)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(OutputError, match="Cannot make the folder"):
        check_log(f"tensorboard={tmp_path / 'runs'}")


def test_without_tensorboard_a_sentence_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_target, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'distill\[tensorboard\]'"):
        check_log("tensorboard=runs")
    assert not Path("runs").exists()
