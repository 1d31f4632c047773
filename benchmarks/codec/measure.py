"""Everything that the codec benchmark measures of one file, and of the model itself."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import distill
from benchmarks.codec import baselines as anchors
from benchmarks.codec import metrics as figures
from benchmarks.codec import one_shots as oneshots
from benchmarks.speed.inference import time_codec
from distill.audio.io import read_audio, write_sound
from distill.audio.level import active_rms_db
from distill.audio.limiter import FULL_SCALE_DB, limit_peaks
from distill.audio.stereo import mix_channels
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.grid import CodeGrid
from distill.models.losses import MelLoss, best_gain
from distill.models.persistence import LoadedVQModel

CODEC = "codec"
UNQUANTISED = "codec, not quantised"
SPEED_S = 60.0


class Measured(NamedTuple):
    """One file: figures by system, of its stereo image (none for mono), of it as a hit; its `codes`
    `[T, Q]`."""

    systems: dict[str, dict[str, float]]
    stereo: dict[str, float]
    hit: dict[str, float]
    codes: np.ndarray

    @property
    def mel7(self) -> float:
        return self.systems[CODEC]["mel7"]


def measure(
    loaded: LoadedVQModel, path: Path, wav: Path, with_anchors: bool, with_visqol: bool
) -> Measured:
    """Everything about the file at `path`; what the codec makes of it is written to `wav`."""
    channels = loaded.model.channels
    source, heard = figures.load(path), mix_channels(read_audio(path), channels)
    codes = distill.encode(loaded, heard)
    decoded = played(decode_sound(loaded, codes))
    write_sound(wav, decoded)
    mono = source.mean(0)
    systems = {CODEC: figures.score(mono, decoded.mean(0), with_visqol) | {"kbps": kbps(loaded)}}
    systems[UNQUANTISED] = figures.score(
        mono, played(unquantised(loaded, heard)).mean(0), with_visqol
    )
    systems |= by_levels(loaded, codes, mono)
    if with_anchors:
        systems |= anchors.scores_of(mono)
    stereo = figures.stereo(mix_channels(source, 2), decoded) if channels == 2 else {}
    return Measured(systems, stereo, hit_figures(loaded, heard, decoded), codes.codes)


def played(sound: np.ndarray) -> np.ndarray:
    """As a sound file holds it: clipped at full scale."""
    return sound.clip(-1, 1)


# --- the codec, less some of it -------------------------------------------------------------------


@torch.inference_mode()
def unquantised(loaded: LoadedVQModel, sound: np.ndarray) -> np.ndarray:
    """`[C, N]` from the latents straight into the decoder, with what it knows by heart of their
    codes.

    The level is found as encoding finds it, and limited likewise.
    """
    model = loaded.model
    level = active_rms_db(sound, model.sample_rate)
    low, high = loaded.metadata.get("corpus_rms_range_db") or (level, level)
    gain = 10 ** ((min(max(level, low), high) - level) / 20)
    N = sound.shape[1]
    target = torch.from_numpy(
        np.pad(sound, ((0, 0), (0, -N % math.lcm(model.n_fft, model.frame_hop))))
    )
    heard = target[None] * gain
    decoded = model.decode_values(
        model.latents(heard), memory_vectors=model.recall(model.encode(heard))
    )[0]
    levelled = (decoded * best_gain(decoded, target, MelLoss(model.sample_rate))).numpy()[:, :N]
    return limit_peaks(levelled, model.sample_rate, FULL_SCALE_DB)


def by_levels(
    loaded: LoadedVQModel, codes: CodeGrid, mono: np.ndarray
) -> dict[str, dict[str, float]]:
    """mel7 with the first level, the first two, … of all but the last."""
    rows = {}
    for q in range(1, loaded.model.num_quantizers):
        few = replace(codes, codes=codes.codes[:, :q], level_names=codes.level_names[:q])
        name = "level 1 alone" if q == 1 else f"levels 1 to {q}"
        rows[name] = {
            "mel7": figures.mel7(mono, played(decode_sound(loaded, few)).mean(0)),
            "kbps": kbps(loaded, q),
        }
    return rows


def hit_figures(loaded: LoadedVQModel, heard: np.ndarray, decoded: np.ndarray) -> dict[str, float]:
    padded = oneshots.pad_with_silence(heard)
    padded_decoded = played(decode_sound(loaded, distill.encode(loaded, padded)))
    return oneshots.figures_of(*(x.mean(0) for x in (heard, decoded, padded, padded_decoded)))


# --- the model ------------------------------------------------------------------------------------


def kbps(loaded: LoadedVQModel, levels: int | None = None) -> float:
    """kb/s for all channels together, of the first so many levels."""
    model = loaded.model
    return (
        model.frame_rate * (levels or model.num_quantizers) * math.log2(model.codebook_size) / 1000
    )


def level_use(codes: np.ndarray, codebook_size: int) -> list[dict[str, float]]:
    """Share of entries used at least once in `codes` `[T, Q]`, and perplexity, of each level."""
    use = []
    for level in codes.T:
        share = np.bincount(level, minlength=codebook_size) / len(level)
        used = share[share > 0]
        perplexity = float(np.exp(-(used * np.log(used)).sum()))
        use.append({"utilisation": len(used) / codebook_size, "perplexity": perplexity})
    return use


def facts_of(loaded: LoadedVQModel, own_codes: np.ndarray) -> dict[str, Any]:
    """Speed (sets the process to 1 thread), rate, size; use of the levels by `own_codes` `[T,
    Q]`."""
    model = loaded.model
    encode_x, decode_x = time_codec(loaded, SPEED_S, 1)
    return {
        "encode_x": encode_x,
        "decode_x": decode_x,
        "kbps": kbps(loaded),
        "kbps_per_channel": kbps(loaded) / model.channels,
        "channels": model.channels,
        "parameters": sum(p.numel() for p in model.parameters()),
        "file_mb": loaded.path.stat().st_size / 1e6,
        "levels": level_use(own_codes, model.codebook_size),
    }


def means(rows: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Mean figures of each system over files."""
    return {
        system: {name: figures.mean(row[system][name] for row in rows) for name in named}
        for system, named in rows[0].items()
    }


def stereo_means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean stereo figures over files; `side_level_off_db` is the mean of how far off, whichever
    way."""
    if not rows[0]:
        return {}
    mean = {name: figures.mean(row[name] for row in rows) for name in rows[0]}
    return mean | {"side_level_off_db": figures.mean(abs(row["side_level_db"]) for row in rows)}
