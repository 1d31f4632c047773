"""Codes files: a written grid is read back the same, and every misfit is named."""

import gzip
import json
import math
import os
import tracemalloc
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.errors import CodesFileError, OutputError
from distill.inference.codes.file import OPTIONAL, load_codes, save_codes
from distill.inference.codes.grid import CodeGrid

HOP = 1024

NewGrid = Callable[..., CodeGrid]


@pytest.fixture(scope="session")
def make(new_grid: NewGrid) -> NewGrid:
    """As `new_grid`, with a name that is not ASCII."""
    return partial(new_grid, source="drüm 1.wav")


def edit(path: Path, **changes: Any) -> None:
    """Write the codes file again with other entries; None takes one out."""
    table = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in table.items() if value is not None}))


def refused(path: Path, *words: str) -> None:
    with pytest.raises(CodesFileError) as raised:
        load_codes(path)
    message = str(raised.value)
    assert "\n" not in message
    for word in (str(path), *words):
        assert word in message


def load_or_refuse(path: Path) -> CodeGrid | None:
    try:
        return load_codes(path)
    except CodesFileError as error:
        message = str(error)
    assert str(path) in message
    return None


@pytest.fixture
def path(make: NewGrid, tmp_path: Path) -> Path:
    return save_codes(tmp_path / "hit.json", make())


def test_the_file_says_what_it_is(make: NewGrid, path: Path) -> None:
    table = json.loads(path.read_text())
    assert (table["format"], table["version"]) == ("distill.codes", 1)
    assert table["codes"] == make().codes.tolist()
    assert load_codes(str(path)).codes.dtype == np.int32


def test_compressed_by_name(make: NewGrid, tmp_path: Path) -> None:
    path = save_codes(str(tmp_path / "hit.json.gz"), make())
    assert json.loads(gzip.decompress(path.read_bytes()))["version"] == 1
    assert load_codes(path) == make()
    first = path.read_bytes()
    assert save_codes(path, make()).read_bytes() == first
    renamed = path.rename(tmp_path / "hit.json")
    assert load_codes(renamed) == make()


def test_compact(make: NewGrid, tmp_path: Path) -> None:
    codes = make(T=30 * 47, Q=8, codebook_size=1024)
    assert save_codes(tmp_path / "a.json", codes).stat().st_size < 100_000
    assert save_codes(tmp_path / "a.json.gz", codes).stat().st_size < 50_000


@given(
    T=st.integers(1, 40),
    Q=st.integers(1, 8),
    codebook_size=st.integers(1, 4096),
    seed=st.integers(0, 99),
    spare=st.integers(0, HOP - 1),
    gain=st.floats(min_value=1e-12, max_value=1e6),
    width=st.floats(min_value=0, max_value=1e3),
    texts=st.tuples(*[st.text(alphabet=st.characters(exclude_categories=()), max_size=30)] * 3),
    channels=st.integers(1, 8),
    suffix=st.sampled_from([".json", ".json.gz", ".JSON.GZ", ".codes"]),
    locks=st.integers(0, 4),
)
@settings(max_examples=100, deadline=None)
def test_any_codes_come_back(
    make: NewGrid,
    tmp_path_factory: pytest.TempPathFactory,
    T: int,
    Q: int,
    codebook_size: int,
    seed: int,
    spare: int,
    gain: float,
    width: float,
    texts: tuple[str, str, str],
    channels: int,
    suffix: str,
    locks: int,
) -> None:
    locked = np.random.default_rng(seed).random((T, Q)) < locks / 4
    codes = make(
        T,
        Q,
        codebook_size,
        seed,
        n_samples=T * HOP - spare,
        gain=gain,
        width=width,
        channels=channels,
        locked=locked,
        **dict(zip(("codebook_hash", "model_id", "source"), texts, strict=True)),
    )
    path = save_codes(tmp_path_factory.getbasetemp() / f"any{suffix}", codes)
    assert load_codes(path) == codes


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    refused(path)


