"""The timer of the speed benchmarks, and the untrained models that it times."""

from itertools import count

import pytest
import torch

from benchmarks import timing


def test_the_median_of_the_runs_is_taken_after_a_warm_up() -> None:
    # A clock that reads the running total of these seconds of work.
    lengths = iter([50.0, 1.0, 9.0, 2.0])
    now = [0.0]

    def work() -> None:
        now[0] += next(lengths)

    assert timing.median_s(work, runs=3, clock=lambda: now[0]) == 2.0


def test_without_a_warm_up_the_first_run_counts() -> None:
    lengths = iter([5.0, 1.0, 9.0])
    now = [0.0]

    def work() -> None:
        now[0] += next(lengths)

    assert timing.median_s(work, runs=3, clock=lambda: now[0], warm_up=False) == 5.0


def test_the_pace_leaves_out_the_context() -> None:
    frames = count()
    pace = timing.pace(
        frames, frame_rate=100.0, context=10, seconds=0.9, device=torch.device("cpu")
    )
    assert pace > 0
    assert next(frames) == 10 + timing.TIMED_PARTS * 30


def test_an_untrained_prior_has_the_shape_of_its_codebooks() -> None:
    codebooks = torch.randn(2, 4, 8)
    prior = timing.untrained_prior(codebooks, frame_rate=20.0, files=5)
    assert prior.num_quantizers == 2
    assert prior.codebook_size == 4
    assert prior.pointer is not None
    speed = timing.untrained_pace(
        prior, frame_rate=20.0, streams=1, seconds=0.2, device=torch.device("cpu")
    )
    assert speed > 0


def test_an_untrained_model_has_the_default_codec() -> None:
    loaded = timing.load_or_untrained(None)
    assert loaded.model.channels in (1, 2)
    assert loaded.prior is None


def test_the_realtime_factor_is_sound_per_work() -> None:
    factor = timing.realtime_factor(10.0, lambda: sum(range(200_000)), threads=1)
    assert factor == pytest.approx(10.0 / timing.median_s(lambda: sum(range(200_000))), rel=0.9)
