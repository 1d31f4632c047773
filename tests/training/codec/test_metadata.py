"""Metadata of a codec file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from distill.data.corpus import scan_corpus
from distill.data.dataset import make_manifest
from distill.models.sda_file import plain_copy
from distill.settings import SAMPLE_RATE
from distill.training.codec.corpus import TrainingCorpus
from distill.training.codec.metadata import CodecFindings, codec_metadata
from distill.training.codec.trainer import CodecTrainer
from distill.training.codec.verdict import CodecVerdict
from distill.training.config import VQVAEConfig
from distill.training.metrics import VerdictKind


@pytest.fixture
def corpus(corpus_dir: Path) -> TrainingCorpus:
    report = scan_corpus(corpus_dir)
    return TrainingCorpus.from_report(report, make_manifest(report.clips))


@pytest.fixture
def metadata(corpus: TrainingCorpus, tiny: dict[str, Any]) -> dict[str, Any]:
    config = VQVAEConfig(steps=9, channels=1, **tiny)
    trainer = CodecTrainer(config, corpus.split, SAMPLE_RATE, torch.device("cpu"))
    findings = CodecFindings(
        curve=[{"step": 9, "own_loss": 2.0}],
        code_counts=torch.tensor([[4.0, 0.0], [2.0, 2.0]]),
        stereo={},
        verdict=CodecVerdict(VerdictKind.DONE, "Done."),
    )
    return codec_metadata(trainer, corpus, {"name": "plucks", "output_channels": 2}, findings)


def test_it_holds_what_was_trained_on_which_sounds_and_how_it_went(
    metadata: dict[str, Any], corpus: TrainingCorpus
) -> None:
    assert metadata["name"] == "plucks"
    assert metadata["corpus"] == list(corpus.manifest)
    assert metadata["loss_curves"] == [{"step": 9, "own_loss": 2.0}]
    assert (metadata["verdict"], metadata["verdict_kind"]) == ("Done.", "done")
    assert [level["dead_codes"] for level in metadata["level_health"]] == [1, 0]
    assert metadata["code_counts"].dtype == torch.int32
    assert metadata["training"]["steps"] == 9
    assert metadata["training"]["steps_done"] == 0
    # Settings that are not set are left out.
    assert "minutes" not in metadata["training"]


def test_dual_mono_is_louder_than_its_corpus(
    metadata: dict[str, Any], corpus: TrainingCorpus
) -> None:
    assert metadata["corpus_loudness"] == pytest.approx(corpus.loudness + 3.01, abs=0.01)


def test_a_file_can_hold_it(metadata: dict[str, Any]) -> None:
    assert plain_copy(metadata, "metadata").keys() == metadata.keys()
    assert json.dumps({k: v for k, v in metadata.items() if k != "code_counts"})


def test_entries_are_copies(metadata: dict[str, Any], corpus: TrainingCorpus) -> None:
    """Training goes on after a save; what was saved must not change with it."""
    metadata["corpus"][0]["name"] = "other"
    assert corpus.manifest[0]["name"] != "other"
    assert replace(corpus, root=Path()).manifest is corpus.manifest
