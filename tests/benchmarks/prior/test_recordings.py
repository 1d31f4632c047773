"""Recordings, strings of them, and joined pieces."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from benchmarks.prior import recordings
from distill.errors import AudioError, CorpusError, UsageError
from distill.settings import SAMPLE_RATE


def constants(*seconds: float) -> list[np.ndarray]:
    """Sounds `[N]` that hold 1, 2, 3 … for so many seconds."""
    return [np.full(round(s * SAMPLE_RATE), 1.0 + i) for i, s in enumerate(seconds)]


def test_files_come_in_mono_at_48_khz_with_their_level(tmp_path: Path) -> None:
    stereo = np.column_stack([np.full(22_050, 0.5), np.zeros(22_050)])
    (tmp_path / "below").mkdir()
    sf.write(tmp_path / "below" / "a.WAV", stereo, 44_100, format="WAV", subtype="FLOAT")
    (tmp_path / "notes.txt").touch()
    (sound,) = recordings.read_folder(tmp_path)
    assert len(sound) == 24_000
    assert sound[12_000] == pytest.approx(0.25)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"nothing")
    with pytest.raises(AudioError, match=r"bad\.wav cannot be read as sound"):
        recordings.read_folder(tmp_path)


def test_strings_are_whole_recordings_one_after_the_other() -> None:
    rng = np.random.default_rng(0)
    drawn = list(recordings.strings(constants(0.5, 1.0), rng, 4.0, 3))
    assert [len(string.sound) for string in drawn] == [4 * SAMPLE_RATE] * 3
    for string in drawn:
        assert string.sound[0] == 1 + string.first
        turns = np.diff([*string.begins_s, 4.0])
        for begin, turn in list(zip(string.begins_s, turns, strict=True))[:-1]:
            assert turn == string.sound[round(begin * SAMPLE_RATE)] / 2


def test_long_recordings_give_6_s_to_a_string() -> None:
    (string,) = recordings.strings(constants(20.0), np.random.default_rng(0), 13.0, 1)
    assert string.begins_s == (0.0, 6.0, 12.0)


def test_pieces_come_from_all_recordings_and_join_without_steps() -> None:
    rng = np.random.default_rng(0)
    joined = recordings.joined_pieces(constants(1.0, 1.0), 0.1, rng, 5.0)
    assert len(joined) == 5 * SAMPLE_RATE
    assert {1.0, 2.0} < set(joined)
    # The first fades in from silence, within 5 ms.
    assert np.abs(np.diff(joined)).max() <= 2 / (recordings.CROSSFADE - 1) + 1e-9


def test_pieces_as_long_as_all_recordings_are_refused() -> None:
    with pytest.raises(CorpusError, match="ask for shorter pieces"):
        recordings.joined_pieces(constants(1.0), 1.0, np.random.default_rng(0))


def test_pieces_of_no_length_are_refused() -> None:
    with pytest.raises(UsageError, match="too short"):
        recordings.joined_pieces(constants(1.0), 0.0, np.random.default_rng(0))


def test_pieces_of_silence_are_refused_rather_than_sought_for_ever() -> None:
    with pytest.raises(CorpusError, match="ask for shorter pieces"):
        recordings.joined_pieces([np.zeros(SAMPLE_RATE)], 0.1, np.random.default_rng(0))
