import json
from pathlib import Path

import pytest

from distill.library.comparison import Couple
from distill.library.player_requests import (
    KINDS,
    CompareModels,
    CompareSounds,
    ConvertSound,
    CountCodes,
    Decode,
    DecodeDocument,
    DecodeEntry,
    DrawSound,
    Edit,
    EditDocument,
    Encode,
    FindSources,
    Generate,
    MakeAgain,
    MeasureCurves,
    MeasureLoudness,
    Picture,
    PlayerRequest,
    Preview,
    PreviewSound,
    Stream,
    Urgency,
    Vary,
    Warm,
    request_from_json,
)

MODEL = Path("a model.sda")
REQUESTS = [
    Generate(MODEL, Path("é.wav"), {"seed": 3, "loudness": [[0, 20], [2.5, 80]]}, Path("b.wav")),
    MakeAgain("20260101-abc", duration=3.0, source=Path("a.wav")),
    Vary("20260101-abc", amount=0.5, count=2, output=Path("a.wav")),
    Stream(MODEL, {"seed": 3}),
    Warm(MODEL),
    CompareModels(MODEL, Path("b.sda"), pairs=3),
    CompareSounds((Couple(Path("a.wav"), Path("b.wav"), ("a", "b")),), ("one", "two"), seed=1),
    Encode(MODEL, Path("a.wav"), Path("a.json")),
    Decode(MODEL, Path("a.json"), Path("a.wav"), start="70f", stop=2.5, levels="1-2"),
    DecodeEntry(MODEL, "1:17", Path("a.wav")),
    Edit(Path("a.json"), Path("b.json"), ("reverse --to 1", "heal"), MODEL),
    EditDocument("20260101-abc", ("heal",), revision=4, model=MODEL, is_trial=True),
    DecodeDocument("20260101-abc", MODEL, Path("a.wav"), start="1.5", lines=("heal",)),
    CountCodes(MODEL),
    Picture(Path("a.json"), Path("a.png")),
    MeasureCurves(MODEL, Path("a.aif")),
    MeasureLoudness(Path("a.aif"), 0.5, 1.25),
    FindSources(MODEL, Path("a.aif")),
    ConvertSound(Path("a.aif"), Path("a.flac")),
    DrawSound(Path("a.aif")),
    Preview(MODEL, Path("previews"), (PreviewSound(Path("a.wav"), 2.5, True),), seeds=(1, 2)),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.kind)
def test_a_request_passes_as_json(request_: PlayerRequest) -> None:
    assert request_from_json(json.loads(json.dumps(request_.to_json()))) == request_


def test_every_kind_has_a_name_of_its_own_and_something_to_say() -> None:
    assert {type(request) for request in REQUESTS} == set(KINDS.values())
    assert len(KINDS) == len(REQUESTS)
    assert all(request.subject and request.verb for request in REQUESTS)


def test_what_a_person_waits_for_goes_first() -> None:
    order = [Urgency.AUDITION, Urgency.EDIT, Urgency.GENERATE, Urgency.PREVIEW, Urgency.INDEX]
    assert sorted(Urgency) == order