@given(data=st.data())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_is_named_or_still_fits(make: NewGrid, tmp_path: Path, data: st.DataObject) -> None:
    path = save_codes(tmp_path / data.draw(st.sampled_from(["x.json", "x.json.gz"])), make())
    damaged = bytearray(path.read_bytes())
    where = data.draw(st.integers(0, len(damaged) - 1))
    if data.draw(st.booleans()):
        damaged[where] ^= data.draw(st.integers(1, 255))
    else:
        del damaged[where:]
    path.write_bytes(damaged)
    codes = load_or_refuse(path)
    assert codes is None or codes.codes.max() < codes.codebook_size


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(name=st.sampled_from([field.name for field in fields(CodeGrid)]), value=json_values)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_entry_may_be_anything(make: NewGrid, tmp_path: Path, name: str, value: Any) -> None:
    path = save_codes(tmp_path / "x.json", make())
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    load_or_refuse(path)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"format": "distill.sda"}, "not a codes file"),
        ({"version": 2}, "newer"),
        ({"version": "1"}, "version"),
        ({"version": None}, "version"),
        ({"gain": math.nan}, "gain"),
        ({"gain": math.inf}, "gain"),
        ({"gain": 0}, "gain"),
        ({"gain": -1.0}, "gain"),
        ({"gain": 10**400}, "gain"),
        ({"codes": [[1, 2, 3], [1, 2]]}, "equal length"),
        ({"codes": [[1, 2, 64]] * 5}, "codes"),
        ({"codes": [[1, 2, -1]] * 5}, "codes"),
        ({"codes": [[1, 2, 3.0]] * 5}, "codes"),
        ({"codes": [[1, 2, True]] * 5}, "codes"),
        ({"codes": [[1, 2, 10**30]] * 5}, "codes"),
        ({"codes": [[1, 2, 3]] * 4}, "n_samples"),
        ({"codes": [[1, 2]] * 5}, "level_names"),
        ({"codes": []}, "at least one"),
        ({"codes": [[], []]}, "at least one"),
        ({"codes": "1 2 3"}, "rows"),
        ({"n_samples": 10**18}, "n_samples"),
        ({"n_samples": 10**11}, "n_samples"),
        ({"n_samples": 5 * HOP + 1}, "n_samples"),
        ({"n_samples": 4 * HOP}, "n_samples"),
        ({"n_samples": 0}, "n_samples"),
        ({"frame_rate": 5e-324}, "frame_rate"),
        ({"frame_rate": 1e300}, "frame_rate"),
        ({"frame_rate": 47.0}, "frame_rate"),
        ({"sample_rate": 10**12}, "sample_rate"),
        ({"channels": 10**6}, "channels"),
        ({"width": -0.1}, "width"),
        ({"width": "wide"}, "width"),
        ({"codebook_size": 10**12}, "codebook_size"),
        ({"level_names": ["a", "b", 3]}, "level_names"),
        ({"level_names": "abc"}, "level_names"),
        ({"source": 3}, "source"),
        ({"locked": 3}, "locked"),
        ({"locked": [[1, 0]]}, "locked"),
        ({"locked": [[1, 0, 2.0]]}, "locked"),
        ({"locked": [[0, 0, 2]]}, "locked"),
        ({"locked": [[4, 0, 2]]}, "locked"),
        ({"locked": [[1, 2, 2]]}, "locked"),
        ({"locked": [[1, 0, 6]]}, "locked"),
        ({"locked": [[1, 0, 2], [1, 1, 3]]}, "locked"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_misfits_are_named(path: Path, changes: dict[str, Any], word: str) -> None:
    edit(path, **changes)
    refused(path, word)


@pytest.mark.parametrize(
    "name", [field.name for field in fields(CodeGrid) if field.name not in OPTIONAL]
)
def test_missing_entries_are_named(path: Path, name: str) -> None:
    edit(path, **{name: None})
    refused(path, f"'{name}'")


def test_files_from_before_stereo_and_locks_load(make: NewGrid, path: Path) -> None:
    edit(path, width=None, locked=None, seams=None)
    assert load_codes(path) == make()


def test_locks_are_readable(make: NewGrid, path: Path) -> None:
    locked = np.zeros((5, 3), dtype=bool)
    locked[1:3, 0] = locked[4:, 0] = locked[:, 2] = True
    save_codes(path, make(locked=locked))
    assert json.loads(path.read_text())["locked"] == [[1, 1, 3], [1, 4, 5], [3, 0, 5]]


@pytest.mark.parametrize("seams", [[0], [5], [2, 2], [3, 1], [1.5], ["1"], 3, {}, [[1]], [True]])
def test_seams_come_back_or_are_refused(make: NewGrid, path: Path, seams: Any) -> None:
    edit(path, seams=seams)
    refused(path, "seams")
    assert load_codes(save_codes(path, make(seams=(1, 4)))).seams == (1, 4)


def test_deep_nesting(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[" * 200_000)
    refused(path)


def test_a_small_file_cannot_grow_without_end(tmp_path: Path) -> None:
    path = tmp_path / "x.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(80):
            file.write(b" " * (1 << 20))
    refused(path, "longer than any")


BOMBS = {
    "lists": ('"codes":[', "[],", "[]]"),
    "rows": ('"codes":[', "[999],", "[999]]"),
    "one row": ('"codes":[[', "999,", "999]]"),
    "numbers": ('"codes":[', "999,", "999]"),
    "nested": ('"codes":[[', "[],", "[]]]"),
    "objects": ('"codes":[', "{},", "{}]"),
    "locks": ('"locked":[', "[1,1,2],", "[1,1,2]]"),
    "seams": ('"seams":[', "999,", "999]"),
    "names": ('"level_names":[', '"ab",', '"ab"]'),
    "entries": ("", '"gain":[[]],', '"gain":1'),
    "blanks": ("", " ", '"gain":1'),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_that_grows_takes_no_more_memory_than_its_text(
    tmp_path: Path, bomb: str
) -> None:
    """Millions of numbers or lists as Python has them would be twenty times as large."""
    begin, many, end = BOMBS[bomb]
    path = tmp_path / "x.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"format":"distill.codes","version":1,' + begin.encode())
        part = many.encode() * ((1 << 20) // len(many))
        for _ in range(3):
            file.write(part)
        file.write(end.encode() + b"}")
    assert path.stat().st_size < 1 << 16
    tracemalloc.start()
    refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * (3 << 20)


def test_no_file_or_no_file_at_all(tmp_path: Path) -> None:
    refused(tmp_path / "none.json", "no codes file")
    refused(tmp_path, "not a file")
    with pytest.raises(CodesFileError):
        load_codes("a\0b.json")


def test_failed_writes_leave_nothing(make: NewGrid, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        save_codes(tmp_path / "none" / "x.json", make())
    assert os.listdir(tmp_path) == []
