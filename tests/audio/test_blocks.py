import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.blocks import slice_blocks, windows


def stream(lengths: list[int]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Two channels that count, whole and in blocks of these lengths."""
    whole = np.arange(2 * sum(lengths)).reshape(2, -1)
    return whole, np.split(whole, np.cumsum(lengths)[:-1], axis=1)


@given(
    lengths=st.lists(st.integers(0, 40), min_size=1),
    size=st.integers(1, 30),
    margin=st.integers(0, 50),
)
def test_windows_keep_each_sample_once_and_show_what_is_around(
    lengths: list[int], size: int, margin: int
) -> None:
    whole, blocks = stream(lengths)
    at = 0
    for sound, core in windows(blocks, size, margin):
        stop = at + core.stop - core.start
        assert np.array_equal(sound, whole[:, max(0, at - margin) : stop + margin])
        assert np.array_equal(sound[:, core], whole[:, at:stop])
        assert stop - at == size or (stop == whole.shape[1] and stop - at <= size + margin)
        at = stop
    assert at == whole.shape[1]


@given(
    lengths=st.lists(st.integers(0, 40), min_size=1),
    start=st.integers(0, 200),
    n=st.integers(1, 200),
)
def test_between_is_a_slice(lengths: list[int], start: int, n: int) -> None:
    whole, blocks = stream(lengths)
    parts = list(slice_blocks(iter(blocks), start, start + n))
    result = np.concatenate(parts, axis=1) if parts else whole[:, :0]
    assert np.array_equal(result, whole[:, start : start + n])


def test_between_asks_for_no_more_than_it_needs() -> None:
    blocks = iter(stream([10, 10, 10])[1])
    assert sum(block.shape[1] for block in slice_blocks(blocks, 5, 20)) == 15
    assert len(list(blocks)) == 1
