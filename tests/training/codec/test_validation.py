"""Validation of a codec: distances, stereo image, use of the codebooks."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion, make_manifest, split_by_manifest
from distill.models.losses import MelLoss
from distill.models.persistence import load_model_v2
from distill.settings import SAMPLE_RATE
from distill.training.codec.validation import (
    HEALTH_STEPS,
    RecentCounts,
    corpus_counts,
    count_codes,
    loud_seconds,
    measure_distances,
    measure_health,
    stereo_image,
)
from tests.conftest import pluck


@pytest.fixture
def regions(corpus_dir: Path) -> tuple[ClipRegion, ...]:
    clips = scan_corpus(corpus_dir).clips
    return split_by_manifest(clips, make_manifest(clips)).train


def test_codes_are_counted_level_by_level() -> None:
    codes = torch.tensor([[0, 2], [0, 1], [3, 1]])
    expected = [[2, 0, 0, 1], [0, 2, 1, 0]]
    assert count_codes(codes, 4).tolist() == expected
    assert count_codes(codes.reshape(1, 3, 2), 4).tolist() == expected
    assert count_codes(codes.repeat(2, 1, 1), 4).tolist() == (2 * torch.tensor(expected)).tolist()


def test_recent_counts_forget_and_go_on_from_their_state() -> None:
    counts = RecentCounts(4)
    assert counts.total().shape == (0, 4)
    counts.add(count_codes(torch.zeros(1, 5, 2, dtype=torch.long), 4))
    for _ in range(HEALTH_STEPS):
        counts.add(count_codes(torch.ones(1, 5, 2, dtype=torch.long), 4))
    assert counts.total().tolist() == [[0, 5 * HEALTH_STEPS, 0, 0]] * 2
    other = RecentCounts(4)
    other.restore(counts.state())
    assert torch.equal(other.total(), counts.total())


def test_health_of_even_and_uneven_use() -> None:
    even, single = measure_health(torch.tensor([[5, 5, 5, 5], [20, 0, 0, 0]]))
    assert (even.name, even.utilisation, even.dead_codes) == ("Structure", 1.0, 0)
    assert even.perplexity == pytest.approx(4)
    assert (single.name, single.utilisation, single.dead_codes) == ("Detail", 0.25, 3)
    assert single.perplexity == pytest.approx(1)
    assert measure_health(torch.zeros(0, 4)) == ()


def test_every_frame_of_the_corpus_is_counted_once(
    codec_only: Path, regions: tuple[ClipRegion, ...]
) -> None:
    codec = load_model_v2(codec_only).model
    counts = corpus_counts(codec, regions)
    frames = sum(-(-region.n_samples // codec.frame_hop) for region in regions)
    assert counts.shape == (3, 32)
    assert counts.sum(1).tolist() == pytest.approx([frames] * 3, abs=len(regions))
    assert len(set(counts.sum(1).tolist())) == 1


def test_seconds_are_spread_over_regions(codec_only: Path, regions: tuple[ClipRegion, ...]) -> None:
    codec = load_model_v2(codec_only).model
    parts = loud_seconds(codec, regions, 0.7)
    assert [part.clip for part in parts] == [region.clip for region in regions]
    for part, region in zip(parts, regions, strict=True):
        assert region.start <= part.start < part.stop <= region.stop
        assert (part.start - region.start) % codec.frame_hop == 0
    longest = int(0.7 * SAMPLE_RATE / len(regions))
    assert all(part.n_samples <= longest for part in parts)
    many = loud_seconds(codec, regions * 10, 1.0)
    assert len(many) == 24


@pytest.fixture
def odd(tmp_path: Path) -> tuple[ClipRegion, ...]:
    """A sound after two seconds of a quiet room, that room alone, and loud white noise."""
    rng = np.random.default_rng(0)
    room = 1e-4 * rng.standard_normal(2 * SAMPLE_RATE)
    sounds = {
        "late": np.concatenate([room, pluck(220.0, 1.0, 1)]),
        "silent": room,
        "noise": 0.3 * rng.standard_normal(SAMPLE_RATE).clip(-3, 3),
    }
    for name, sound in sounds.items():
        sf.write(tmp_path / f"{name}.wav", sound, SAMPLE_RATE, "FLOAT")
    clips = scan_corpus(tmp_path).clips
    by_name = {clip.name: ClipRegion(clip=clip, start=0, stop=clip.n_samples) for clip in clips}
    return tuple(by_name[f"{name}.wav"] for name in sounds)


def test_the_loudest_stretch_is_judged_and_silence_is_not(
    codec_only: Path, odd: tuple[ClipRegion, ...]
) -> None:
    codec = load_model_v2(codec_only).model
    late, silent, _ = odd
    (part,) = loud_seconds(codec, [late], 0.5)
    assert part.start > 1.5 * SAMPLE_RATE
    assert part.start % codec.frame_hop == 0
    assert [each.clip for each in loud_seconds(codec, [late, silent], 1.0)] == [late.clip]
    assert len(loud_seconds(codec, [silent], 1.0)) == 1


def test_no_silent_or_odd_file_bends_a_distance(
    codec_only: Path, regions: tuple[ClipRegion, ...], odd: tuple[ClipRegion, ...]
) -> None:
    codec = load_model_v2(codec_only).model
    loss = MelLoss(SAMPLE_RATE)
    _, silent, noise = odd
    many = regions[:4] * 5
    alone = [measure_distances(codec, loss, [each], []).own for each in (*regions[:4], noise)]
    plain = measure_distances(codec, loss, many, []).own
    bent = measure_distances(codec, loss, [*many[:-2], silent, noise], []).own
    # The noise counts as no more than the furthest of the others.
    assert max(alone[:4]) < alone[4]
    assert bent == pytest.approx(plain, abs=max(alone[:4]) - min(alone[:4]))
    assert bent < plain + (alone[4] - plain) / 40


def test_distances_are_those_of_their_sounds(
    codec_only: Path, regions: tuple[ClipRegion, ...]
) -> None:
    codec = load_model_v2(codec_only).model
    loss = MelLoss(SAMPLE_RATE)
    both = measure_distances(codec, loss, regions[:2], regions[2:])
    swapped = measure_distances(codec, loss, regions[2:], regions[:2])
    assert both.held_out is not None
    # The seconds of each differ, but the sounds are shorter than both.
    assert (swapped.own, swapped.held_out) == pytest.approx((both.held_out, both.own))
    assert measure_distances(codec, loss, regions, []).held_out is None


def test_mono_has_no_stereo_image(codec_only: Path, regions: tuple[ClipRegion, ...]) -> None:
    assert stereo_image(load_model_v2(codec_only).model, regions) == {}


def test_a_distance_is_above_zero_for_an_untrained_codec(
    codec_only: Path, regions: tuple[ClipRegion, ...]
) -> None:
    distances = measure_distances(
        load_model_v2(codec_only).model, MelLoss(SAMPLE_RATE), regions, []
    )
    assert np.isfinite(distances.own)
    assert distances.own > 0.5
