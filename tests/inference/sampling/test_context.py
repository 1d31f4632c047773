"""Facts of the corpus that a draw takes from the model file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from distill.audio.pulse import Pulse
from distill.inference.sampling.context import (
    bar_beats,
    corpus_tempo,
    event_bank_for,
    keeps_time,
    length_limits,
    tempo_for,
)
from distill.inference.sampling.lead_in import LeadIn
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.models.prior_metadata import Recording


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def pulse(tempo: float, beats_a_bar: int = 4) -> Pulse:
    return Pulse(
        tempo=tempo,
        beats=np.arange(8) * 60 / tempo,
        bar_beats=beats_a_bar,
        first_downbeat=0,
        confidence=1.0,
    )


def with_tempos(loaded: LoadedVQModel, tempos: Sequence[float | None]) -> LoadedVQModel:
    """The model with as many recordings, each of that tempo, if any; named by their number."""
    entry = loaded.prior_facts.recordings[0]
    recordings = [
        replace(entry, name=str(i), pulse=None if tempo is None else pulse(tempo)).to_dict()
        for i, tempo in enumerate(tempos)
    ]
    metadata = {**(loaded.prior_metadata or {}), "recordings": recordings}
    return replace(loaded, prior_metadata=metadata)


def prompt(*names: str) -> LeadIn:
    return LeadIn(
        codes=torch.zeros(1, 3, dtype=torch.long),
        starts=torch.zeros(1, dtype=torch.bool),
        ends_sound=False,
        names=names,
    )


def test_sounds_last_as_long_as_those_of_the_corpus(loaded: LoadedVQModel) -> None:
    """Plucks of 0.15 to 0.92 s; some are held out."""
    limits = length_limits(loaded)
    assert 0.1 * loaded.model.frame_rate <= limits.shortest < 0.4 * loaded.model.frame_rate
    assert limits.longest is not None
    assert (
        limits.shortest
        < 0.6 * loaded.model.frame_rate
        < limits.longest
        <= 0.95 * loaded.model.frame_rate
    )


def test_events_of_all_recordings_that_the_file_keeps(loaded: LoadedVQModel) -> None:
    bank = event_bank_for(loaded)
    assert bank is not None
    names = [recording.name for recording in loaded.prior_facts.recordings]
    assert [recording.name for recording in bank.recordings] == names
    assert event_bank_for(replace(loaded, prior_metadata=None)) is None


def test_the_tempo_is_that_of_the_prompt(loaded: LoadedVQModel) -> None:
    model = with_tempos(loaded, [100.0, None, 140.0])
    settings = Sampling()
    assert tempo_for(model, settings, prompt("0"), seed=1) == 100
    assert tempo_for(model, settings, prompt("0", "2"), seed=1) == 140
    assert tempo_for(model, settings, prompt("2", "1"), seed=1) == 140


def test_settings_go_before_the_prompt(loaded: LoadedVQModel) -> None:
    model = with_tempos(loaded, [100.0])
    assert tempo_for(model, Sampling(tempo=77.0), prompt("0"), seed=1) == 77
    assert tempo_for(model, Sampling(free_time=True), prompt("0"), seed=1) is None


def test_a_prompt_without_a_beat_takes_one_of_the_corpus(loaded: LoadedVQModel) -> None:
    model = with_tempos(loaded, [100.0, None, 140.0])
    tempos = {tempo_for(model, Sampling(), prompt("1"), seed) for seed in range(20)}
    assert tempos == {100.0, 140.0}
    # Unless it was asked for, or most recordings have none.
    assert tempo_for(model, Sampling(like="1"), prompt("1"), seed=1) is None
    sparse = with_tempos(loaded, [100.0, None, None])
    assert tempo_for(sparse, Sampling(), prompt("1"), seed=1) is None


def test_beats_of_the_corpus() -> None:
    codes = torch.zeros(4, 3, dtype=torch.long)
    tempos = [(90.0, 3), (100.0, 4), (110.0, 4)]
    recordings = [
        Recording(name="", codes=codes, whole=True, pulse=pulse(*facts)) for facts in tempos
    ]
    assert (corpus_tempo(recordings), bar_beats(recordings)) == (100.0, 4)
    free = [replace(recording, pulse=None) for recording in recordings]
    assert (corpus_tempo(free), bar_beats(free), keeps_time(free)) == (None, 4, False)
    assert keeps_time(recordings + free)
    assert not keeps_time([*recordings, *free, free[0]])
    assert not keeps_time([])
