"""Tables are what JSON says they are, with numbers in arrays."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.inference.codes import bounded_json
from distill.inference.codes.bounded_json import read_object

NAMES, LISTS = ("a", "b"), ("c", "d")

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)
numbers = st.integers(0, 1 << 32)
rows = st.integers(0, 4).flatmap(
    lambda m: st.lists(st.lists(st.integers(0, 99), min_size=m, max_size=m), max_size=9)
)
lists = (
    st.lists(numbers, max_size=9)
    | rows
    | st.lists(st.lists(numbers, max_size=3), max_size=4)
    | values
)


def as_lists(table: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in table.items()
    }


@given(
    table=st.fixed_dictionaries(
        {}, optional={"a": values, "b": values, "c": lists, "d": lists, "e": values}
    ),
    indent=st.none() | st.integers(0, 2),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]),
    piece=st.integers(8, 80),
)
@settings(max_examples=300)
def test_as_json_has_it(
    table: dict[str, Any], indent: int | None, separators: tuple[str, str], piece: int
) -> None:
    text = json.dumps(table, indent=indent, separators=separators)
    patch = pytest.MonkeyPatch()
    patch.setattr(bounded_json, "LONGEST_PIECE", piece)
    try:
        result = read_object(text, NAMES, LISTS) if table else {}
    finally:
        patch.undo()
    assert as_lists(result) == {name: table[name] for name in table if name != "e"}


def test_numbers_come_as_arrays() -> None:
    rows = [[t, 2 * t, 7] for t in range(5000)]
    result = read_object(json.dumps({"c": rows, "d": list(range(5000)), "a": [1, 2]}), NAMES, LISTS)
    assert (result["c"].dtype, result["d"].dtype, result["a"]) == (np.int32, np.int32, [1, 2])
    assert np.array_equal(result["c"], rows)
    assert np.array_equal(result["d"], np.arange(5000))


@given(st.data())
@settings(max_examples=300)
def test_what_json_refuses_is_refused(data: st.DataObject) -> None:
    text = json.dumps({"c": [[1, 2], [3, 4]], "d": [5, 6], "a": "x"}, separators=(",", ":"))
    at = data.draw(st.integers(0, len(text) - 1))
    changed = (
        text[:at]
        + data.draw(st.sampled_from(["", ",", "[", "]", "0", "-", "{", "}", '"', "x"]))
        + text[at + 1 :]
    )
    try:
        expected = json.loads(changed)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            read_object(changed, NAMES, LISTS)
    else:
        kept = {name: value for name, value in expected.items() if name in NAMES + LISTS}
        assert as_lists(read_object(changed, NAMES, LISTS)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "3",
        '{"a":1} x',
        '{"c":[[1],]}',
        '{"c":[1 2]}',
        '{"c":[01]}',
        '{"c":[,1]}',
        "{1:2}",
    ],
)
def test_no_table(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_object(text, NAMES, LISTS)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = ",".join(f'"x{i}":{i}' for i in range(bounded_json.MOST_ENTRIES))
    assert read_object(f"{{{entries}}}", NAMES, LISTS) == {}
    with pytest.raises(ValueError, match="missing"):
        read_object(f'{{{entries},"a":1}}', NAMES, LISTS)
    monkeypatch.setattr(bounded_json, "MOST_NUMBERS", 10)
    assert len(read_object('{"c":[1,2,3,4,5,6,7,8,9,10]}', NAMES, LISTS)["c"]) == 10
    for many in (
        "[1,2,3,4,5,6,7,8,9,10,11]",
        "[[1,2],[3,4],[5,6],[7,8],[9,10],[11,12]]",
        str([[]] * 11),
    ):
        with pytest.raises(ValueError, match="more than 10 numbers"):
            read_object(f'{{"c":{many}}}', NAMES, LISTS)
