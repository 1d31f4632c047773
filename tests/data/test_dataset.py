from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.data.corpus import Clip
from distill.data.dataset import (
    ClipRegion,
    CropSampler,
    cut_into_blocks,
    extend_manifest,
    make_manifest,
    relative_weights,
    split_by_manifest,
)
from distill.settings import SAMPLE_RATE

HOP = 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def make_clips(folder: Path, lengths: list[int]) -> list[Clip]:
    clips = []
    for i, n in enumerate(lengths):
        path = folder / f"{i}-{n}.npy"
        if not path.exists():
            np.save(path, np.full((1, n), i + 1, np.float32))
        digest = f"{(i * 2654435761) % 2**32:08x}" + "0" * 56
        clips.append(Clip(f"{i}.wav", digest, n, 1, path, -20.0, -20.0))
    return clips


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(1, 5000), min_size=1, max_size=30))
def test_every_sample_is_trained_on_or_held_out_but_never_both(
    folder: Path, lengths: list[int]
) -> None:
    clips = make_clips(folder, lengths)
    split = split_by_manifest(clips, make_manifest(clips))
    spans_by_name: dict[str, list[tuple[int, int]]] = {}
    for region in (*split.train, *split.held_out):
        spans_by_name.setdefault(region.clip.name, []).append((region.start, region.stop))
    for clip in clips:
        spans = sorted(spans_by_name[clip.name])
        assert spans[0][0] == 0
        assert spans[-1][1] == clip.n_samples
        assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert split.train
    assert split.unknown == 0
    assert split.held_out or sum(lengths) < 10 * len(lengths)


@given(
    lengths=st.lists(st.integers(1, 5000), min_size=1, max_size=10), samples=st.integers(1, 6000)
)
def test_blocks_hold_every_sample_once_and_in_order(
    folder: Path, lengths: list[int], samples: int
) -> None:
    clips = make_clips(folder, lengths)
    regions = split_by_manifest(clips, make_manifest(clips)).train
    blocks = cut_into_blocks(regions, samples)
    assert all(0 < block.n_samples <= samples for block in blocks)
    for region in regions:
        own = [block for block in blocks if block.clip == region.clip]
        assert [own[0].start, *(block.stop for block in own)] == [
            *(block.start for block in own),
            region.stop,
        ]


def test_few_files_are_split_in_time_and_many_by_file(folder: Path) -> None:
    few, many = make_clips(folder, [1000] * 4), make_clips(folder, [1000] * 20)
    assert [(r.start, r.stop) for r in split_by_manifest(few, make_manifest(few)).held_out] == [
        (900, 1000)
    ] * 4
    held_out = split_by_manifest(many, make_manifest(many)).held_out
    assert [(r.start, r.stop) for r in held_out] == [(0, 1000)] * 2


def test_the_split_does_not_depend_on_order_and_strangers_are_counted(folder: Path) -> None:
    clips = make_clips(folder, [1000] * 20)
    manifest = make_manifest(clips)
    held_out = {r.clip.name for r in split_by_manifest(clips, manifest).held_out}
    repeat = split_by_manifest(clips[::-1], make_manifest(clips[::-1]))
    assert {r.clip.name for r in repeat.held_out} == held_out
    strangers = split_by_manifest(clips, manifest[:15])
    assert strangers.unknown == 5
    assert len(strangers.train) + len(strangers.held_out) == 20


def test_a_corpus_that_the_codec_never_saw_still_has_something_held_out(folder: Path) -> None:
    clips = make_clips(folder, [1000] * 6)
    split = split_by_manifest(clips, [{"hash": "f" * 64, "train_until": 0}])
    assert split.unknown == 6
    assert split.train
    assert split.held_out


def sampler(folder: Path, lengths: list[int], crop: int = 48_000) -> CropSampler:
    clips = make_clips(folder, lengths)
    return CropSampler(
        split_by_manifest(clips, [{"hash": "", "train_until": 0}]).train, crop, SAMPLE_RATE, 3, HOP
    )


def test_crops_depend_on_seed_and_step_alone(folder: Path) -> None:
    a, b = sampler(folder, [9000] * 7), sampler(folder, [9000] * 7)
    b.batch(99, 2)
    assert np.array_equal(a.batch(5, 4, 0.5).audio, b.batch(5, 4, 0.5).audio)
    assert not np.array_equal(a.batch(5, 4, 0.5).audio, a.batch(6, 4, 0.5).audio)


def test_short_hits_fill_a_crop_with_silence_between(folder: Path) -> None:
    batch = sampler(folder, [2000] * 12, crop=96_000).batch(0, 4).audio
    assert batch.shape == (4, 1, 96_000)
    for crop in batch[:, 0]:
        levels = {round(float(abs(v)), 4) for v in np.unique(crop)}
        assert len(levels) > 5
        assert 0.0 in levels
        assert np.mean(crop != 0) > 0.15


