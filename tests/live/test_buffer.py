"""Sound between the thread that draws and the device that plays."""

import numpy as np

from distill.live.buffer import RAMP_SAMPLES, SoundBuffer


def ramp(start: int, n: int) -> np.ndarray:
    return np.arange(start, start + n, dtype=np.float32)[None] + 1


def test_what_goes_in_comes_out_in_order_in_any_pieces() -> None:
    buffer = SoundBuffer(1, target=100, most=1000)
    assert not buffer.pull(10).any(), "silence before there is enough"
    for start in range(0, 600, 60):
        buffer.push(ramp(start, 60))
    parts = [buffer.pull(n) for n in (1, 7, 200, 150)]
    assert np.array_equal(np.concatenate(parts, 1), ramp(0, 358))
    assert buffer.filled == 242
    assert buffer.underruns == 0
    assert not buffer.wait_for_room(0)
    buffer.pull(150)
    assert buffer.wait_for_room(0)


def test_an_underrun_is_counted_falls_without_a_step_and_makes_the_buffer_grow() -> None:
    buffer = SoundBuffer(1, target=512, most=1000)
    buffer.push(np.ones((1, 512), np.float32))
    output = buffer.pull(600)
    assert buffer.underruns == 1
    assert buffer.target == 768
    assert np.abs(np.diff(output[0, :600])).max() < 1.5 / RAMP_SAMPLES
    assert not output[0, 512:].any()
    buffer.push(np.ones((1, 512), np.float32))
    assert not buffer.pull(100).any(), "it waits until as much as it wants is there"
    buffer.push(np.ones((1, 512), np.float32))
    after = buffer.pull(500)
    assert np.abs(np.diff(after[0])).max() < 1.5 / RAMP_SAMPLES
    assert after[0, -1] == 1
    buffer.push(np.ones((1, 10), np.float32))
    buffer.pull(2000)
    assert buffer.target == 1000, "but not beyond its bound"


def test_the_end_fades_at_once_or_at_the_last_sample() -> None:
    for at_once, length in ((True, 100), (False, 512)):
        buffer = SoundBuffer(2, target=512, most=1000)
        buffer.push(np.ones((2, 512), np.float32))
        buffer.end(100, at_once)
        output = buffer.pull(600)
        assert (output[:, : length - 100] == 1).all()
        assert output[0, length - 1] == 0
        assert np.abs(np.diff(output[0])).max() < 0.02
        assert buffer.is_drained.is_set()
        assert buffer.underruns == 0, "nothing is missing after the end"


def test_a_sound_that_never_began_ends() -> None:
    buffer = SoundBuffer(1, target=512, most=1000)
    buffer.end(100, at_once=True)
    assert buffer.is_drained.is_set()
