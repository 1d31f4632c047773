import json
from pathlib import Path

import pytest

from distill.library.records import RecordError
from distill.library.render import VERSION, Render
from distill.library.workspace import open_workspace
from tests.library.makers import RECIPE


def test_a_record_holds_all_of_it(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    render = Render(
        id="a-1",
        path=tmp_path / "renders" / "a.wav",
        made="2026-11-29T04:10:07.000000Z",
        recipe=RECIPE,
        codes=Path("/elsewhere/a.codes.json.gz"),
        model_path=tmp_path / "models" / "a.sda",
        heard=("kick.wav",),
        copy={"passage_percent": 3.5},
        starred=True,
    )
    entries = json.loads(json.dumps(render.entries(workspace)))
    assert entries["version"] == VERSION
    assert entries["path"] == "renders/a.wav"
    assert Render.from_entries(workspace, Path("a-1.json"), entries) == render
    assert (render.seed, render.way, render.copy_percent) == (7, "new", 3.5)
    assert render.title == "a"


def test_a_record_of_few_entries_has_the_defaults(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    entries = {"id": "b", "path": "a.wav", "made": "", "recipe": RECIPE, "other": [1]}
    render = Render.from_entries(workspace, Path("a-1.json"), entries)
    assert render == Render(id="a-1", path=tmp_path / "a.wav", made="", recipe=RECIPE)
    assert render.copy_percent is None


@pytest.mark.parametrize(
    "changes",
    [
        {"path": None},
        {"path": 3},
        {"recipe": {}},
        {"recipe": RECIPE | {"seed": "7"}},
        {"recipe": RECIPE | {"way": []}},
        {"heard": "kick.wav"},
        {"heard": [1]},
        {"starred": 1},
        {"bytes": True},
        {"duration_s": float("inf")},
        {"duration_s": float("nan")},
        {"copy": []},
    ],
)
def test_what_is_no_record(tmp_path: Path, changes: dict[str, object]) -> None:
    workspace = open_workspace(tmp_path)
    entries = {"id": "a-1", "path": "a.wav", "made": "", "recipe": RECIPE} | changes
    with pytest.raises(RecordError, match=r"a-1\.json is damaged"):
        Render.from_entries(workspace, Path("a-1.json"), entries)
