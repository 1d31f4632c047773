"""Facts beside a file for a host."""

import json
from pathlib import Path

import distill
from distill.files import plain_json
from distill.hosts.facts import host_facts, latency_of


def test_they_name_the_model_and_no_recording(trained: Path) -> None:
    model = distill.load(trained, "cpu", 1)
    latency = latency_of(model, "full", 21, {"forward": 23, "decode": 22})
    facts = host_facts(model, "nn", latency)
    text = json.dumps(plain_json(facts))
    assert json.loads(text)["latency"]["samples"] == {"forward": 23 * 1024, "decode": 22 * 1024}
    assert facts["latency"]["ms"]["decode"] == 22 * 1024 / 48
    assert facts["model"]["hash"] == model.weights_hash
    assert facts["corpus"]["files"] == 8
    assert 3 < facts["corpus"]["seconds"] < 6
    assert json.loads(text)["level_names"] == ["Structure", "Timbre", "Detail"]
    assert "pluck" not in text.replace('"name": "plucks"', "")
