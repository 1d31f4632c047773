"""Quality check of a corpus, from measurements alone."""

from dataclasses import replace

import numpy as np
import pytest

from distill.audio.parts import WRONG_LENGTH
from distill.data.doctor import (
    CLIPPING,
    CUT_SHORT,
    DC_OFFSET,
    LOUDER,
    NEAR_DUPLICATE,
    NEARLY_SILENT,
    QUIETER,
    SAME_CONTENT,
    FileReport,
    compare_files,
    judge,
    report_file,
    stereo_advice,
    tally,
    tempo_range,
    tempo_sentence,
)
from distill.data.fingerprint import fingerprint
from distill.data.measurements import Measurements
from distill.settings import SAMPLE_RATE

PLAIN = Measurements(
    tempo=120.0,
    key="A minor",
    sample_rate=44_100,
    channels=2,
    frames=88_200,
    promised=88_200,
    peak=0.5,
    dc=0.001,
    n_samples=96_000,
    loudness=-20.0,
    rms_db=-18.0,
)


def noise(seed: int, seconds: float = 0.2) -> np.ndarray:
    """A sound `[1, N]` unlike those of other seeds."""
    n = round(seconds * SAMPLE_RATE)
    return (0.1 * np.random.default_rng(seed).standard_normal((1, n))).astype(np.float32)


def test_a_report_takes_values_from_the_measurements() -> None:
    report = report_file("a.wav", PLAIN)
    assert report == FileReport(
        name="a.wav",
        used=True,
        duration_s=2.0,
        sample_rate=44_100,
        channels=2,
        peak_db=report.peak_db,
        loudness=-20.0,
        tempo=120.0,
        key="A minor",
    )
    assert report.peak_db == pytest.approx(-6.02, abs=0.01)


def test_a_skipped_file_has_a_reason_and_no_flags() -> None:
    report = report_file("a.wav", replace(PLAIN, dc=0.5), f"{SAME_CONTENT} b.wav")
    assert (report.used, report.reason, report.flags) == (False, "same content as b.wav", ())
    silent = report_file("a.wav", Measurements(reason="silent"))
    assert (silent.used, silent.reason, silent.duration_s) == (False, "silent", 0.0)
    assert silent.loudness == -np.inf


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({"clipped_runs": 2}, ()),
        ({"clipped_runs": 3}, (CLIPPING,)),
        ({"dc": 0.03}, (DC_OFFSET,)),
        ({"dc": 0.03, "frames": 4_000, "promised": 4_000}, ()),
        ({"peak": 0.002}, (NEARLY_SILENT,)),
        ({"promised": 90_000}, ()),
        ({"promised": 120_000}, (CUT_SHORT,)),
        ({"remark": WRONG_LENGTH}, (WRONG_LENGTH,)),
    ],
)
def test_flags_of_a_file_by_itself(changes: dict[str, float], flags: tuple[str, ...]) -> None:
    assert report_file("a.wav", replace(PLAIN, **changes)).flags == flags


def compare(*measured: Measurements) -> list[tuple[str, ...]]:
    files = [report_file(f"{index}.wav", sound) for index, sound in enumerate(measured)]
    return [file.flags for file in compare_files(files, measured, noise)]


def compare_sounds(*sounds: np.ndarray, skipped: int | None = None) -> list[tuple[str, ...]]:
    """The flags of sounds, one of which may be skipped."""
    measured = [replace(PLAIN, fingerprint=fingerprint(sound)) for sound in sounds]
    if skipped is not None:
        measured[skipped] = replace(measured[skipped], reason="silent")
    files = [report_file(f"{index}.wav", sound) for index, sound in enumerate(measured)]
    return [file.flags for file in compare_files(files, measured, sounds.__getitem__)]


def test_levels_are_compared_from_four_files_on() -> None:
    sounds = [replace(PLAIN, rms_db=level) for level in (-18.0, -20.0, -45.0, -16.0, 5.0)]
    assert compare(*sounds) == [(), (), (f"{QUIETER} (-27 dB)",), (), (f"{LOUDER} (+23 dB)",)]
    assert compare(*sounds[:3]) == [(), (), ()]


def test_the_same_sound_again_is_named_by_the_earlier_file() -> None:
    flags = compare_sounds(noise(0), noise(1), 0.5 * noise(0), noise(0, 2.0))
    assert flags == [(), (), (f"{NEAR_DUPLICATE} 0.wav",), ()]


def test_skipped_files_are_not_compared() -> None:
    assert compare_sounds(noise(0), noise(0), noise(0), skipped=0) == [
        (),
        (),
        (f"{NEAR_DUPLICATE} 1.wav",),
    ]


def test_the_verdict_follows_length_and_skipped_files() -> None:
    used = report_file("a.wav", PLAIN)
    broken = report_file("b.wav", Measurements(reason="damaged"))
    assert judge([used], 120.0) == ("go", [])
    verdict, advice = judge([used], 1.5)
    assert (verdict, len(advice)) == ("fix", 1)
    assert "too little sound" in advice[0]
    verdict, advice = judge([used, broken, broken], 120.0)
    assert verdict == "fix"
    assert "is this the right folder" in advice[0]
    assert advice[1] == "2 files were skipped (2 damaged): replace or remove."


def test_advice_on_a_little_sound_copies_and_flags() -> None:
    copy = report_file("c.wav", PLAIN, f"{SAME_CONTENT} a.wav")
    clipped = report_file("d.wav", replace(PLAIN, clipped_runs=9))
    verdict, advice = judge([report_file("a.wav", PLAIN), copy, clipped], 30.0)
    assert verdict == "go"
    assert advice == [
        "There is only 30 s of sound: a few minutes give a richer model.",
        "1 file is a copy of another and left out.",
        "1 file clips: if you have a take recorded lower, use that.",
    ]


def test_reasons_are_counted_without_brackets() -> None:
    assert tally(["silent", "empty", "silent (mono)"]) == "2 silent, 1 empty"


def test_a_fault_of_all_stereo_files_is_said() -> None:
    dead = replace(PLAIN, dead_side="right", side_db=-3.01)
    inverse = replace(PLAIN, side_db=0.0)
    mono = replace(PLAIN, channels=1)
    skipped = Measurements(reason="silent")
    assert "right channel is silent in all files:" in stereo_advice([dead, dead])[0]
    assert "in all files with two channels:" in stereo_advice([dead, mono, skipped])[0]
    assert "cancel in mono in all files:" in stereo_advice([inverse, inverse])[0]
    for fine in ([dead, PLAIN], [dead, replace(dead, dead_side="left")], [inverse, PLAIN], [mono]):
        assert stereo_advice(fine) == []


@pytest.mark.parametrize(
    ("tempos", "n_files", "sentence"),
    [
        ([120.0], 1, "1 of 1 file keeps a beat, at 120 BPM"),
        ([120.0], 3, "1 of 3 files keeps a beat, at 120 BPM"),
        ([120.2, 120.0], 2, "2 of 2 files keep a beat, at 120 BPM"),
        ([70.0, 120.0, 121.0, 175.0], 5, "4 of 5 files keep a beat, 70 to 175 BPM, most near 120"),
        ([70.0, 100.0, 175.0], 3, "3 of 3 files keep a beat, 70 to 175 BPM"),
    ],
)
def test_tempos_in_a_sentence(tempos: list[float], n_files: int, sentence: str) -> None:
    found = tempo_range(tempos)
    assert found is not None
    assert tempo_sentence(found, n_files) == sentence


def test_no_tempos() -> None:
    assert tempo_range([]) is None
