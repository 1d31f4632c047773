"""`distill documents`, and `distill edit` on a document."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.inference.codes.file import load_codes, save_codes
from distill.inference.codes.grid import CodeGrid
from distill.library.documents import create_document, open_document
from distill.library.workspace import open_workspace
from tests.library.makers import keep


@pytest.fixture(autouse=True)
def _own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path / "studio"))


@pytest.fixture
def grid(new_grid: Callable[..., CodeGrid]) -> CodeGrid:
    return new_grid(T=12)


@pytest.fixture
def document_id(grid: CodeGrid) -> str:
    return create_document(open_workspace(), grid, name="dialogue").id


def test_a_document_from_a_codes_file_to_a_codes_file(run, grid: CodeGrid, tmp_path: Path) -> None:
    save_codes(tmp_path / "a.json", grid)
    made = json.loads(run("documents", "new", "a.json", "--name", "mine", "--json").stdout)
    assert (made["name"], made["frames"], made["revision"]) == ("mine", 12, 0)

    edited = run("edit", "reverse", "mine", "--to", "4f", "--json")
    facts = json.loads(edited.stdout)
    assert (facts["document"], facts["revision"], facts["kept"]) == (made["id"], 1, True)
    assert (facts["path"], facts["frames"]) == (None, 12)
    assert facts["steps"][0]["changed_frames"] == [0, 4]

    (tmp_path / "edits.txt").write_text("cut --to 2f\nrepeat\n")
    assert run("edit", "run", made["id"], "--script", "edits.txt").exit_code == 0
    shown = json.loads(run("documents", "show", "mine", "--json").stdout)
    lines = [edit["line"] for edit in shown["edits"]]
    assert lines == ["reverse --to 4f", "cut --to 2f", "repeat"]
    assert (shown["undo"], shown["redo"], shown["revision"]) == ("repeat", None, 2)

    undone = json.loads(run("documents", "undo", "mine", "--json").stdout)
    assert (undone["line"], undone["changed"], undone["redo"]) == ("repeat", [10, 10], "repeat")
    assert "(repeat)" in run("documents", "show", "mine").stderr
    assert run("documents", "script", "mine").stdout == "reverse --to 4f\ncut --to 2f\n"
    assert run("documents", "export", "mine", "-o", "now.json.gz").exit_code == 0
    script = run("documents", "script", "mine").stdout
    (tmp_path / "edits.txt").write_text(script)
    assert run("edit", "run", "a.json", "--script", "edits.txt", "-o", "b.json").exit_code == 0
    assert load_codes(tmp_path / "b.json") == load_codes(tmp_path / "now.json.gz")

    assert json.loads(run("documents", "redo", "mine", "--json").stdout)["cursor"] == 3
    assert run("documents", "rename", "mine", "yours").exit_code == 0
    listed = json.loads(run("documents", "list", "--json").stdout)
    assert [entry["name"] for entry in listed["documents"]] == ["yours"]


def test_with_an_output_the_document_stays(
    run, document_id: str, grid: CodeGrid, tmp_path: Path
) -> None:
    tried = run("edit", "cut", document_id, "--to", "2f", "-o", "tried.json", "--json")
    assert (tried.exit_code, json.loads(tried.stdout)["kept"]) == (0, False)
    assert len(load_codes(tmp_path / "tried.json").codes) == 10
    assert open_document(open_workspace(), document_id).edits == ()


@pytest.mark.parametrize("name", ["nosuch.codes", "nothing", "a" * 300])
def test_with_an_output_neither_file_nor_document_is_an_error_of_codes(
    run, document_id: str, name: str
) -> None:
    result = run("edit", "reverse", name, "-o", "out.json")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert f"no codes file at {name}, and no document has that name" in result.stderr


def test_with_an_output_no_workspace_is_needed(run, grid: CodeGrid, tmp_path: Path) -> None:
    save_codes(tmp_path / "a.codes", grid)
    (tmp_path / "none.txt").write_text("x")
    bad = {"DISTILL_WORKSPACE": str(tmp_path / "none.txt")}
    assert run("edit", "cut", "a.codes", "--to", "2f", "-o", "out.json", **bad).exit_code == 0
    assert len(load_codes(tmp_path / "out.json").codes) == 10
    result = run("edit", "reverse", "nosuch.codes", "-o", "other.json", **bad)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "There is no codes file at nosuch.codes" in result.stderr
    assert "is no folder" in run("edit", "reverse", "nosuch.codes", **bad).stderr


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("edit reverse nothing", "no document 'nothing'"),
        (f"edit reverse {'a' * 300}", "no document 'aaa"),
        (f"edit swap dialogue {'a' * 300}", "is no id"),
        (f"edit swap dialogue {'A' * 300}", "AAA cannot be read"),
        ("edit reverse none.json", "Name the codes file to write"),
        ("edit cut dialogue", "nothing of the sound"),
        ("edit heal none.sda dialogue", "none.sda"),
        ("edit swap dialogue ../x.json", "no codes file at ../x.json"),
        ("documents new none.json", "no codes file at none.json"),
        ("documents show nothing", "no document 'nothing'"),
        ("documents undo dialogue", "nothing to undo"),
        ("documents redo dialogue", "nothing to redo"),
        ("documents undo ../../x", "no document"),
        ("documents export dialogue -o out.wav", ".json"),
        ("documents rename dialogue --workspace none.txt x", "is no folder"),
    ],
)
def test_one_sentence(run, document_id: str, tmp_path: Path, words: str, part: str) -> None:
    (tmp_path / "none.txt").write_text("x")
    result = run(*words.split())
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith("Error: ")
    assert part in result.stderr
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)
    assert open_document(open_workspace(), document_id).revision == 0


def test_a_document_is_found_in_the_workspace_that_is_named(
    run, grid: CodeGrid, tmp_path: Path
) -> None:
    other = open_workspace(tmp_path / "other")
    document = create_document(other, grid, name="elsewhere")
    named = ("--workspace", "other")
    (tmp_path / "edits.txt").write_text("repeat\n")
    assert run("edit", "reverse", "elsewhere", *named).exit_code == 0
    assert run("edit", "run", "elsewhere", "--script", "edits.txt", *named).exit_code == 0
    assert len(open_document(other, document.id).edits) == 2
    facts = json.loads(run("codes", "elsewhere", *named, "--json").stdout)
    assert facts["frames"] == 24
    for words in (("edit", "reverse", "elsewhere"), ("codes", "elsewhere")):
        refused = run(*words)
        assert (refused.exit_code != 0, refused.stderr.count("\n")) == (True, 1)


def test_a_generated_sound_becomes_a_document_by_its_name(run, tmp_path: Path) -> None:
    render = keep(open_workspace(), tmp_path / "rain.wav")
    made = json.loads(run("documents", "new", "rain", "--json").stdout)
    assert made["name"] == "rain"
    assert render.codes is not None
    assert made["frames"] == len(load_codes(render.codes).codes)


def test_a_deleted_document_comes_back_by_the_line_that_is_printed(run, document_id: str) -> None:
    line = run("documents", "delete", "dialogue").stderr
    assert line == f"Deleted: dialogue. `distill documents restore {document_id}` brings it back.\n"
    assert (
        json.loads(run("documents", "restore", document_id, "--json").stdout)["id"] == document_id
    )
    refused = run("documents", "restore", document_id)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
