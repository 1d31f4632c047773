"""Going on from a sound."""

from pathlib import Path

import numpy as np
import pytest

from distill.audio.level import active_rms_db
from distill.errors import UsageError
from distill.inference.generate import Generated, generate
from distill.inference.modes.continuation import OVERLAP_S
from distill.inference.modes.request import ModeSettings, Request, Source
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE

OVERLAP = round(OVERLAP_S * SAMPLE_RATE)


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def hum(seconds: float, level: float = 0.2, channels: int = 1) -> Source:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = level * sum(np.sin(2 * np.pi * 220 * k * t) / k for k in range(1, 6))
    sides = [tone * (1 + channel) for channel in range(channels)]
    return Source("hum.wav", "ab", np.stack(sides).astype(np.float32))


def go_on(
    loaded: LoadedVQModel, source: Source, duration: float = 1.0, **options: object
) -> Generated:
    mode = ModeSettings("continue")
    request = Request(duration, seed=3, mode=mode, source=source, **options)  # type: ignore[arg-type]
    (sound,) = generate(loaded, request)
    return sound


@pytest.mark.parametrize("n_samples", [1, 500, 4096, 47_999, 100_000])
def test_the_source_comes_first_as_it_is(loaded: LoadedVQModel, n_samples: int) -> None:
    whole = hum(3)
    source = whole._replace(audio=whole.audio[:, 7 : 7 + n_samples])
    sound = go_on(loaded, source, 0.5)
    assert sound.audio.shape == (1, n_samples + SAMPLE_RATE // 2)
    kept = max(0, n_samples - OVERLAP - round(0.01 * SAMPLE_RATE))
    assert np.array_equal(sound.audio[:, :kept], source.audio[:, :kept])
    assert len(sound.codes) == -(-SAMPLE_RATE // 2 // loaded.model.frame_hop)


def test_the_join_is_no_step(loaded: LoadedVQModel) -> None:
    source = hum(1.0137)
    audio = go_on(loaded, source).audio
    steps = np.abs(np.diff(audio[0]))
    join, near = source.audio.shape[1], round(0.005 * SAMPLE_RATE)
    # Up to the join only: what comes after it is new sound alone, which may begin with an attack.
    around = steps[join - OVERLAP - near : join]
    assert around.max() <= max(
        steps[: join - OVERLAP].max(), np.quantile(steps[join + near :], 0.999)
    )


def test_it_goes_on_at_the_level_of_the_source(loaded: LoadedVQModel) -> None:
    """Not at that of the corpus, which is the same for both."""
    levels = []
    for level in (0.3, 0.003):
        source = hum(2, level)
        sound = go_on(loaded, source)
        new = sound.audio[:, source.audio.shape[1] :]
        levels.append(active_rms_db(new, SAMPLE_RATE))
        heard = active_rms_db(
            sound.audio[:, source.audio.shape[1] :][:, : SAMPLE_RATE // 10], SAMPLE_RATE
        )
        assert abs(heard - active_rms_db(source.audio, SAMPLE_RATE)) < 15
    assert levels[0] - levels[1] > 20


def test_it_keeps_the_channels_of_the_source(loaded: LoadedVQModel) -> None:
    assert go_on(loaded, hum(0.5, 0.1, channels=2)).audio.shape == (2, 72_000)


def test_what_went_before_decides(loaded: LoadedVQModel) -> None:
    other = hum(2)
    other = other._replace(
        audio=other.audio * np.linspace(1, 0, other.audio.shape[1], dtype=np.float32) ** 4
    )
    assert not np.array_equal(go_on(loaded, hum(2)).codes, go_on(loaded, other).codes)


def test_longer_begins_alike(loaded: LoadedVQModel) -> None:
    source = hum(1)
    short, long = go_on(loaded, source, 0.5), go_on(loaded, source, 1.0)
    alike = short.audio.shape[1] - round(0.02 * SAMPLE_RATE)
    assert np.abs(short.audio[:, :alike] - long.audio[:, :alike]).max() < 1e-4


def test_copies_are_told_of_the_new_part_alone(loaded: LoadedVQModel) -> None:
    source = hum(2)
    copied = go_on(loaded, source).copy
    assert copied is not None
    assert all(run.output_s >= 2 for run in copied.runs if run)
    assert copied.passage is None or 2 <= copied.passage.output_s < 3


def test_another_sound_to_hear_first_is_refused(loaded: LoadedVQModel) -> None:
    with pytest.raises(UsageError, match="leave out --like"):
        go_on(loaded, hum(1), sampling=Sampling(like="low"))
