import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.inference.codes.file import load_codes
from distill.library.records import RecordError, write_record
from distill.library.render_places import record_path
from distill.library.render_table import MOST_WORDS, RenderQuery
from distill.library.renders import (
    add_render,
    change_render,
    delete_render,
    file_state,
    find_renders,
    load_render,
    resolve_render,
    restore_render,
)
from distill.library.workspace import Workspace, open_workspace
from tests.library.makers import grid, keep, write_sound


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def ids(workspace: Workspace, query: RenderQuery | None = None) -> list[str]:
    return [row.id for row in find_renders(workspace, query).rows]


# --- keep -----------------------------------------------------------------------------------------


def test_codes_lie_beside_a_sound_of_the_workspace(workspace: Workspace) -> None:
    path = workspace.renders / "2026-11-29" / "new.wav"
    render = keep(workspace, path)
    assert render.codes == path.with_name("new.codes.json.gz")
    assert load_codes(render.codes).codes.tolist() == grid(7).codes.tolist()
    assert load_render(workspace, render.id) == render
    assert file_state(render).is_same


def test_a_folder_of_others_gets_nothing_unasked(workspace: Workspace, tmp_path: Path) -> None:
    render = keep(workspace, tmp_path / "mine" / "new.wav")
    assert os.listdir(tmp_path / "mine") == ["new.wav"]
    assert render.codes is not None
    assert render.codes.is_relative_to(workspace.hidden)
    assert load_codes(render.codes).n_samples == 4800


def test_the_workspace_may_be_moved(workspace: Workspace, tmp_path: Path) -> None:
    inside = keep(workspace, workspace.renders / "day" / "in.wav")
    outside = keep(workspace, tmp_path / "out.wav")
    moved = open_workspace(shutil.move(workspace.root, tmp_path / "moved"))
    assert load_render(moved, inside.id).path == moved.renders / "day" / "in.wav"
    assert file_state(load_render(moved, inside.id)).is_same
    assert load_render(moved, outside.id).path == tmp_path / "out.wav"


@pytest.mark.parametrize("place", ["renders/day/new.wav", "../outside.wav"])
def test_a_sound_that_is_written_over_stays_in_the_history(
    workspace: Workspace, place: str
) -> None:
    path = workspace.root / place
    first = keep(workspace, path, seed=1)
    second = keep(workspace, path, seed=2)
    rows = {row.id: row for row in find_renders(workspace).rows}
    assert rows[first.id].replaced
    assert not rows[second.id].replaced
    for render, seed in ((first, 1), (second, 2)):
        codes = load_render(workspace, render.id).codes
        assert codes is not None
        assert load_codes(codes) == grid(seed)
    # The file is that of the second one: deleting the first leaves it.
    delete_render(workspace, first.id)
    assert file_state(second).is_same
    assert ids(workspace) == [second.id]


def test_sounds_of_one_name_have_codes_of_their_own(workspace: Workspace) -> None:
    day = workspace.renders / "2026-11-29"
    first = keep(workspace, day / "x.wav", seed=1)
    second = keep(workspace, day / "x.flac", seed=2)
    again = keep(workspace, day / "x.flac", seed=3)
    for render, seed in ((first, 1), (second, 2), (again, 3)):
        codes = load_render(workspace, render.id).codes
        assert codes is not None
        assert load_codes(codes) == grid(seed)
    delete_render(workspace, second.id)
    delete_render(workspace, again.id)
    assert first.codes is not None
    assert load_codes(first.codes) == grid(1)


def test_codes_of_a_person_stay(workspace: Workspace) -> None:
    theirs = workspace.renders / "x.codes.json.gz"
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_text("precious")
    render = keep(workspace, workspace.renders / "x.wav")
    assert theirs.read_text() == "precious"
    assert render.codes is not None
    assert load_codes(render.codes) == grid(7)
    delete_render(workspace, render.id)
    assert theirs.read_text() == "precious"


