"""A lock is free again whatever happened inside."""

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.library.change_lock import change_lock
from distill.library.workspace import Workspace, open_workspace


def test_a_lock_is_free_after_an_error(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    with pytest.raises(ValueError, match="inside"), change_lock(workspace, "a"):
        raise ValueError("inside")
    with change_lock(workspace, "a"), change_lock(workspace, "b"):
        pass


def test_a_workspace_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(UsageError, match="is no folder"),
        change_lock(Workspace(root=tmp_path / "file"), "a"),
    ):
        pass
