import json
from pathlib import Path

import pytest

from distill.cli.library_lines import say_deleted
from distill.library.bin import Deleted

DELETED = Deleted(
    kind="model", id="m-1", name="voices", deleted_at=0.0, paths=(Path("models/voices.sda"),)
)


@pytest.mark.parametrize("for_good", [False, True])
def test_what_is_deleted_says_how_it_comes_back(
    capfd: pytest.CaptureFixture[str], for_good: bool
) -> None:
    say_deleted(DELETED, "models", for_good, json=False)
    back = "" if for_good else " `distill models restore m-1` brings it back."
    assert capfd.readouterr().err == f"Deleted: voices.{back}\n"
    say_deleted(DELETED, "models", for_good, json=True)
    output = capfd.readouterr()
    assert output.err == ""
    assert json.loads(output.out)["id"] == "m-1"