def test_codes_that_another_render_names_stay(workspace: Workspace) -> None:
    first = keep(workspace, workspace.renders / "x.wav")
    second = keep(workspace, workspace.renders / "x.flac")
    assert first.codes is not None
    path = record_path(workspace, second.id)
    entries = json.loads(path.read_text())
    entries["codes"] = json.loads(record_path(workspace, first.id).read_text())["codes"]
    write_record(path, entries)
    assert load_render(workspace, second.id).codes == first.codes
    delete_render(workspace, second.id)
    assert load_codes(first.codes) == grid(7)
    delete_render(workspace, first.id)
    assert not first.codes.exists()


# --- find -----------------------------------------------------------------------------------------


def test_queries(workspace: Workspace, tmp_path: Path) -> None:
    kick = keep(workspace, tmp_path / "kick.wav", seed=1, heard=("drums/kick 3.wav",))
    loop = keep(workspace, tmp_path / "loop.wav", seed=2, recipe={"way": {"kind": "loop"}})
    other = keep(
        workspace,
        tmp_path / "other.wav",
        seed=3,
        model_name="100 % voices",
        copy=None,
        recipe={"model_id": "0b" * 16, "model_hash": "ff" * 32},
    )
    change_render(workspace, loop.id, starred=True, name="Große Schleife", notes="for the end")
    assert ids(workspace) == [other.id, loop.id, kick.id]
    for query, expected in (
        (RenderQuery(text="kick 3"), [kick]),
        (RenderQuery(text="END schleife"), [loop]),
        (RenderQuery(text="GROSSE"), [loop]),
        (RenderQuery(text="100 %"), [other]),
        (RenderQuery(text="%"), [other]),
        (RenderQuery(text="end hihat"), []),
        (RenderQuery(model="0b0b"), [other]),
        (RenderQuery(model="ffff"), [other]),
        (RenderQuery(model="voices"), [other]),
        (RenderQuery(way="loop"), [loop]),
        (RenderQuery(seed=3), [other]),
        (RenderQuery(seed=1 << 70), []),
        (RenderQuery(most_copy=1.5), [kick]),
        (RenderQuery(starred=True), [loop]),
        (RenderQuery(since="2999-01-01"), []),
        (RenderQuery(until="1999-01-01T12:00"), []),
        (RenderQuery(path=tmp_path / "kick.wav"), [kick]),
        (RenderQuery(before=kick.id), []),
        (RenderQuery(before=loop.id), [kick]),
    ):
        assert ids(workspace, query) == [render.id for render in expected], query
    today = RenderQuery(since="2020-01-01", until="2998-01-01")
    assert find_renders(workspace, today, limit=1).total == 3
    assert len(find_renders(workspace, today, limit=1).rows) == 1


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "29.11.2026", "\x00", "9" * 400])
def test_what_is_no_day(workspace: Workspace, day: str) -> None:
    with pytest.raises(UsageError, match=r"--since takes a day"):
        find_renders(workspace, RenderQuery(since=day))
    with pytest.raises(UsageError, match=r"--until takes a day"):
        find_renders(workspace, RenderQuery(until=day))


@pytest.mark.parametrize("text", ["a " * 51, "a " * 1200, "a" * 60_000])
def test_a_search_has_a_limit(workspace: Workspace, tmp_path: Path, text: str) -> None:
    keep(workspace, tmp_path / "a.wav")
    assert len(ids(workspace, RenderQuery(text="a " * 50))) == 1
    with pytest.raises(UsageError, match="at most 50 words"):
        find_renders(workspace, RenderQuery(text=text))
    for query in (RenderQuery(model=text), RenderQuery(id_or_title=text)):
        with pytest.raises(UsageError, match="at most 50 words"):
            find_renders(workspace, query)


