"""Types of the metadata in a model file, checked whenever a file is read.

Files of earlier versions lack entries, so that hardly any is required. An entry that is there has
the type that its readers rely on. Free of torch; `code_faults` has the checks that read tensors.
"""

import math
from typing import TYPE_CHECKING, Any

from distill.bounds import BOUNDS
from distill.models.plain_types import Array, Choice, find_fault, maybe

if TYPE_CHECKING:
    from torch import Tensor

REQUIRED_KEYS = (
    "epochs_trained",
    "final_perplexity",
    "best_perplexity",
    "training_date",
    "codebook_hash",
)
"""Entries without which a file with a prior is refused."""

MOST_BAR_BEATS = 64
"""Beats of the longest bar that is believed."""

LEAST_WEIGHT = BOUNDS["--weight"].least
MOST_WEIGHT = BOUNDS["--weight"].most
"""Bounds of the weight of a recording."""

TEXT = maybe(str)
"""A text that may be absent."""

LEVEL_HEALTH = {"name": str, "utilisation": float, "perplexity": float, "dead_codes?": int}

STEREO_PAIR = {"side_db": [float], "correlation": [float]}

FILE = {"name": str, "hash": str}

PARENT = {"id": str, "name": str, "version": int, "hash": str, "code_perplexity?": [float]}

CHANGES = {name: [FILE] for name in ("added", "removed", "muted", "weighted")}

CORPUS_FILE = {
    "name?": str,
    "hash?": str,
    "duration_s?": float,
    "n_samples?": int,
    "weight?": float,
    "tags?": [str],
    "generated?": bool,
}

CODEC_TYPES = {
    "name?": TEXT,
    "id?": TEXT,
    "created?": TEXT,
    "output_channels?": maybe(int),
    "distill_version?": TEXT,
    "licence?": TEXT,
    "frame_rate?": maybe(float),
    "codebook_hash?": TEXT,
    "version?": int,
    "parent?": maybe(PARENT),
    "changes?": maybe(CHANGES),
    "corpus?": [CORPUS_FILE],
    "muted?": [FILE],
    "corpus_loudness?": maybe(float),
    "corpus_rms_range_db?": maybe([float]),
    "level_health?": [LEVEL_HEALTH],
    "stereo?": maybe({}),
    "loss_curves?": [{}],
    "verdict?": TEXT,
    "verdict_kind?": TEXT,
    "training?": {},
}
"""Types of `metadata`, which is about the codec."""

ENCODING = {"name": str, "start_s": float, "frames": int}

COPY_INDEX = {
    "codes": Array(2, whole=True),
    "encodings": [ENCODING],
    "passage_codes": Array(2, whole=True),
    "passages": [ENCODING],
    "zero?": {"bits": [float], "difference": float, "share": float, "passage_share?": float},
}

PULSE = {
    "tempo": float,
    "beats": Array(1, whole=False),
    "bar_beats": int,
    "first_downbeat": int,
    "confidence": float,
}

RECORDING = {
    "name": str,
    "codes": Array(2, whole=True),
    "whole": bool,
    "traits?": Array(2, whole=False),
    "shifted?": [Array(2, whole=True)],
    "pulse?": PULSE,
    "weight?": float,
}

STEERING = {"descriptors?": [str], "percentiles?": [[float]], "tags?": [str]}

PRIOR_TYPES = {
    "epochs_trained": int,
    "final_perplexity": float,
    "best_perplexity": float,
    "training_date": str,
    "codebook_hash": str,
    "training?": maybe({}),
    "loss_curves?": maybe([{}]),
    "level_losses?": maybe([float]),
    "warnings?": maybe([str]),
    "unknown_files?": int,
    "curation?": maybe({"muted": [FILE], "files": [CORPUS_FILE]}),
    "file_count?": int,
    "steering?": maybe(STEERING),
    "verdict?": TEXT,
    "verdict_kind?": TEXT,
    "copying?": maybe({}),
    "longest_sound_frames?": maybe(int),
    "copy_index?": Choice((None, COPY_INDEX, {})),
    "recordings?": maybe([RECORDING]),
    "pulse_known?": bool,
}
"""Types of `prior_metadata`, which `PriorMetadata` reads."""


