"""Deleting folders: to the bin of the system, or for good."""

import subprocess
import sys
from pathlib import Path

import pytest

from distill.errors import OutputError
from distill.library.folder_bin import delete_folder

CODE = """
import sys
from pathlib import Path
from distill.library.folder_bin import delete_folder
delete_folder(Path(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the bin of freedesktop.org")
def test_a_folder_goes_to_the_bin_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "document"
    folder.mkdir()
    (folder / "a").write_text("x")
    # The bin is found when the module loads.
    environment = {"XDG_DATA_HOME": str(tmp_path / "data"), "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", CODE, str(folder)], check=True, env=environment)
    assert not folder.exists()
    assert (tmp_path / "data" / "Trash" / "files" / "document" / "a").read_text() == "x"


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    for for_good in (False, True):
        with pytest.raises(OutputError, match=r"Cannot delete .*none"):
            delete_folder(tmp_path / "none", for_good)
