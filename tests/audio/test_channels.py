import itertools
import math

import numpy as np
import pytest

from distill.audio.channels import (
    ASSUMED_LAYOUT,
    MASK_SPEAKERS,
    UNKNOWN_LAYOUT,
    ChannelLayout,
    FoldMeter,
    common_layout,
    fold_blocks,
    fold_sound,
    layout_of,
    mask_layout,
)
from distill.audio.stereo import mix_channels, side_level_db

LEFT = {"L", "Lc", "Lw", "Ls", "Lb", "Tfl", "Tbl"}
RIGHT = {"R", "Rc", "Rw", "Rs", "Rb", "Tfr", "Tbr"}
MIDDLE = {"C", "Cs", "Tc", "Tfc", "Tbc"}
LESS_3_DB = math.sqrt(0.5)

# Gains of speakers that are not at -3 dB.
GAINS = {"L": 1.0, "R": 1.0, "Lc": 1.0, "Rc": 1.0, "LFE": 0.0}
GAINS |= {"Cs": 0.5, "Tc": 0.5, "Tfc": 0.5, "Tbc": 0.5}

# Mask bits of 3 to 8 speakers: all choices of eight common ones, and some of all 18.
COMMON_BITS = (0, 1, 2, 3, 4, 5, 8, 9)
MASKS = [
    sum(1 << bit for bit in bits)
    for count in range(3, 9)
    for bits in itertools.combinations(COMMON_BITS, count)
]
RNG = np.random.default_rng(0)
MASKS += [
    sum(1 << int(bit) for bit in RNG.choice(len(MASK_SPEAKERS), count, replace=False))
    for count in range(3, 9)
    for _ in range(20)
]


def noise(channels: int, n: int = 500) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (channels, n)).astype(np.float32)


def layouts(channels: int) -> list[ChannelLayout]:
    """The layouts of all `MASKS` with so many channels."""
    return [mask_layout(channels, mask) for mask in MASKS if mask.bit_count() == channels]


@pytest.mark.parametrize("channels", range(3, 9))
def test_each_speaker_of_a_mask_folds_to_its_side(channels: int) -> None:
    for layout in layouts(channels):
        assert layout.remark == ""
        for channel, speaker in enumerate(layout.speakers):
            alone = np.zeros((layout.channels, 500), np.float32)
            alone[channel] = noise(1)
            left, right = layout.fold(alone)
            gain = GAINS.get(speaker, LESS_3_DB)
            wanted_left = gain if speaker in LEFT | MIDDLE else 0.0
            wanted_right = gain if speaker in RIGHT | MIDDLE else 0.0
            np.testing.assert_allclose(left, wanted_left * alone[channel], rtol=1e-6)
            np.testing.assert_allclose(right, wanted_right * alone[channel], rtol=1e-6)


@pytest.mark.parametrize("channels", range(3, 9))
def test_a_fold_never_leaves_full_scale(channels: int) -> None:
    for layout in layouts(channels):
        loudest = np.ones((layout.channels, 3), np.float32)
        meter = FoldMeter(layout)
        meter.add(loudest)
        (folded,) = fold_blocks([loudest], layout, meter.gain)
        assert np.abs(folded).max(initial=0.0) <= 1.0 + 1e-6
        # One gain for all: the balance is that of the plain fold.
        np.testing.assert_allclose(folded, layout.fold(loudest) * meter.gain, rtol=1e-6)


@pytest.mark.parametrize("channels", range(3, 9))
def test_a_fold_is_the_same_in_blocks(channels: int) -> None:
    for layout in layouts(channels):
        audio = noise(layout.channels)
        blocks = [audio[:, :7], audio[:, 7:300], audio[:, 300:]]
        np.testing.assert_array_equal(
            np.concatenate(list(fold_blocks(blocks, layout, 0.5)), 1), layout.fold(audio) * 0.5
        )


