"""The sound that a file is tried with."""

from pathlib import Path

import torch

import distill
from distill.hosts.sample import sample_sound


def test_it_comes_from_the_recordings_of_the_model(trained: Path) -> None:
    model = distill.load(trained, "cpu", 1)
    sound, source = sample_sound(model, 200)
    assert source == "recordings"
    assert sound.shape == (1, 200 * 1024)
    again, _ = sample_sound(model, 200)
    assert torch.equal(sound, again)
    assert sound.abs().max() > 0.01


def test_without_recordings_it_is_noise(make_codec, make_model) -> None:
    sound, source = sample_sound(make_model(make_codec(2)), 100)
    assert source == "noise"
    assert sound.shape == (2, 100 * 1024)
    assert 0.1 < sound.abs().max() < 1
    assert not torch.equal(sound[0], sound[1])
