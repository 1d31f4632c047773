"""Metadata of models: what a reader could not use is refused when the file is read."""

import copy
import json
import math
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

import distill
from distill.errors import ModelFileError
from distill.models.code_faults import fault_in_beats, fault_in_codes
from distill.models.metadata_types import fault_in_prior_metadata
from distill.models.persistence import load_model_v2, read_header
from distill.models.sda_file import plain_copy, read_contents, write_contents
from distill.settings import SAMPLE_RATE
from distill.workflows.describe import model_facts

WRONG: list[Any] = [None, True, -1, 2**64 - 1, 0.5, "x", [], {}, [None], {"a": 1}, torch.eye(2)]


def places(entries: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where entries stand; of long lists the first two."""
    items: list[tuple[Any, Any]] = []
    if isinstance(entries, dict):
        items = list(entries.items())
    elif isinstance(entries, list):
        items = list(enumerate(entries[:2]))
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def replaced(contents: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    tables = ("metadata", "prior_metadata", "prior_config", "vqvae_config")
    changed = contents | {name: copy.deepcopy(contents[name]) for name in tables}
    target = changed
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    return changed


@pytest.fixture(scope="module")
def contents(trained: Path) -> dict[str, Any]:
    copied: dict[str, Any] = plain_copy(read_contents(trained), "contents")
    return copied


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("metadata", "level_health", 0, "utilisation"), "x"),
        (("metadata", "corpus", 0, "duration_s"), [1]),
        (("metadata", "stereo"), {"side_db": 1.0, "correlation": []}),
        (("metadata", "corpus_rms_range_db"), [1.0]),
        (("metadata", "corpus_loudness"), "loud"),
        (("metadata", "output_channels"), [2]),
        (("metadata", "frame_rate"), 0.0),
        (("metadata", "frame_rate"), float("nan")),
        (("vqvae_config", "hop_length"), "x"),
        (("prior_metadata", "epochs_trained"), "three"),
        (("prior_metadata", "level_losses"), ["x"]),
        (("prior_metadata", "steering", "tags"), [3]),
        (("prior_metadata", "steering", "percentiles"), [[1.0], []]),
        (("prior_metadata", "recordings", 0, "name"), 5),
        (("prior_metadata", "recordings", 0, "codes"), torch.zeros(4, 99, dtype=torch.uint8)),
        (("prior_metadata", "recordings", 0, "traits"), torch.zeros(1, 1)),
        (("prior_metadata", "recordings", 0, "pulse"), None),
        (("prior_metadata", "recordings", 0, "pulse"), {"tempo": 120.0}),
        (("prior_metadata", "pulse_known"), 1),
        (("prior_metadata", "copy_index", "encodings", 0, "frames"), 10**6),
        (("prior_config", "num_layers"), "two"),
    ],
)
def test_a_wrong_entry_is_named_by_info_and_by_loading(
    tmp_path: Path, contents: dict[str, Any], place: tuple[Any, ...], value: Any
) -> None:
    path = tmp_path / "m.sda"
    write_contents(path, replaced(contents, place, value))
    for read in (model_facts, load_model_v2, read_header):
        with pytest.raises(ModelFileError, match=rf"m\.sda.*{place[0]}\.{place[1]}"):
            read(path)


@pytest.mark.parametrize("value", [1, "yes", None])
def test_whether_there_is_a_prior_is_true_or_false(
    tmp_path: Path, contents: dict[str, Any], value: Any
) -> None:
    path = tmp_path / "m.sda"
    write_contents(path, contents | {"has_prior": value})
    for read in (model_facts, load_model_v2, read_header):
        with pytest.raises(ModelFileError, match=r"m\.sda.*has_prior"):
            read(path)


def test_tensors_where_none_is_expected_are_not_shown(
    tmp_path: Path, contents: dict[str, Any]
) -> None:
    path = tmp_path / "m.sda"
    tensor = torch.eye(2)
    entries = contents
    for place in (
        ("prior_metadata", "training"),
        ("prior_metadata", "more"),
        ("prior_config", "more"),
        ("metadata", "more"),
    ):
        entries = replaced(entries, place, {"kept": [1, tensor], "dropped": tensor})
    write_contents(path, entries)
    facts = model_facts(path)
    json.dumps(asdict(facts))
    assert facts.prior_metadata is not None
    assert facts.prior_metadata["more"] == {"kept": [1]}
    assert facts.prior_config is not None
    assert facts.prior_config["more"] == {"kept": [1]}


def test_entries_about_a_prior_that_is_not_there_are_not_read(
    tmp_path: Path, contents: dict[str, Any]
) -> None:
    path = tmp_path / "m.sda"
    write_contents(path, contents | {"has_prior": False, "prior_metadata": 3, "prior_config": []})
    facts = model_facts(path)
    assert (facts.prior_config, facts.prior_metadata, facts.tags) == (None, None, [])
    assert load_model_v2(path).prior is None


def test_codes_beyond_the_codebooks_are_refused(contents: dict[str, Any]) -> None:
    metadata = contents["prior_metadata"]
    size = contents["vqvae_config"]["codebook_size"]
    assert fault_in_prior_metadata(metadata, contents["vqvae_config"]) is None
    assert fault_in_codes(metadata, size) is None
    place = ("prior_metadata", "recordings", 1, "codes")
    codes = metadata["recordings"][1]["codes"]
    changed = replaced(contents, place, torch.full_like(codes, size))["prior_metadata"]
    assert fault_in_codes(changed, size) == "prior_metadata.recordings[1].codes"


PULSE = {
    "tempo": 120.0,
    "beats": torch.arange(5, dtype=torch.float64) / 2,
    "bar_beats": 4,
    "first_downbeat": 0,
    "confidence": 0.5,
}


def with_pulse(contents: dict[str, Any], pulse: dict[str, Any]) -> dict[str, Any]:
    return replaced(contents, ("prior_metadata", "recordings", 0, "pulse"), pulse)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tempo", 0.0),
        ("tempo", float("inf")),
        ("tempo", "fast"),
        ("beats", torch.zeros(1, dtype=torch.float64)),
        ("beats", torch.arange(5)),
        ("beats", torch.zeros(3, 3)),
        ("bar_beats", 0),
        ("bar_beats", 10**9),
        ("first_downbeat", 4),
        ("first_downbeat", -1),
        ("confidence", 1.5),
        ("confidence", float("nan")),
    ],
)
def test_a_pulse_that_means_nothing_is_refused(
    tmp_path: Path, contents: dict[str, Any], name: str, value: Any
) -> None:
    path = tmp_path / "m.sda"
    write_contents(path, with_pulse(contents, PULSE | {name: value}))
    for read in (model_facts, load_model_v2, read_header):
        with pytest.raises(ModelFileError, match=rf"m\.sda.*recordings\[0\]\.pulse\.{name}"):
            read(path)


@pytest.mark.parametrize(
    "beats", [[0.0, 1.0, 1.0], [2.0, 1.0, 3.0], [-1.0, 0.0], [0.0, float("nan")], [0.0, math.inf]]
)
def test_beats_that_do_not_increase_are_refused(
    tmp_path: Path, contents: dict[str, Any], beats: list[float]
) -> None:
    path = tmp_path / "m.sda"
    changed = with_pulse(contents, PULSE | {"beats": torch.tensor(beats, dtype=torch.float64)})
    assert fault_in_beats(changed["prior_metadata"]) == "prior_metadata.recordings[0].pulse.beats"
    write_contents(path, changed)
    with pytest.raises(ModelFileError, match=r"m\.sda.*recordings\[0\]\.pulse\.beats"):
        load_model_v2(path)


def test_a_pulse_comes_back_from_a_file(tmp_path: Path, contents: dict[str, Any]) -> None:
    path = tmp_path / "m.sda"
    write_contents(path, with_pulse(contents, PULSE))
    loaded = load_model_v2(path)
    first, second, *_ = loaded.prior_facts.recordings
    assert second.pulse is None
    assert first.pulse is not None
    assert first.pulse.beats.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_numbers_of_more_than_64_bits_are_said(tmp_path: Path, contents: dict[str, Any]) -> None:
    path = tmp_path / "m.sda"
    torch.save(replaced(contents, ("metadata", "more"), 2**64), path)
    for read in (model_facts, load_model_v2):
        with pytest.raises(ModelFileError, match=r"m\.sda.*more than 64 bits"):
            read(path)


def test_files_without_the_newer_entries_load(tmp_path: Path, contents: dict[str, Any]) -> None:
    required = ("epochs_trained", "final_perplexity", "best_perplexity", "training_date")
    kept = {name: contents["prior_metadata"][name] for name in (*required, "codebook_hash")}
    path = tmp_path / "m.sda"
    write_contents(path, contents | {"metadata": {}, "prior_metadata": kept})
    facts = model_facts(path)
    assert facts.has_prior
    assert facts.frame_rate == SAMPLE_RATE / 1024
    assert load_model_v2(path).prior is not None


def test_what_loads_can_be_used(tmp_path: Path, contents: dict[str, Any]) -> None:
    """Wrong values in random places: refused in a sentence, or described and generated with."""
    draw = random.Random(19)
    everywhere = [("metadata", *place) for place in places(contents["metadata"])]
    everywhere += [("prior_metadata", *place) for place in places(contents["prior_metadata"])]
    path = tmp_path / "m.sda"
    used = 0
    for number in range(40):
        write_contents(path, replaced(contents, draw.choice(everywhere), draw.choice(WRONG)))
        try:
            model_facts(path)
            loaded = load_model_v2(path)
        except ModelFileError:
            continue
        if number % 4 == 0:
            distill.generate(loaded, duration=0.2, seed=1)
        used += 1
    assert used
