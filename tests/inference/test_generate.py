from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill.audio.level import integrated_loudness
from distill.errors import NoPriorError, UsageError
from distill.inference import generate as module
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.file import load_codes
from distill.inference.generate import Generated
from distill.inference.modes.request import ModeSettings, Request, Source
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel, load_model_v2
from tests.conftest import pluck


def generate(
    loaded: LoadedVQModel, *arguments: Any, progress: Any = lambda done, total: None, **options: Any
) -> list[Generated]:
    """The sounds of a request with these fields."""
    return list(module.generate(loaded, Request(*arguments, **options), progress))


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def test_length_level_and_ends(loaded: LoadedVQModel) -> None:
    sound = generate(loaded, 3.21, seed=4)[0]
    assert sound.audio.shape == (1, round(3.21 * sound.sample_rate))
    assert np.abs(sound.audio).max() <= 10 ** (-0.3 / 20)
    assert abs(sound.audio.mean()) < 1e-3
    assert sound.audio[0, 0] == 0
    loudness = integrated_loudness(sound.audio, sound.sample_rate)
    assert abs(loudness - loaded.metadata["corpus_loudness"]) < 3
    assert sound.loudness == pytest.approx(loudness)


def test_the_seed_decides(loaded: LoadedVQModel) -> None:
    a, b = generate(loaded, 1.0, seed=7, count=2)
    repeat = generate(loaded, 1.0, seed=8)[0]
    assert np.array_equal(b.audio, repeat.audio)
    assert not np.array_equal(a.audio, b.audio)


def test_what_is_copied_names_files_of_the_corpus(loaded: LoadedVQModel) -> None:
    copied = generate(loaded, 2.0, seed=2, sampling=Sampling(temperature=0.3))[0].copy
    assert copied is not None
    assert 0 <= copied.passage_percent <= 100
    names = {entry["name"] for entry in loaded.metadata["corpus"]}
    assert {run.source for run in copied.runs if run} | {
        copied.passage.source if copied.passage else ""
    } <= names


def test_it_is_drawn_again_until_it_copies_little(loaded: LoadedVQModel) -> None:
    (first,) = generate(loaded, 1.0, seed=2)
    assert first.copy is not None
    (kept,) = generate(loaded, 1.0, seed=2, max_copy=100)
    assert (kept.draws, kept.recipe.seed) == (1, 2)
    (least,) = generate(loaded, 1.0, seed=2, max_copy=0)
    assert least.copy is not None
    assert least.copy.passage_percent <= first.copy.passage_percent
    copies_none = first.copy.passage_percent == 0
    assert least.draws == 1 if copies_none else 2 <= least.draws <= module.MOST_DRAWS
    (same,) = generate(loaded, 1.0, seed=2, max_copy=0)
    assert np.array_equal(least.audio, same.audio)
    (plain,) = generate(loaded, 1.0, seed=least.recipe.seed)
    assert np.array_equal(least.audio, plain.audio)
    beside = generate(loaded, 1.0, seed=1, count=2, max_copy=0)[1]
    assert np.array_equal(least.audio, beside.audio)


@pytest.mark.parametrize(
    "index", [None, {"codes": 1, "pictures": 2, "zero": {}}], ids=["none", "of an earlier version"]
)
def test_without_an_index_copies_are_not_known(loaded: LoadedVQModel, index: dict | None) -> None:
    old = replace(loaded, prior_metadata={**(loaded.prior_metadata or {}), "copy_index": index})
    assert generate(old, 0.5)[0].copy is None
    with pytest.raises(UsageError, match="--max-copy"):
        generate(old, 0.5, max_copy=20)


@pytest.mark.parametrize("max_copy", [-1, 101, float("nan")])
def test_impossible_shares(loaded: LoadedVQModel, max_copy: float) -> None:
    with pytest.raises(UsageError, match="--max-copy"):
        generate(loaded, 0.5, max_copy=max_copy)


def test_progress_runs_to_the_end(loaded: LoadedVQModel) -> None:
    events: list[tuple[int, int]] = []
    generate(loaded, 0.5, count=2, progress=lambda done, total: events.append((done, total)))
    assert events[-1][0] == events[-1][1] == len(events)


