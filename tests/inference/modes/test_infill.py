"""A gap of a sound is regenerated."""

from pathlib import Path

import numpy as np
import pytest

from distill.audio.level import active_rms_db
from distill.inference.generate import Generated, generate
from distill.inference.modes.base import GenerationJob
from distill.inference.modes.infill import OVERLAP_S, Infill
from distill.inference.modes.request import ModeSettings, Request, Source
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def hum(n_samples: int, level: float = 0.2, channels: int = 1) -> Source:
    t = np.arange(n_samples) / SAMPLE_RATE
    tone = level * sum(np.sin(2 * np.pi * 220 * k * t) / k for k in range(1, 6))
    sides = [tone * (1 + channel) for channel in range(channels)]
    return Source("hum.wav", "ab", np.stack(sides).astype(np.float32))


def infill(
    loaded: LoadedVQModel, source: Source, start: float, stop: float, seed: int = 3
) -> Generated:
    mode = ModeSettings("infill", start=start, stop=stop)
    (sound,) = generate(loaded, Request(seed=seed, mode=mode, source=source))
    return sound


@pytest.mark.parametrize(
    ("n_samples", "start", "stop"),
    [
        (100_003, 0.7, 1.3),
        (100_003, 0.0, 0.51),
        (100_003, 0.0001, 0.5),
        (100_003, 1.4, 100_003 / SAMPLE_RATE),
        (100_003, 1.4, 2.08),
        (2000, 0.01, 0.02),
        (30_000, 0.3, 0.3001),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_all_but_the_gap_is_as_it_was(
    loaded: LoadedVQModel, n_samples: int, start: float, stop: float, channels: int
) -> None:
    source = hum(n_samples, channels=channels)
    sound = infill(loaded, source, start, stop)
    assert sound.audio.shape == (channels, n_samples)
    near = loaded.model.frame_hop // 2 + round(OVERLAP_S * SAMPLE_RATE) + 1
    begin, end = round(start * SAMPLE_RATE), round(stop * SAMPLE_RATE)
    assert np.array_equal(
        sound.audio[:, : max(0, begin - near)], source.audio[:, : max(0, begin - near)]
    )
    assert np.array_equal(sound.audio[:, end + near :], source.audio[:, end + near :])
    assert not np.array_equal(sound.audio[:, begin:end], source.audio[:, begin:end])
    assert len(sound.codes) == max(1, -(-(end - begin) // loaded.model.frame_hop))


@pytest.mark.parametrize("seed", [3, 4, 5, 6, 7, 8])
def test_both_joins_are_no_steps(loaded: LoadedVQModel, seed: int) -> None:
    source = hum(2 * SAMPLE_RATE)
    request = Request(seed=seed, mode=ModeSettings("infill", start=0.7, stop=1.3), source=source)
    job = GenerationJob(loaded, Infill.complete(request))
    rendered = Infill(job).render_one(seed, lambda done, total: None)
    begin = rendered.new_start
    end = rendered.new_stop
    assert end is not None
    steps = np.abs(np.diff(rendered.audio[0]))
    largest_own = np.abs(np.diff(source.audio[0])).max()
    # Steeper than nearly all steps of the new sound would be a click.
    inside = steps[round(0.75 * SAMPLE_RATE) : round(1.25 * SAMPLE_RATE)]
    # The source fades over just outside of the gap; inside, new sound may have attacks.
    far = round((OVERLAP_S + 0.005) * SAMPLE_RATE)
    for join in (steps[begin - far : begin], steps[end - 1 : end + far]):
        assert join.max() <= max(largest_own, np.quantile(inside, 0.999))


def test_what_is_new_is_at_the_level_of_what_is_around_it(loaded: LoadedVQModel) -> None:
    levels = [
        active_rms_db(
            infill(loaded, hum(SAMPLE_RATE, level), 0.4, 0.7).audio[:, 20_000:33_000], SAMPLE_RATE
        )
        for level in (0.3, 0.003)
    ]
    assert levels[0] - levels[1] > 20


def test_copies_are_told_of_the_new_part_alone(loaded: LoadedVQModel) -> None:
    copied = infill(loaded, hum(2 * SAMPLE_RATE), 0.7, 1.3).copy
    assert copied is not None
    assert all(0.68 <= run.output_s <= 1.31 for run in copied.runs if run)
