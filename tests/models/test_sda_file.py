"""The file itself: whole and inert, or refused by name."""

import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.errors import (
    MissingKeyError,
    ModelFileError,
    ModelVersionError,
    NotAModelError,
    TruncatedModelError,
    UnsafeModelError,
)
from distill.models.persistence import load_model_v2, read_header
from distill.models.sda_file import DEEPEST, plain_copy, read_contents, write_contents

CONTENTS: dict[str, Any] = {
    "format": "distill.sda",
    "version": 2,
    "vqvae_config": {"sample_rate": 8000},
    "state_dict": {f"weights.{i}": torch.arange(i * 20.0) for i in range(12)},
    "metadata": {"name": "x", "curve": [1.5, None]},
}
PRIOR = {"has_prior": True, "prior_state_dict": {}, "prior_config": {}, "prior_metadata": {}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "my sounds é.sda"
    write_contents(path, CONTENTS)
    return path


def write(path: Path, **changes: Any) -> None:
    """Another writer's file: the contents above, with other entries; None takes one out."""
    contents = {**CONTENTS, **changes}
    torch.save({key: value for key, value in contents.items() if value is not None}, path)


def refused(path: Path, error: type[ModelFileError], *words: str) -> None:
    """Reading raises `error` in one sentence that names the file and says `words`."""
    with pytest.raises(ModelFileError) as raised:
        read_contents(path)
    message = str(raised.value)
    assert type(raised.value) is error
    assert "\n" not in message
    for word in (str(path), *words):
        assert word in message


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


# --- there and back -------------------------------------------------------------------------------


def test_contents_come_back(path: Path) -> None:
    assert same(read_contents(path), CONTENTS)
    assert same(read_contents(path, weights=False), CONTENTS)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64) + 1, 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), plain, max_size=4))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_plain_metadata_comes_back(tmp_path: Path, metadata: dict[str, Any]) -> None:
    write_contents(tmp_path / "m.sda", {**CONTENTS, "metadata": plain_copy(metadata, "metadata")})
    assert read_contents(tmp_path / "m.sda")["metadata"] == metadata


def test_names_that_are_no_text_are_written_readably() -> None:
    assert plain_copy(os.fsdecode(b"caf\xe9.wav"), "name") == "caf\\udce9.wav"


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "bad",
    [
        np.float64(1.0),
        Path("x"),
        (1, 2),
        {1: "a"},
        {1, 2},
        b"x",
        1 << 64,
        torch.float32,
        torch.eye(2).to_sparse(),
    ],
    ids=lambda bad: type(bad).__name__,
)
def test_what_could_not_be_read_is_not_copied(bad: Any) -> None:
    with pytest.raises(TypeError, match=r"metadata\['manifest'\]\[1\] is a"):
        plain_copy({"manifest": [0, bad]}, "metadata")


def test_nesting_has_an_end(path: Path) -> None:
    deepest = plain_copy(nested(DEEPEST - 1), "metadata")
    write(path, metadata={"deep": nested(DEEPEST - 3)})
    read_contents(path)
    write(path, metadata={"deep": deepest})
    refused(path, UnsafeModelError, "without end")
    with pytest.raises(TypeError):
        plain_copy(nested(DEEPEST + 1), "metadata")


def test_other_writers_may_use_ordered_dicts(path: Path) -> None:
    write(path, state_dict=OrderedDict(CONTENTS["state_dict"]))
    assert same(read_contents(path), CONTENTS)


# --- not a model ----------------------------------------------------------------------------------


def test_no_such_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.sda", ModelFileError, "no model file")
    refused(tmp_path / "none" / "m.sda", ModelFileError)


def test_a_folder(tmp_path: Path) -> None:
    refused(tmp_path, ModelFileError, "not a file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sda")
    refused(tmp_path / "pipe.sda", ModelFileError, "not a file")


@pytest.mark.parametrize(
    "name", ["a\0b.sda", "x" * 5000, os.fsdecode(b"caf\xe9.sda")], ids=["nul", "long", "bytes"]
)
def test_an_impossible_name(tmp_path: Path, name: str) -> None:
    if "caf" in name:
        try:
            write_contents(tmp_path / name, CONTENTS)
        except ValueError:
            pytest.skip("no such names here")
    with pytest.raises(ModelFileError) as raised:
        read_contents(tmp_path / name)
    str(raised.value).encode()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_no_permission(path: Path) -> None:
    path.chmod(0)
    refused(path, ModelFileError, "permission")