def fault_in_codec_metadata(metadata: dict[str, Any]) -> str | None:
    """Name of the first entry of `metadata` that no reader could use; None for none."""
    if fault := find_fault(metadata, CODEC_TYPES, "metadata"):
        return fault
    rate = metadata.get("frame_rate")
    if rate is not None and not 0 < rate < math.inf:
        return "metadata.frame_rate"
    # Empty for mono.
    stereo = metadata.get("stereo")
    if stereo and (fault := find_fault(stereo, STEREO_PAIR, "metadata.stereo")):
        return fault
    if stereo and any(len(stereo[name]) != 2 for name in STEREO_PAIR):
        return "metadata.stereo"
    bounds = metadata.get("corpus_rms_range_db")
    return "metadata.corpus_rms_range_db" if bounds and len(bounds) != 2 else None


def fault_in_prior_metadata(metadata: dict[str, Any], codec: dict[str, Any]) -> str | None:
    """Name of the first entry of `prior_metadata` that no reader could use; None for none.

    Args:
        metadata: The entries.
        codec: Configuration of the codec, whose codes they hold.
    """
    if fault := find_fault(metadata, PRIOR_TYPES, "prior_metadata"):
        return fault
    Q = codec["num_quantizers"]
    for index, entry in enumerate(metadata.get("recordings") or ()):
        place = f"prior_metadata.recordings[{index}]"
        if entry["codes"].shape[1] != Q:
            return f"{place}.codes"
        if "traits" in entry and len(entry["traits"]) != len(entry["codes"]):
            return f"{place}.traits"
        if not all(_are_shifted(codes, entry["codes"]) for codes in entry.get("shifted", ())):
            return f"{place}.shifted"
        if not LEAST_WEIGHT <= entry.get("weight", 1.0) <= MOST_WEIGHT:
            return f"{place}.weight"
        if "pulse" in entry and (name := _fault_in_pulse(entry["pulse"])):
            return f"{place}.pulse.{name}"
    return _fault_in_steering(metadata.get("steering")) or _fault_in_index(metadata, Q)


def _are_shifted(codes: "Tensor", recording: "Tensor") -> bool:
    """Whether `codes` `[T', Q]` may encode the same sound as `recording` `[T, Q]`, up to a frame
    later."""
    frames, levels = recording.shape
    return codes.shape[1] == levels and frames <= len(codes) <= frames + 1


def _fault_in_pulse(pulse: dict[str, Any]) -> str | None:
    """Name of the first number of a pulse that means nothing; the beats are read later."""
    if not 0 < pulse["tempo"] < math.inf:
        return "tempo"
    if len(pulse["beats"]) < 2:
        return "beats"
    if not 0 < pulse["bar_beats"] <= MOST_BAR_BEATS:
        return "bar_beats"
    if pulse["first_downbeat"] >= min(pulse["bar_beats"], len(pulse["beats"])):
        return "first_downbeat"
    return None if 0 <= pulse["confidence"] <= 1 else "confidence"


def _fault_in_steering(steering: dict[str, Any] | None) -> str | None:
    if not steering:
        return None
    rows = steering.get("percentiles", [])
    lengths = {len(row) for row in rows}
    is_table = len(rows) == len(steering.get("descriptors", [])) and len(lengths) <= 1
    return None if is_table and 0 not in lengths else "prior_metadata.steering.percentiles"


def _fault_in_index(metadata: dict[str, Any], Q: int) -> str | None:
    """The fault in a copy index of this version; those of earlier ones are not read."""
    index = metadata.get("copy_index")
    if not index or "passage_codes" not in index:
        return None
    if fault := find_fault(index, COPY_INDEX, "prior_metadata.copy_index"):
        return fault
    if index["passage_codes"].shape[1] != Q or not 0 < index["codes"].shape[1] <= Q:
        return "prior_metadata.copy_index.codes"
    # One bound for each of the levels that runs are looked for in.
    if "zero" in index and len(index["zero"]["bits"]) != index["codes"].shape[1]:
        return "prior_metadata.copy_index.zero.bits"
    for codes, entries in (("codes", "encodings"), ("passage_codes", "passages")):
        if sum(entry["frames"] for entry in index[entries]) != len(index[codes]):
            return f"prior_metadata.copy_index.{entries}"
    return None