def test_what_a_person_calls_it(workspace: Workspace, tmp_path: Path) -> None:
    first = keep(workspace, tmp_path / "a.wav")
    second = keep(workspace, tmp_path / "b" / "a.wav")
    change_render(workspace, second.id, name="best")
    assert resolve_render(workspace, first.id) == first.id
    assert resolve_render(workspace, first.id[-6:]) == first.id
    assert resolve_render(workspace, "last") == second.id
    assert resolve_render(workspace, "best") == second.id
    with pytest.raises(UsageError, match="one of several renders"):
        resolve_render(workspace, "a.wav")
    for text in ("none", "../a", "", "\udcff", "%"):
        with pytest.raises(UsageError, match="There is no render"):
            resolve_render(workspace, text)


def test_an_unknown_id(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="There is no render 20260101-000000-abcdef"):
        load_render(workspace, "20260101-000000-abcdef")
    with pytest.raises(UsageError, match="no id"):
        load_render(workspace, "../../secret")


def test_damaged_records_are_skipped_with_a_sentence(workspace: Workspace, tmp_path: Path) -> None:
    good = keep(workspace, tmp_path / "a.wav")
    bad = keep(workspace, tmp_path / "b.wav")
    newer = keep(workspace, tmp_path / "c.wav")
    record_path(workspace, bad.id).write_text("{")
    record_path(workspace, newer.id).write_text('{"version": 99}')
    found = find_renders(workspace)
    assert [row.id for row in found.rows] == [good.id]
    assert sorted(problem.split("/")[-1].split(" ")[0] for problem in found.problems)
    assert any("is damaged" in problem for problem in found.problems)
    assert any("newer Distill" in problem for problem in found.problems)
    with pytest.raises(RecordError, match="damaged"):
        load_render(workspace, bad.id)
    with pytest.raises(RecordError, match="newer"):
        change_render(workspace, newer.id, starred=True)
    assert record_path(workspace, newer.id).read_text() == '{"version": 99}'


def test_folders_and_files_of_others_are_no_records(workspace: Workspace, tmp_path: Path) -> None:
    render = keep(workspace, tmp_path / "a.wav")
    records = record_path(workspace, render.id).parent
    for folder in (b"bad\xff", b"notes", "\u0662".encode() * 8):
        try:
            os.mkdir(os.path.join(os.fsencode(workspace.render_records), folder))
        except OSError:
            pytest.skip("the disk takes no such names")
    for name in (b"bad\xff.json", b"A note.json"):
        Path(os.fsdecode(os.path.join(os.fsencode(records), name))).write_text("{")
    found = find_renders(workspace)
    assert [row.id for row in found.rows] == [render.id]
    assert found.problems == []


def test_the_index_may_be_deleted(workspace: Workspace, tmp_path: Path) -> None:
    renders = [keep(workspace, tmp_path / f"{number}.wav") for number in range(3)]
    change_render(workspace, renders[0].id, starred=True)
    before = find_renders(workspace)
    workspace.index.unlink()
    assert find_renders(workspace) == before


# --- change ---------------------------------------------------------------------------------------


def test_entries_of_others_stay(workspace: Workspace, tmp_path: Path) -> None:
    render = keep(workspace, tmp_path / "a.wav")
    path = record_path(workspace, render.id)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"colour": "red"}))
    changed = change_render(workspace, render.id, starred=True, notes="good")
    assert json.loads(path.read_text())["colour"] == "red"
    assert load_render(workspace, render.id) == changed
    assert find_renders(workspace).rows[0].starred


@pytest.mark.parametrize("changes", [{"name": "x" * 201}, {"notes": "x" * 10_001}])
def test_long_texts_are_refused(
    workspace: Workspace, tmp_path: Path, changes: dict[str, str]
) -> None:
    render = keep(workspace, tmp_path / "a.wav")
    with pytest.raises(UsageError, match="characters"):
        change_render(workspace, render.id, **changes)
    assert load_render(workspace, render.id) == render


# --- delete ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["renders/day/new.wav", "../outside.wav"])
def test_a_render_goes_to_the_bin_and_comes_back(workspace: Workspace, place: str) -> None:
    render = keep(workspace, workspace.root / place)
    assert render.codes is not None
    delete_render(workspace, render.id)
    assert ids(workspace) == []
    assert not render.path.exists()
    assert not render.codes.exists()
    assert restore_render(workspace, render.id) == render
    assert ids(workspace) == [render.id]
    assert file_state(render).is_same
    assert load_codes(render.codes) == grid(7)


