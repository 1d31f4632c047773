"""Sounds of a comparison: equally loud, of one kind, and without a name in them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.io import probe, read_audio
from distill.audio.level import integrated_loudness
from distill.audio.tags import read_tags
from distill.errors import AudioError, UsageError
from distill.library.comparison import Comparison, Couple
from distill.library.comparison_sounds import couples_of, create_comparison
from distill.library.comparisons import comparison_folder, list_comparisons, sound_path
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def write(path: Path, scale: float, channels: int = 1, rate: int = 48_000) -> Path:
    path.parent.mkdir(exist_ok=True)
    noise = np.random.default_rng(0).uniform(-1, 1, (rate, channels))
    with sf.SoundFile(path, "w", rate, channels, "PCM_24") as file:
        file.comment = "made by the secret model"
        file.write(scale * noise)
    return path


def test_both_are_equally_loud_and_tell_nothing(workspace: Workspace, tmp_path: Path) -> None:
    loud = write(tmp_path / "loud.wav", 0.9)
    soft = write(tmp_path / "soft.flac", 0.05, channels=2, rate=44_100)
    made = create_comparison(workspace, [Couple(loud, soft)] * 4, ("one", "two"), seed=5)
    assert [pair.first for pair in made.pairs] == ["loud.wav"] * 4
    assert sum(pair.first_is_y for pair in made.pairs) == 2
    for number, pair in enumerate(made.pairs, 1):
        paths = [sound_path(workspace, made, number, side) for side in "xy"]
        assert [path.name for path in paths] == [f"pair-0{number}-{side}.wav" for side in "xy"]
        sounds = [read_audio(path) for path in paths]
        levels = [integrated_loudness(sound, 48_000) for sound in sounds]
        assert abs(levels[0] - levels[1]) < 0.01
        assert {sound.shape[0] for sound in sounds} == {2}
        infos = [probe(path) for path in paths]
        assert infos[0]._replace(frames=0) == infos[1]._replace(frames=0)
        for path in paths:
            assert b"secret" not in path.read_bytes()
            assert read_tags(path) == {}
        # Mono has two equal channels: so the test sees which is which.
        first = sounds[pair.first_is_y]
        assert np.array_equal(first[0], first[1])


def test_silence_stays_silence(workspace: Workspace, tmp_path: Path) -> None:
    couple = Couple(write(tmp_path / "a.wav", 0.5), write(tmp_path / "b.wav", 0))
    made = create_comparison(workspace, [couple], ("a", "b"))
    levels = [np.abs(read_audio(sound_path(workspace, made, 1, side))).max() for side in "xy"]
    assert sorted(level > 0.4 for level in levels) == [False, True]


def test_folders_go_together_by_name(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("b.wav", "a.wav"):
        write(tmp_path / "one" / name, 0.5)
        write(tmp_path / "two" / name, 0.5)
    (tmp_path / "one" / "notes.txt").write_text("x")
    couples = couples_of(tmp_path / "one", tmp_path / "two")
    assert [(couple.first.name, couple.second.name) for couple in couples] == [
        ("a.wav", "a.wav"),
        ("b.wav", "b.wav"),
    ]
    write(tmp_path / "two" / "c.wav", 0.5)
    with pytest.raises(UsageError, match=r"holds 2 sounds, .* 3"):
        couples_of(tmp_path / "one", tmp_path / "two")
    with pytest.raises(UsageError, match="no sound and no folder"):
        couples_of(tmp_path / "none", tmp_path / "two")


def test_a_sound_that_cannot_be_read_leaves_no_comparison(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "c.wav").write_text("no sound")
    good = write(tmp_path / "a.wav", 0.5)
    with pytest.raises(AudioError):
        create_comparison(
            workspace, [Couple(good, good), Couple(good, tmp_path / "c.wav")], ("a", "b")
        )
    assert list_comparisons(workspace) == ([], [])
    assert list(workspace.comparisons.iterdir()) == []
    with pytest.raises(UsageError, match="1 to 999 pairs"):
        create_comparison(workspace, [], ("a", "b"))


def test_an_interrupt_leaves_no_comparison(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(workspace: Workspace, comparison: Comparison) -> None:
        assert len(list(comparison_folder(workspace, comparison.id).iterdir())) == 2
        raise KeyboardInterrupt

    good = write(tmp_path / "a.wav", 0.5)
    monkeypatch.setattr("distill.library.comparison_sounds.write_comparison", interrupted)
    with pytest.raises(KeyboardInterrupt):
        create_comparison(workspace, [Couple(good, good)], ("a", "b"))
    assert list(workspace.comparisons.iterdir()) == []
