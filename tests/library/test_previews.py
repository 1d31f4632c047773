"""The fixed set of sounds of a training, and when previews are made."""

import shutil
from pathlib import Path
from types import SimpleNamespace

from distill.library.player_requests import Preview
from distill.library.previews import (
    HELD_OUT_SOUNDS,
    OWN_SOUNDS,
    ask_for_preview,
    preview_sounds,
)
from distill.models.header import read_outline


def test_a_set_has_own_and_held_out_recordings(trained: Path, corpus_dir: Path) -> None:
    sounds = preview_sounds(trained, corpus_dir)
    assert sounds == preview_sounds(trained, corpus_dir)
    own = [sound for sound in sounds if not sound.is_held_out]
    held_out = [sound for sound in sounds if sound.is_held_out]
    assert 0 < len(own) <= OWN_SOUNDS
    assert 0 < len(held_out) <= HELD_OUT_SOUNDS
    entries = {entry["name"]: entry for entry in read_outline(trained)["metadata"]["corpus"]}
    for sound in own:
        assert entries[sound.path.relative_to(corpus_dir).as_posix()]["train_until"] > 0
    for sound in held_out:
        entry = entries[sound.path.relative_to(corpus_dir).as_posix()]
        assert entry["train_until"] == round(sound.start_s * 48_000) < entry["n_samples"]


def test_what_is_gone_is_left_out(trained: Path, corpus_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus_dir / "low", tmp_path / "low")
    names = {sound.path.parent.name for sound in preview_sounds(trained, tmp_path)}
    assert names == {"low"}


def test_a_busy_player_is_not_asked(trained: Path, tmp_path: Path) -> None:
    preview = Preview(trained, tmp_path, seeds=(1,))
    work: list[object] = []
    asked: list[Preview] = []
    player = SimpleNamespace(tasks=lambda: work, submit=asked.append)
    ask_for_preview(player, preview)  # type: ignore[arg-type]
    work.append("a task")
    assert ask_for_preview(player, preview) is None  # type: ignore[arg-type]
    assert asked == [preview]