def test_a_sound_may_be_forgotten_alone(workspace: Workspace, tmp_path: Path) -> None:
    render = keep(workspace, tmp_path / "a.wav")
    delete_render(workspace, render.id, keep_sound=True)
    assert file_state(render).is_same
    assert ids(workspace) == []


def test_a_sound_that_was_changed_stays(workspace: Workspace, tmp_path: Path) -> None:
    render = keep(workspace, tmp_path / "a.wav")
    write_sound(render.path, seed=99)
    assert file_state(render).exists
    assert not file_state(render).is_same
    delete_render(workspace, render.id)
    assert render.path.exists()


def test_a_record_does_not_delete_files_of_others(workspace: Workspace, tmp_path: Path) -> None:
    render = keep(workspace, tmp_path / "a.wav")
    for victim in (tmp_path / "thesis.txt", tmp_path / "b.codes.json.gz"):
        victim.write_text("precious")
        path = record_path(workspace, render.id)
        entries = json.loads(path.read_text())
        entries["codes"] = f"../{victim.name}"
        entries["path"] = str(victim)
        path.write_text(json.dumps(entries))
        delete_render(workspace, render.id)
        assert victim.read_text() == "precious"
        restore_render(workspace, render.id)


def test_a_sound_that_is_gone_can_be_deleted(workspace: Workspace, tmp_path: Path) -> None:
    render = keep(workspace, tmp_path / "a.wav")
    render.path.unlink()
    assert not file_state(render).exists
    delete_render(workspace, render.id)
    assert ids(workspace) == []


# --- any record -----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


ENTRIES = ["id", "path", "made", "recipe", "copy", "timing", "heard", "seed", "name", "codes"]
ENTRIES += ["version", "starred", "duration_s", "bytes", "colour", "source_path"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(changes=st.dictionaries(st.sampled_from(ENTRIES), JSON, min_size=1))
def test_any_entries_give_a_render_or_a_sentence(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    workspace = open_workspace(tmp_path / "any")
    shutil.rmtree(workspace.render_records, ignore_errors=True)
    render = keep(workspace, tmp_path / "a.wav")
    path = record_path(workspace, render.id)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    found = find_renders(workspace)
    assert len(found.rows) + len(found.problems) == 1
    if found.rows:
        loaded = load_render(workspace, render.id)
        assert loaded.seed == render.seed or "recipe" in changes
        change_render(workspace, render.id, notes="still there")
    else:
        with pytest.raises(RecordError):
            load_render(workspace, render.id)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(name=st.text(max_size=200), notes=st.text(max_size=500), starred=st.booleans())
def test_any_texts_come_back_and_are_found(
    tmp_path: Path, name: str, notes: str, starred: bool
) -> None:
    workspace = open_workspace(tmp_path / "texts")
    if not find_renders(workspace).rows:
        keep(workspace, tmp_path / "a.wav")
    (row,) = find_renders(workspace).rows
    changed = change_render(workspace, row.id, name=name, notes=notes, starred=starred)
    assert load_render(workspace, row.id) == changed
    text = " ".join(changed.name.split()[:MOST_WORDS])
    (row,) = find_renders(workspace, RenderQuery(text=text, starred=starred)).rows
    assert row.title == (changed.name or "a")
    assert row.notes == changed.notes


def test_codes_that_cannot_be_written_are_an_error(workspace: Workspace, tmp_path: Path) -> None:
    from distill.errors import CodesFileError

    render = keep(workspace, tmp_path / "a.wav")

    def too_long(place: Path) -> Path:
        raise CodesFileError(f"{place} would be too long")

    with pytest.raises(CodesFileError):
        add_render(workspace, render, too_long)
    assert ids(workspace) == [render.id]
