"""Metadata of a codec file: what was trained, on which sounds, and how it went."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

import distill
from distill.training.codec.corpus import TrainingCorpus, rms_range
from distill.training.codec.trainer import CodecTrainer
from distill.training.codec.validation import measure_health
from distill.training.codec.verdict import CodecVerdict
from distill.training.curves import Point

LICENCE = (
    "Learned from the recordings listed under corpus; "
    "whoever holds their rights holds them in this model."
)
"""Line in every model file."""


@dataclass(frozen=True)
class CodecFindings:
    """Results of validations, as the file keeps them.

    Attributes:
        curve: Validations so far.
        code_counts: How often each codebook entry was chosen, `[Q, K]`.
        stereo: Stereo image (see `validation.stereo_image`); empty before the end, and for mono.
        verdict: Verdict at present.
    """

    curve: Sequence[Point]
    code_counts: Tensor
    stereo: dict[str, list[float]]
    verdict: CodecVerdict


def codec_metadata(
    trainer: CodecTrainer,
    corpus: TrainingCorpus,
    identity: dict[str, Any],
    findings: CodecFindings,
) -> dict[str, Any]:
    """The `metadata` of a codec file.

    Args:
        trainer: The codec and its training.
        corpus: Sounds that it is trained on.
        identity: Name, id, date and number of output channels, fixed when training began.
        findings: Results so far.
    """
    codec = trainer.codec
    report = trainer.report()
    settings = {name: value for name, value in asdict(trainer.config).items() if value is not None}
    return identity | {
        "distill_version": distill.__version__,
        "licence": LICENCE,
        "frame_rate": codec.frame_rate,
        "codebook_hash": codec.codebook_hash(),
        "corpus": [dict(entry) for entry in corpus.manifest],
        "muted": [dict(entry) for entry in corpus.muted],
        "corpus_loudness": corpus.loudness + _dual_mono_db(identity, codec.channels),
        "corpus_rms_range_db": rms_range(corpus.split),
        "level_health": [asdict(level) for level in measure_health(findings.code_counts)],
        "code_counts": findings.code_counts.to(torch.int32),
        "stereo": findings.stereo,
        "loss_curves": [dict(point) for point in findings.curve],
        "verdict": findings.verdict.sentence,
        "verdict_kind": findings.verdict.kind.value,
        "training": settings | {"steps_done": report.step, "elapsed_s": round(report.elapsed_s, 1)},
    }


def _dual_mono_db(identity: dict[str, Any], channels: int) -> float:
    """Gain in loudness when mono is written to several equal channels, in dB."""
    return 10 * math.log10(identity.get("output_channels", 1) / channels)
