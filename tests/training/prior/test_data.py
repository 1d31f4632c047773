import numpy as np
import torch

from distill.training.prior.data import (
    PriorCodes,
    batch_shapes,
    draw_ahead,
    draw_batches,
    sample_sequences,
    validation_pieces,
)
from distill.training.prior.streams import Stream, move_end_to_front
from distill.training.prior_config import PriorConfig


def test_what_follows_is_heard_first_in_a_share_of_batches() -> None:
    rng = np.random.default_rng(0)
    draws = np.array([draw_ahead(0.3, 192, 47.0, rng) for _ in range(1000)])
    assert 0.25 < (draws > 0).mean() < 0.35
    assert 10 < draws[draws > 0].min() < 20
    assert 85 < draws.max() <= 94
    assert {draw_ahead(1.0, 8, 47.0, rng) for _ in range(20)} == {4}


def test_the_end_of_every_piece_moves_to_its_front() -> None:
    time = torch.arange(6).expand(2, 6)
    codes = time[..., None].expand(2, 6, 3)
    metre = time[..., None].expand(2, 6, 2) / 6
    batch = move_end_to_front(Stream(codes, time == 4, time == 5, metre), 2)
    assert batch.codes[0, :, 0].tolist() == [4, 5, 0, 1, 2, 3]
    assert torch.equal(batch.metre[..., 0] * 6, batch.codes[..., 0].float())
    assert batch.starts[1].nonzero().tolist() == [[0]]
    assert batch.ends[1].nonzero().tolist() == [[1]]


def sounds(*lengths: int) -> list[torch.Tensor]:
    """Codes `[T, 2]` that count frames, and name their sound."""
    return [torch.stack([torch.arange(n), torch.full((n,), i)], 1) for i, n in enumerate(lengths)]


def test_every_fourth_batch_is_as_long_as_the_context_and_no_larger() -> None:
    shapes = batch_shapes(PriorConfig(context_s=8.0, piece_s=4.0, batch_size=4, long_every=4), 47.0)
    assert shapes == [(4, 188)] * 3 + [(2, 376)]
    assert batch_shapes(PriorConfig(long_every=0), 47.0) == [(4, 188)]
    assert batch_shapes(PriorConfig(context_s=1.0, batch_size=1), 47.0) == [(1, 47)] * 4


def test_batches_take_their_shapes_in_turn_and_come_again() -> None:
    codes = PriorCodes([[sound] for sound in sounds(40, 7)], [])
    shapes = batch_shapes(PriorConfig(context_s=1.0, piece_s=0.5, batch_size=2, long_every=3), 20.0)

    def draws(seed: int) -> list[list[torch.Tensor]]:
        batches = draw_batches(codes, [False, False], shapes, 7, np.random.default_rng(seed))
        return [[piece.codes for piece in batch] for batch in batches]

    assert [(len(batch), len(batch[0])) for batch in draws(0)] == [
        (2, 10),
        (2, 10),
        (1, 20),
    ] * 2 + [(2, 10)]
    pairs = zip(draws(0), draws(0), draws(1), strict=True)
    alike = [[torch.equal(a[0], b[0]) for b in (repeat, other)] for a, repeat, other in pairs]
    assert all(same for same, _ in alike)
    assert not all(same for _, same in alike)


def test_a_sound_comes_as_often_as_its_weight_says() -> None:
    codes = PriorCodes(train=[[torch.full((4, 2), i)] for i in range(3)], held_out=[])
    shapes = batch_shapes(PriorConfig(context_s=1.0, piece_s=1.0, batch_size=8, long_every=0), 8.0)
    weights = np.array([0.3, 0.6, 2.1])
    counts = np.zeros(3)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        for batch in draw_batches(codes, [False] * 3, shapes, 1, rng, weights):
            frames = torch.cat([piece.codes[:, 0] for piece in batch])
            counts += torch.bincount(frames, minlength=3).numpy()
    assert np.allclose(counts / counts.sum(), weights / 3, atol=0.04)


def test_some_sounds_are_whole_but_the_last() -> None:
    own_pieces = sounds(*[10] * 6)
    sample = sample_sequences(own_pieces, 25, seed=0)
    assert [len(sound) for sound in sample] == [10, 10, 5]
    assert len({int(sound[0, 1]) for sound in sample}) == 3
    assert len(torch.cat(sample_sequences(own_pieces, 1000, seed=0))) == 60


def test_a_long_corpus_is_judged_by_ten_minutes_from_all_places() -> None:
    # Two hours held out, at 10 frames a second.
    held_out = sounds(30_000, 42_000)
    pieces, _ = validation_pieces(PriorCodes([sounds(400)], held_out), 40, 10.0, seed=0)
    assert sum(len(piece.codes) for piece in pieces) == 6000
    firsts = torch.stack([piece.codes[0] for piece in pieces])
    assert set(firsts[:, 1].tolist()) == {0, 1}
    gaps = (firsts[:, 0] + 30_000 * firsts[:, 1]).diff()
    assert gaps.min() >= 800
    assert gaps.max() <= 1040


def test_as_much_of_ones_own_is_judged_as_is_held_out_and_no_hour_of_it() -> None:
    train = [[sound, sound + 1] for sound in sounds(400, 400, 400)]
    for held_out, frames in ((sounds(150, 60), 210), (sounds(30), 200), (sounds(5000), 1200)):
        held_pieces, own_pieces = validation_pieces(PriorCodes(train, held_out), 40, 10.0, seed=0)
        assert sum(len(piece.codes) for piece in held_pieces) == sum(map(len, held_out))
        assert sum(len(piece.codes) for piece in own_pieces) == frames
        assert max(len(piece.codes) for piece in (*held_pieces, *own_pieces)) == 80
        assert all((piece.codes[:, 1] < 3).all() for piece in own_pieces), (
            "in the encoding that is not moved"
        )


def test_without_held_out_sounds_all_is_judged_by_ones_own() -> None:
    held_pieces, own_pieces = validation_pieces(
        PriorCodes([[sound] for sound in sounds(30)], []), 10, 10.0, seed=0
    )
    assert [piece.codes.tolist() for piece in held_pieces] == [
        piece.codes.tolist() for piece in own_pieces
    ]
