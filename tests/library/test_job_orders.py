"""`job.json` comes back as it was written; what is damaged or newer is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import distill
from distill.errors import UsageError
from distill.library.job_kinds import ScanArguments
from distill.library.job_orders import (
    VERSION,
    arguments_of,
    job_ids,
    make_job_folder,
    new_order,
    read_order,
    write_order,
)
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def test_an_order_comes_back(workspace: Workspace) -> None:
    arguments = ScanArguments(sounds="/klänge/\udcff")
    order = new_order("scan", arguments)
    write_order(make_job_folder(workspace, order.id), order)
    assert read_order(workspace, order.id) == order
    assert arguments_of(order) == arguments
    assert order.distill == distill.__version__


def test_keys_that_nobody_knows_are_kept(workspace: Workspace) -> None:
    order = new_order("scan", ScanArguments(sounds="/sounds"))
    folder = make_job_folder(workspace, order.id)
    write_order(folder, order)
    content = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps(content | {"colour": "blue"}))
    write_order(folder, replace(order, title="other"))
    written = json.loads((folder / "job.json").read_text())
    assert (written["colour"], written["title"]) == ("blue", "other")


def test_ids_come_newest_first_and_other_names_are_none(workspace: Workspace) -> None:
    assert job_ids(workspace) == []
    for name in ("20260101-000000-aaaaaa", "20260102-000000-aaaaaa", ".DS_Store", "A b"):
        (workspace.jobs / name).mkdir(parents=True)
    assert job_ids(workspace) == ["20260102-000000-aaaaaa", "20260101-000000-aaaaaa"]


@pytest.mark.parametrize("job_id", ["../../etc", "/etc/passwd", "..", "", "a/b", "A", "x\x00"])
def test_a_path_is_no_id(workspace: Workspace, job_id: str) -> None:
    with pytest.raises(UsageError, match="no id"):
        read_order(workspace, job_id)


def test_an_unknown_id_is_named(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="no job 'nothing'"):
        read_order(workspace, "nothing")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "\x00" * 20,
        '{"version": "1"}',
        '{"version": 1}',
        '{"version": 1, "id": "a", "kind": "scan"}',
        "[" * 100_000,
    ],
)
def test_a_damaged_order_is_named(workspace: Workspace, content: str) -> None:
    (make_job_folder(workspace, "a") / "job.json").write_text(content)
    with pytest.raises(UsageError, match=r"job.json is damaged"):
        read_order(workspace, "a")


def test_the_order_of_another_job_is_damage(workspace: Workspace) -> None:
    order = new_order("scan", ScanArguments(sounds="/sounds"))
    write_order(make_job_folder(workspace, "other"), order)
    with pytest.raises(UsageError, match="damaged"):
        read_order(workspace, "other")


def test_a_newer_order_is_refused_and_left_alone(workspace: Workspace) -> None:
    path = make_job_folder(workspace, "a") / "job.json"
    path.write_text(json.dumps({"version": VERSION + 1}))
    with pytest.raises(UsageError, match="newer Distill"):
        read_order(workspace, "a")
    assert json.loads(path.read_text()) == {"version": VERSION + 1}