@settings(max_examples=20, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 60_000), min_size=1, max_size=8), crop=st.integers(1, 50_000)
)
def test_any_lengths_make_full_crops(folder: Path, lengths: list[int], crop: int) -> None:
    batch = sampler(folder, lengths, crop).batch(0, 2, 0.5).audio
    assert batch.shape == (2, 1, crop)
    assert np.isfinite(batch).all()


def ramp_sampler(folder: Path, length: int, crop: int) -> tuple[np.ndarray, CropSampler]:
    """A sound `[length]` whose samples all differ, and crops of it."""
    path, ramp = folder / f"ramp-{length}.npy", np.arange(1, length + 1, dtype=np.float32)
    np.save(path, ramp[None])
    clip = Clip("ramp.wav", "0" * 64, length, 1, path, -20.0, -20.0)
    return ramp, CropSampler([ClipRegion(clip, 0, length)], crop, SAMPLE_RATE, 3, HOP)


def test_exact_crops_are_the_files_as_they_are_on_their_frame_grid(folder: Path) -> None:
    ramp, sampler = ramp_sampler(folder, 5 * HOP + 300, 24 * HOP)
    audio = sampler.batch(0, 8, 1.0).audio[:, 0].reshape(8, -1, HOP)
    frames = np.pad(ramp, (0, -len(ramp) % HOP)).reshape(-1, HOP)
    silence = np.zeros((1, HOP), np.float32)
    assert all(
        (frame == np.concatenate((frames, silence))).all(1).any()
        for crop in audio
        for frame in crop
    )


def test_as_many_crops_are_exact_as_asked_for_and_the_others_begin_anywhere(folder: Path) -> None:
    ramp, sampler = ramp_sampler(folder, 96_000, HOP)
    crops = sampler.batch(0, 400, 0.5)
    assert 150 < crops.exact.sum() < 250
    assert np.isin(crops.audio[crops.exact, 0, 0], ramp[::HOP]).all()
    assert np.isin(crops.audio[~crops.exact, 0, 0], ramp[::HOP]).mean() < 0.1


def weighted_regions(folder: Path, weights: list[float]) -> list[ClipRegion]:
    clips = make_clips(folder, [4 * HOP] * len(weights))
    weighted = [replace(clip, weight=w) for clip, w in zip(clips, weights, strict=True)]
    return [ClipRegion(clip, 0, clip.n_samples) for clip in weighted]


def test_a_file_is_drawn_as_often_as_its_weight_says(folder: Path) -> None:
    regions = weighted_regions(folder, [1.0, 4.0, 0.5])
    crops = CropSampler(regions, HOP, SAMPLE_RATE, 3, HOP).batch(0, 2000, 1.0).audio
    # Each file is one level throughout: 1, 2 and 3.
    counts = np.bincount(np.round(crops.max((1, 2))).astype(int), minlength=4)[1:]
    assert np.allclose(counts / counts.sum(), np.array([1.0, 4.0, 0.5]) / 5.5, atol=0.03)


def test_equal_weights_leave_every_draw_as_it_was(folder: Path) -> None:
    plain = CropSampler(weighted_regions(folder, [1.0] * 5), 9000, SAMPLE_RATE, 3, HOP)
    heavy = CropSampler(weighted_regions(folder, [3.0] * 5), 9000, SAMPLE_RATE, 3, HOP)
    assert np.array_equal(plain.batch(7, 8, 0.5).audio, heavy.batch(7, 8, 0.5).audio)
    assert relative_weights(heavy.regions) is None


def test_a_manifest_that_grows_moves_no_file_to_the_other_side(folder: Path) -> None:
    clips = make_clips(folder, [1000] * 40)
    first = make_manifest(clips[:20])
    later = extend_manifest(clips[3:], first)
    sides = {entry["hash"]: entry["train_until"] for entry in first}
    assert len(later) == 37
    assert all(
        sides.get(entry["hash"], entry["train_until"]) == entry["train_until"] for entry in later
    )
    added = [entry for entry in later if entry["hash"] not in sides]
    assert sum(entry["train_until"] == 0 for entry in added) == 2
    few = extend_manifest(clips[:22], first)
    assert all(entry["train_until"] == 1000 for entry in few[20:])


def test_generated_sound_is_never_held_out(folder: Path) -> None:
    clips = make_clips(folder, [1000] * 20)
    usual = {entry["hash"] for entry in make_manifest(clips) if not entry["train_until"]}
    generated = [replace(clip, is_generated=clip.content_hash in usual) for clip in clips]
    now = {entry["hash"] for entry in make_manifest(generated) if not entry["train_until"]}
    assert len(now) == len(usual)
    assert not now & usual
    strangers = split_by_manifest(generated, make_manifest(generated[:1]))
    assert not any(region.clip.is_generated for region in strangers.held_out)
