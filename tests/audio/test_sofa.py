"""SOFA files: what is read, and one sentence for each that cannot be."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from distill.audio import sofa
from distill.audio.sofa import read_hrir_set, unit_vectors
from distill.errors import AudioError, UsageError
from tests.audio.sofa_files import PLACES, response, write_sofa


def test_responses_are_those_of_the_file(tmp_path: Path) -> None:
    hrirs = read_hrir_set(write_sofa(tmp_path / "a.sofa"))
    rows = hrirs.nearest(np.array([93.0, -88.0, 361.0]), np.zeros(3))
    assert [PLACES[row][0] for row in rows] == [90, 270, 0]
    responses = hrirs.responses([2, 4], 48_000)
    np.testing.assert_array_equal(responses[2], response(90).astype(np.float32))
    np.testing.assert_array_equal(responses[4], response(270).astype(np.float32))


def test_places_in_metres_are_the_same(tmp_path: Path) -> None:
    spherical = read_hrir_set(write_sofa(tmp_path / "a.sofa"))
    metres = 1.4 * unit_vectors(*np.transpose(PLACES))
    path = write_sofa(tmp_path / "b.sofa", arrays={"SourcePosition": metres}, kind="cartesian")
    np.testing.assert_allclose(read_hrir_set(path).directions, spherical.directions, atol=1e-12)


def test_delays_are_added_and_may_be_absent(tmp_path: Path) -> None:
    late = write_sofa(tmp_path / "a.sofa", arrays={"Data.Delay": np.array([[3.0, 7.0]])})
    left, right = read_hrir_set(late).responses([0], 48_000)[0]
    assert (left.argmax(), right.argmax()) == (13, 17)
    plain = write_sofa(tmp_path / "b.sofa", arrays={"Data.Delay": None})
    assert read_hrir_set(plain).responses([0], 48_000)[0].argmax(axis=1).tolist() == [10, 10]


@pytest.mark.parametrize("sample_rate", [44_100, 96_000])
def test_another_sample_rate_keeps_level_and_time(tmp_path: Path, sample_rate: int) -> None:
    # A pulse without what a lower rate cannot hold.
    pulse = np.exp(-(((np.arange(128) - 40) / 4) ** 2))
    path = write_sofa(tmp_path / "a.sofa", arrays={"Data.IR": np.tile(pulse, (6, 2, 1))})
    (ears,) = read_hrir_set(path).responses([0], sample_rate).values()
    assert ears.sum(axis=1) == pytest.approx([pulse.sum()] * 2, rel=1e-4)
    assert ears[0].argmax() / sample_rate == pytest.approx(40 / 48_000, abs=1 / sample_rate)


def test_a_place_that_was_not_measured_is_named(tmp_path: Path) -> None:
    hrirs = read_hrir_set(write_sofa(tmp_path / "a.sofa"))
    with pytest.raises(UsageError) as error:
        hrirs.nearest(np.array([40.0, -290.0]), np.array([0.0, -50.0]))
    assert str(error.value) == (
        f"{tmp_path / 'a.sofa'} has nothing within 15 degrees of azimuth 70, elevation -50; the "
        "nearest is azimuth 90, elevation 0: ask for another place, or take another file."
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"attributes": {"Conventions": "netCDF"}}, "is no SOFA file"),
        ({"attributes": {"SOFAConventions": b"GeneralFIR"}}, "the convention 'GeneralFIR': name"),
        ({"arrays": {"Data.IR": None}}, r"cut short or damaged \("),
        ({"arrays": {"SourcePosition": np.zeros((5, 3))}}, r"responses at \[5, 3\] places"),
        ({"arrays": {"Data.IR": np.zeros((6, 1, 8))}}, r"\[6, 1, 8\] responses"),
        ({"arrays": {"Data.SamplingRate": np.array([0.0])}}, "cut short or damaged"),
        ({"arrays": {"Data.SamplingRate": "fast"}}, "cut short or damaged"),
        ({"arrays": {"Data.Delay": np.array([[-1.0, 0.0]])}}, "responses longer than 1 s"),
        ({"arrays": {"Data.Delay": np.array([[np.nan, 0.0]])}}, "responses longer than 1 s"),
        ({"arrays": {"Data.Delay": np.array([[1e9, 0.0]])}}, "responses longer than 1 s"),
        ({"kind": "spherical harmonics"}, "places as 'spherical harmonics'"),
    ],
)
def test_other_files_are_refused_in_a_sentence(
    tmp_path: Path, arguments: dict[str, Any], sentence: str
) -> None:
    path = write_sofa(tmp_path / "a.sofa", **arguments)
    with pytest.raises(AudioError, match=sentence) as error:
        read_hrir_set(path)
    assert str(error.value).startswith(str(path))


def test_what_is_no_file_of_this_kind(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="There is no SOFA file"):
        read_hrir_set(tmp_path / "none.sofa")
    (tmp_path / "text.sofa").write_text("no sofa")
    with pytest.raises(AudioError, match="is no SOFA file: name one"):
        read_hrir_set(tmp_path / "text.sofa")
    with pytest.raises(AudioError):
        read_hrir_set(tmp_path)


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write_sofa(tmp_path / "a.sofa").read_bytes()
    path = tmp_path / "cut.sofa"
    for share in (0.02, 0.3, 0.6, 0.9, 0.999):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(AudioError, match=r"cut\.sofa is"):
            read_hrir_set(path).responses([0], 48_000)


def test_responses_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = write_sofa(tmp_path / "a.sofa")
    with h5py.File(path, "r+") as file:
        file["Data.IR"][3, 1, 5] = np.inf
    hrirs = read_hrir_set(path)
    hrirs.responses([2], 48_000)
    with pytest.raises(AudioError, match="responses that are no numbers"):
        hrirs.responses([3], 48_000)


def test_without_the_package_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sofa, "find_spec", lambda name: None)
    with pytest.raises(UsageError) as error:
        read_hrir_set(tmp_path / "a.sofa")
    assert str(error.value) == "Binaural sound needs h5py: run `pip install 'distill[space]'`."