@pytest.mark.parametrize("duration", [0.0, -1.0, float("nan"), 1e9])
def test_impossible_durations(loaded: LoadedVQModel, duration: float) -> None:
    with pytest.raises(UsageError, match="--duration"):
        generate(loaded, duration)


def test_without_a_prior_it_says_what_to_run(codec_only: Path) -> None:
    with pytest.raises(NoPriorError, match="distill train-prior"):
        generate(load_model_v2(codec_only), 1.0)


def test_bars_say_how_long(loaded: LoadedVQModel) -> None:
    sampling = Sampling(tempo=150.0)
    (sound,) = generate(loaded, bars=1.5, seed=3, sampling=sampling)
    assert sound.audio.shape[1] == round(6 * 0.4 * sound.sample_rate)
    assert (sound.recipe.duration, sound.recipe.sampling) == (pytest.approx(2.4), sampling)
    assert sound.timing is not None
    assert (sound.timing.tempo, sound.timing.beats, sound.timing.is_loop) == (150, 6, False)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(bars=2.0), "keep no beat: give --tempo with --bars"),
        (Request(sampling=Sampling(form="AB")), "keep no beat: give --tempo with --form"),
        (Request(sampling=Sampling(swing=0.5)), "keep no beat: give --tempo with --swing"),
        (Request(bars=0.0, sampling=Sampling(tempo=90.0)), "--bars must"),
        (Request(bars=2.0, sampling=Sampling(free_time=True)), "keep"),
    ],
)
def test_time_that_the_recordings_do_not_have(
    loaded: LoadedVQModel, request_: Request, words: str
) -> None:
    """Single plucks keep no beat."""
    with pytest.raises(UsageError, match=words):
        list(module.generate(loaded, request_))


def test_a_prior_of_before_says_how_to_get_time(loaded: LoadedVQModel) -> None:
    facts = dict(loaded.prior_metadata or {})
    facts.pop("pulse_known")
    old = replace(loaded, prior_metadata=facts)
    assert generate(old, 0.5)[0].timing is None
    with pytest.raises(UsageError, match="train it again"):
        generate(old, 0.5, sampling=Sampling(tempo=120.0))


PLUCK = Source(name="pluck.wav", digest="ab" * 32, audio=pluck(220.0, 1.23)[None])


@pytest.mark.parametrize(
    ("settings", "source", "begin_s", "end_s"),
    [
        (ModeSettings(), None, 0.2, 0.8),
        (ModeSettings(kind="one-shot"), None, 0.02, 0.1),
        (ModeSettings(kind="loop"), None, 0.2, 0.8),
        (ModeSettings(kind="variation"), PLUCK, 0.0, 1.23),
        (ModeSettings(kind="continue"), PLUCK, 1.25, 2.2),
        (ModeSettings(kind="infill", start=0.4, stop=0.8), PLUCK, 0.42, 0.75),
        (ModeSettings(kind="infill", start=0.0, stop=0.3), PLUCK, 0.02, 0.25),
        (ModeSettings(kind="infill", start=0.9, stop=1.23), PLUCK, 0.92, 1.2),
    ],
)
def test_its_codes_decode_to_the_sound(
    loaded: LoadedVQModel,
    settings: ModeSettings,
    source: Source | None,
    begin_s: float,
    end_s: float,
    tmp_path: Path,
) -> None:
    (sound,) = generate(loaded, 1.1, seed=5, mode=settings, source=source)
    grid = load_codes(sound.save_codes(tmp_path / "sound.codes.json.gz", "sound.wav"))
    assert grid == replace(sound.grid, source="sound.wav")
    decoded = decode_sound(loaded, grid)
    assert sound.grid_start + decoded.shape[1] == sound.audio.shape[1]
    # From `begin_s` to `end_s` it is new, and far from its ends, where fades are.
    begin = round(begin_s * sound.sample_rate)
    end = round(end_s * sound.sample_rate)
    heard = sound.audio[0, max(begin, sound.grid_start) : end]
    offset = max(begin, sound.grid_start) - sound.grid_start
    from_codes = decoded[0, offset : offset + len(heard)]
    assert np.corrcoef(heard, from_codes)[0, 1] > 0.9
    assert 0.8 < heard.std() / from_codes.std() < 1.25
