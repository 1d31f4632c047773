import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.training.prior.streams import concatenate, cut_piece, split_stream


def sequences(lengths: list[int]) -> list[torch.Tensor]:
    return [torch.full((n, 2), i) for i, n in enumerate(lengths)]


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), data=st.data())
def test_sounds_stay_whole_and_are_marked(lengths: list[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(lengths))))
    stream = concatenate(sequences(lengths), order)
    assert len(stream.codes) == sum(lengths)
    assert stream.codes[stream.starts][:, 0].tolist() == list(order)
    assert stream.codes[stream.ends][:, 0].tolist() == list(order)
    # Each end is followed by a start, round the corner too.
    assert torch.equal(stream.starts, stream.ends.roll(1))


def test_cutting_goes_round_and_windows_cover_all() -> None:
    stream = concatenate(sequences([3, 2]), [0, 1])
    assert cut_piece(stream, 4, 3).codes[:, 0].tolist() == [1, 0, 0]
    assert [len(w.codes) for w in split_stream(stream, 2)] == [2, 2, 1]
    assert torch.equal(torch.cat([w.codes for w in split_stream(stream, 2)]), stream.codes)


def test_a_part_of_a_sound_has_no_ending() -> None:
    stream = concatenate(sequences([3, 2, 2]), [2, 0, 1], cut_off=[True, False, False])
    assert stream.ends.nonzero()[:, 0].tolist() == [1, 6]
    assert stream.starts.nonzero()[:, 0].tolist() == [0, 2, 5]
