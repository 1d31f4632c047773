"""Steering a stream while it runs."""

import threading
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import distill
from distill.errors import UsageError
from distill.models.persistence import LoadedVQModel


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", 1)


def codes(stream: distill.Stream, blocks: int) -> np.ndarray:
    """Codes `[T, Q]` of the next blocks."""
    return np.concatenate([block.codes for block in islice(stream.blocks(), blocks)])


def test_what_is_steered_before_the_first_block_sounds_as_steered_from_the_start(
    model: LoadedVQModel,
) -> None:
    """Without a prompt, which is chosen before."""
    settings = {"loudness": 30, "tags": {"low": 1.0}, "guidance": 2.0}
    stream = distill.stream(model, 5, lead_in=0, free_time=True)
    stream.steer(**settings)
    expected = distill.stream(model, 5, lead_in=0, free_time=True, **settings)
    assert np.array_equal(codes(stream, 8), codes(expected, 8))
    assert stream.steering == expected.steering


def test_steering_changes_what_comes_and_nothing_before(model: LoadedVQModel) -> None:
    plain = codes(distill.stream(model, 3), 16)
    stream = distill.stream(model, 3)
    begin = codes(stream, 4)
    stream.steer(brightness=100, guidance=20)
    rest = codes(stream, 12)
    assert np.array_equal(begin, plain[: len(begin)])
    assert not np.array_equal(rest, plain[len(begin) :])
    # Freed before anything was drawn, it is as if nothing had been said.
    stream = distill.stream(model, 3)
    stream.steer(brightness=100, guidance=20)
    stream.steer(brightness=None)
    assert np.array_equal(codes(stream, 16), plain)


def test_the_sound_follows_where_it_is_steered(model: LoadedVQModel) -> None:
    """Low notes for low, high notes for high: as a share of codes of the folder's own sounds."""
    stream = distill.stream(model, 3, lead_in=0)
    means = {}
    for tag in ("low", "high", "low "):
        stream.steer(tags={tag.strip(): 1.0}, guidance=20)
        # Events of before last into these.
        codes(stream, 4)
        sounds = np.concatenate([block.sound for block in islice(stream.blocks(), 12)], 1)
        power = np.abs(np.fft.rfft(sounds[0])) ** 2
        hz = np.fft.rfftfreq(sounds.shape[1], 1 / model.model.sample_rate)
        means[tag] = (power * hz).sum() / power.sum()
    assert means["high"] > max(means["low"], means["low "])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"brightness": 101}, "between 0 and 100"),
        ({"tags": {"violin": 1.0}}, "no tag 'violin'"),
        ({"colour": 3}, "nothing 'colour' to steer"),
        ({"guidance": "much"}, "by these values"),
        ({"tags": 3}, "by these values"),
        ({"pitch": [20, 80]}, "must increase"),
    ],
)
def test_what_cannot_be_followed_changes_nothing(
    model: LoadedVQModel, changes: dict[str, object], words: str
) -> None:
    stream = distill.stream(model, 3, brightness=40)
    before = stream.steering
    with pytest.raises(UsageError, match=words):
        stream.steer(**changes)
    assert stream.steering == before


def test_changes_of_many_threads_all_last(model: LoadedVQModel) -> None:
    stream = distill.stream(model, 3)
    names = ("loudness", "brightness", "noisiness", "onsets")
    threads = [threading.Thread(target=stream.steer, kwargs={name: 50}) for name in names]
    for thread in threads:
        thread.start()
    codes(stream, 2)
    for thread in threads:
        thread.join()
    assert all(stream.steering.curve(name) == ((0.0, 50.0),) for name in names)