@pytest.mark.parametrize(
    "content", [b"RIFF....WAVE", b"\x80\x02}q\x00.", b"PKzzzz" * 10, bytes(100)]
)
def test_not_a_zip(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path, NotAModelError)


def test_a_zip_of_something_else(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("song.txt", "la")
    refused(path, NotAModelError)


@pytest.mark.parametrize(
    "contents", [[1, 2], {"weights": 1}, {"format": "other"}, {"format": torch.eye(2)}]
)
def test_wrong_marker(path: Path, contents: Any) -> None:
    torch.save(contents, path)
    refused(path, NotAModelError, "mark")


def test_versions(path: Path) -> None:
    write(path, version=3)
    refused(path, ModelVersionError, "newer", "3", "update")
    for version in (1, "2", 2.0, True, -(10**600)):
        write(path, version=version)
        refused(path, ModelVersionError)
    write(path, version=None)
    refused(path, MissingKeyError, "'version'")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux lists what is mapped")
def test_an_error_keeps_no_hold_on_the_file(path: Path) -> None:
    write(path, version=3)
    with pytest.raises(ModelVersionError) as held:
        read_contents(path)
    assert str(path) not in Path("/proc/self/maps").read_text()
    del held


@pytest.mark.parametrize("key", ["vqvae_config", "state_dict", "metadata", *list(PRIOR)[1:]])
def test_missing_entries(path: Path, key: str) -> None:
    for wrong in (None, 7):
        write(path, **{**PRIOR, key: wrong})
        refused(path, MissingKeyError, f"'{key}'")
    with pytest.raises(MissingKeyError, match=key):
        read_header(path)


# --- inert ----------------------------------------------------------------------------------------


class Trap:
    """Makes a folder when unpickled by a careless reader."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("key", ["metadata", "state_dict", "vqvae_config", "format", "extra"])
def test_no_file_can_run_code(path: Path, tmp_path: Path, key: str) -> None:
    marker = tmp_path / "ran"
    write(path, **{key: {"trap": Trap(marker)}})
    refused(path, UnsafeModelError)
    for read in (read_header, load_model_v2):
        with pytest.raises(UnsafeModelError):
            read(path)
    assert not marker.exists()
    torch.load(path, weights_only=False)
    assert marker.exists(), "the trap is one"


def test_a_bare_pickle_is_no_model(path: Path, tmp_path: Path) -> None:
    path.write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    refused(path, NotAModelError)
    assert not (tmp_path / "ran").exists()


def test_a_program_is_no_model(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/constants.pkl", "")
    refused(path, UnsafeModelError, "program")


@pytest.mark.parametrize(
    "value", [(1, 2), {1, 2}, torch.float32, {3: 4}, torch.device("cpu"), torch.eye(2).to_sparse()]
)
def test_more_than_plain_contents_is_refused(path: Path, value: Any) -> None:
    write(path, extra=value)
    refused(path, UnsafeModelError)


def looped() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def doubled() -> list[Any]:
    value: list[Any] = []
    for _ in range(50):
        value = [value, value]
    return value


@pytest.mark.parametrize("make", [looped, doubled, lambda: nested(300)])
def test_entries_within_entries(path: Path, make: Callable[[], list[Any]]) -> None:
    write(path, metadata={"entries": make()})
    refused(path, UnsafeModelError, "without end")


def test_tensors_larger_than_the_file(path: Path) -> None:
    write(path, metadata={"big": torch.zeros(1).expand(1 << 40)})
    refused(path, TruncatedModelError, "more than the file holds")


def test_records_that_grow_when_read(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10_000_000))
    refused(path, TruncatedModelError)


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 3, 4, 100, 0.25, 0.5, 0.9, 0.999, -1])
def test_cut_short(path: Path, length: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(length * len(whole)) if isinstance(length, float) else length])
    refused(path, TruncatedModelError)


def read_or_refuse(path: Path) -> dict[str, Any] | None:
    try:
        return read_contents(path)
    except ModelFileError as error:
        message = str(error)
    assert str(path) in message
    return None


@given(data=st.data())
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_is_named_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "m.sda"
    write_contents(path, CONTENTS)
    damaged = bytearray(path.read_bytes())
    # The directory at the end of a zip is a small part of it, with most of what can go wrong.
    start = data.draw(st.sampled_from([0, len(damaged) - 1500]))
    where = data.draw(st.integers(start, len(damaged) - 1))
    if data.draw(st.booleans()):
        damaged[where] ^= data.draw(st.integers(1, 255))
    else:
        del damaged[where:]
    path.write_bytes(damaged)
    contents = read_or_refuse(path)
    assert contents is None or same(contents, CONTENTS)