def test_gains_of_the_recommendation() -> None:
    surround = layout_of(6, "L R C LFE Ls Rs")
    less = LESS_3_DB
    expected = [[1, 0, less, 0, less, 0], [0, 1, less, 0, 0, less]]
    np.testing.assert_allclose(surround.gains, expected, rtol=1e-6)
    single_rear = layout_of(4, "L R C Cs").gains[:, 3]
    np.testing.assert_allclose(single_rear, [0.5, 0.5])


@pytest.mark.parametrize("channels", [1, 2])
def test_mono_and_stereo_stay(channels: int) -> None:
    audio = noise(channels)
    layout = mask_layout(channels, 0b100)
    assert layout.fold(audio) is audio
    assert next(fold_blocks([audio], layout, 0.5)) is audio
    assert layout.remark == common_layout(channels).remark == ""


@pytest.mark.parametrize(
    "layout",
    [
        common_layout(3),
        common_layout(5),
        common_layout(7),
        common_layout(9),
        common_layout(16),
        mask_layout(6, 0x3),
        mask_layout(4, 0x3F),
        mask_layout(4, 0xF << 20),
        mask_layout(9, 0x1FF),
        layout_of(4, "L R ? ?"),
        layout_of(4, ""),
    ],
)
def test_unknown_channels_fold_evenly_and_are_said(layout: ChannelLayout) -> None:
    assert layout.remark == UNKNOWN_LAYOUT
    audio = noise(layout.channels)
    folded = layout.fold(audio)
    np.testing.assert_allclose(folded, [audio.mean(0)] * 2, atol=1e-6)
    assert side_level_db([folded]) < -100


@pytest.mark.parametrize("channels", [4, 6, 8])
def test_common_orders_are_said(channels: int) -> None:
    layout = common_layout(channels)
    assert layout.remark.startswith(ASSUMED_LAYOUT)
    assert layout.speakers[:2] == ("L", "R")
    assert channels == 4 or layout.speakers[2:4] == ("C", "LFE")


def test_arrays_fold_like_files_of_no_layout() -> None:
    audio = noise(6)
    folded = fold_sound(audio)
    expected = common_layout(6).fold(audio)
    assert np.abs(expected).max() > 1.0
    np.testing.assert_allclose(folded, expected / np.abs(expected).max(), atol=1e-6)
    np.testing.assert_array_equal(mix_channels(audio, 2), expected)
    np.testing.assert_allclose(mix_channels(audio, 1)[0], expected.mean(0), atol=1e-7)
    assert fold_sound(audio[:2]).shape == (2, 500)


def test_a_quiet_fold_keeps_its_level_and_floats_their_headroom() -> None:
    layout = layout_of(6, "L R C LFE Ls Rs")
    for factor, gain in ((0.1, 1.0), (4.0, 1.0)):
        stereo_only = np.zeros((6, 100), np.float32)
        stereo_only[:2] = factor
        meter = FoldMeter(layout)
        meter.add(stereo_only)
        assert meter.gain == gain


@pytest.mark.parametrize(
    ("order", "sounding", "cause"),
    [
        ("L R C LFE Ls Rs", {3: 1.0}, "silent once folded to stereo (only its LFE channel sounds)"),
        ("", {0: 1.0, 1: -1.0}, "silent once folded to stereo (its channels cancel)"),
        ("L R C LFE Ls Rs", {3: 1.0, 0: 0.01}, ""),
        ("L R C LFE Ls Rs", {2: 1.0}, ""),
        ("L R C LFE Ls Rs", {}, ""),
    ],
)
def test_a_lost_sound_has_a_measured_reason(
    order: str, sounding: dict[int, float], cause: str
) -> None:
    layout = layout_of(6, order)
    audio = np.zeros((6, 500), np.float32)
    for channel, factor in sounding.items():
        audio[channel] = factor * noise(1)
    meter = FoldMeter(layout)
    meter.add(audio)
    assert meter.loss == cause


def test_unfolded_stereo_folds_back() -> None:
    layout = layout_of(6, "L C R Lb Rb LFE")
    stereo = noise(2)
    unfolded = layout.unfold(stereo)
    assert unfolded.shape == (6, 500)
    np.testing.assert_allclose(layout.fold(unfolded), stereo, atol=1e-5)
