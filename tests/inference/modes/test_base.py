"""What all modes share: a job with its frame bank."""

from pathlib import Path

import pytest

from distill.inference.modes.base import GenerationJob
from distill.inference.modes.request import Request
from distill.inference.sampling.steering import Steering
from distill.models.persistence import LoadedVQModel, load_model_v2


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.mark.parametrize(
    ("steering", "ends"),
    [({}, True), ({"brightness": ((0.0, 50.0),)}, True), ({"loudness": ((0.0, 9.0),)}, False)],
)
def test_silence_lasts_only_where_loudness_is_asked_for(
    loaded: LoadedVQModel, steering: dict, ends: bool
) -> None:
    job = GenerationJob(loaded, Request(1.0, steering=Steering(**steering)))
    assert job.frame_bank is not None
    assert (job.frame_bank.longest_silence is not None) is ends
    assert job.frame_bank is job.frame_bank
