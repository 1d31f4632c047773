"""Library: all that the codec benchmark measures of one file, and of the model."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import distill
from benchmarks.codec import baselines, metrics, one_shots
from benchmarks.speed.inference import CODEC_S, time_codec
from distill.audio.io import read_audio
from distill.audio.level import active_rms_db
from distill.audio.limiter import FULL_SCALE_DB, limit_peaks
from distill.audio.stereo import mix_channels
from distill.audio.write import write_sound
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.usage import perplexity
from distill.models.losses import MelLoss, best_gain
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE

CODEC = "codec"
"""Name of the codec in the tables."""

UNQUANTISED = "codec, not quantised"
"""Name of the codec without its quantiser."""

EXCERPT_S = 12.0
"""Seconds of a long file that count, from its middle."""

Scores = dict[str, float]


class FileFigures(NamedTuple):
    """Figures of one file.

    Attributes:
        systems: Figures of the codec, its reduced versions and the baselines, by name.
        stereo: Figures of the stereo image; empty for a mono codec.
        hit: Figures of the file as a hit.
        codes: Its codes `[T, Q]`.
    """

    systems: dict[str, Scores]
    stereo: Scores
    hit: Scores
    codes: np.ndarray

    @property
    def mel7(self) -> float:
        """mel7 of the codec."""
        return self.systems[CODEC]["mel7"]


def measure(
    loaded: LoadedVQModel,
    path: Path,
    wav: Path,
    with_baselines: bool,
    with_visqol: bool,
) -> FileFigures:
    """Measure one file.

    Args:
        loaded: The model.
        path: The file.
        wav: Where to write the decoded sound.
        with_baselines: Whether to measure Griffin-Lim and Opus too.
        with_visqol: Whether to compute ViSQOL of the codec.
    """
    channels = loaded.model.channels
    # Figures are of the source as the reference scorer reads it; the codec gets what a user's does.
    source = metrics.load(path)
    audio = mix_channels(read_audio(path), channels)
    grid = distill.encode(loaded, audio)
    output = clip_at_full_scale(decode_sound(loaded, grid))
    write_sound(wav, output)

    mono = source.mean(0)
    codec_scores = metrics.score(mono, output.mean(0), with_visqol)
    direct = clip_at_full_scale(decode_unquantised(loaded, audio))
    systems = {
        CODEC: codec_scores | {"kbps": kbps(loaded)},
        UNQUANTISED: metrics.score(mono, direct.mean(0), with_visqol),
        **scores_by_levels(loaded, grid, mono),
    }
    if with_baselines:
        systems |= baselines.scores_of(mono)
    return FileFigures(
        systems=systems,
        stereo=metrics.stereo(mix_channels(source, 2), output) if channels == 2 else {},
        hit=hit_figures(loaded, audio, output),
        codes=grid.codes,
    )


def clip_at_full_scale(sound: np.ndarray) -> np.ndarray:
    """`sound` `[C, N]` as a file holds it."""
    return sound.clip(-1, 1)


def excerpt_of(sound: np.ndarray) -> np.ndarray:
    """The middle of a sound `[C, N]`, at most `EXCERPT_S` long."""
    samples = round(EXCERPT_S * SAMPLE_RATE)
    start = max(0, (sound.shape[1] - samples) // 2)
    return np.ascontiguousarray(sound[:, start : start + samples])


# --- reduced versions of the codec ----------------------------------------------------------------


@torch.inference_mode()
def decode_unquantised(loaded: LoadedVQModel, sound: np.ndarray) -> np.ndarray:
    """Decode the latents of a sound without quantising them.

    The decoder still has the frame memory of their codes. Level and limiter are as in encoding and
    decoding.

    Args:
        loaded: The model.
        sound: A sound `[C, N]`.

    Returns:
        The decoded sound `[C, N]`.
    """
    codec = loaded.model
    N = sound.shape[1]
    level_db = active_rms_db(sound, codec.sample_rate)
    low_db, high_db = loaded.metadata.get("corpus_rms_range_db") or (level_db, level_db)
    # As in encoding: towards the levels of the corpus, no further than its range.
    target_db = min(max(level_db, low_db), high_db)
    gain = 10 ** ((target_db - level_db) / 20)
    padding = -N % math.lcm(codec.n_fft, codec.frame_hop)
    target = torch.from_numpy(np.pad(sound, ((0, 0), (0, padding))))
    audio = target[None] * gain
    memory_vectors = codec.recall(codec.encode(audio))
    output = codec.decode_values(codec.latents(audio), memory_vectors=memory_vectors)[0]
    own_gain = best_gain(output, target, MelLoss(codec.sample_rate))
    at_level = (output * own_gain).numpy()[:, :N]
    return limit_peaks(at_level, codec.sample_rate, FULL_SCALE_DB)


def scores_by_levels(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    mono: np.ndarray,
) -> dict[str, Scores]:
    """mel7 and bit rate with the first level, the first two, and so on, to all but the last.

    Args:
        loaded: The model.
        grid: The codes of a sound.
        mono: Its source `[N]`.
    """
    rows = {}
    for levels in range(1, loaded.model.num_quantizers):
        coarse = replace(grid, codes=grid.codes[:, :levels], level_names=grid.level_names[:levels])
        output = clip_at_full_scale(decode_sound(loaded, coarse))
        name = "level 1 alone" if levels == 1 else f"levels 1 to {levels}"
        rows[name] = {
            "mel7": metrics.mel7(mono, output.mean(0)),
            "kbps": kbps(loaded, levels),
        }
    return rows


def hit_figures(
    loaded: LoadedVQModel,
    audio: np.ndarray,
    output: np.ndarray,
) -> Scores:
    """Figures of a sound as a hit, from `audio` `[C, N]` and what the codec made of it."""
    # Silence around the sound is encoded too, to hear what the codec adds to it.
    whole = one_shots.pad_with_silence(audio)
    whole_grid = distill.encode(loaded, whole)
    whole_output = clip_at_full_scale(decode_sound(loaded, whole_grid))
    return one_shots.figures_of(
        source=audio.mean(0),
        output=output.mean(0),
        whole_source=whole.mean(0),
        whole_output=whole_output.mean(0),
    )


# --- the model ------------------------------------------------------------------------------------


def kbps(loaded: LoadedVQModel, levels: int | None = None) -> float:
    """Bit rate in kb/s of the first `levels`, or of all, for all channels together."""
    codec = loaded.model
    bits = (levels or codec.num_quantizers) * math.log2(codec.codebook_size)
    return codec.frame_rate * bits / 1000


def level_use(codes: np.ndarray, codebook_size: int) -> list[dict[str, float]]:
    """Share of used entries and perplexity of each level of `codes` `[T, Q]`."""
    use = []
    for column in codes.T:
        counts = np.bincount(column, minlength=codebook_size)
        share = np.count_nonzero(counts) / codebook_size
        use.append({"utilisation": share, "perplexity": perplexity(counts)})
    return use


def facts_of(loaded: LoadedVQModel, own_codes: np.ndarray) -> dict[str, Any]:
    """Facts about the model. Sets the process to 1 thread.

    Args:
        loaded: The model.
        own_codes: Codes of the files it was trained on `[T, Q]`.

    Returns:
        Speed on one thread, bit rate, size, and the use of each level by `own_codes`.
    """
    codec = loaded.model
    encode_x, decode_x = time_codec(loaded, CODEC_S, 1)
    return {
        "encode_x": encode_x,
        "decode_x": decode_x,
        "kbps": kbps(loaded),
        "kbps_per_channel": kbps(loaded) / codec.channels,
        "channels": codec.channels,
        "parameters": sum(p.numel() for p in codec.parameters()),
        "file_mb": loaded.path.stat().st_size / 1e6,
        "levels": level_use(own_codes, codec.codebook_size),
    }


def means(rows: Sequence[dict[str, Scores]]) -> dict[str, Scores]:
    """Mean figures of each system over files."""
    return {
        system: {name: metrics.mean(row[system][name] for row in rows) for name in scores}
        for system, scores in rows[0].items()
    }


def stereo_means(rows: Sequence[Scores]) -> Scores:
    """Mean stereo figures over files; `side_level_off_db` is the mean absolute `side_level_db`."""
    if not rows[0]:
        return {}
    mean = {name: metrics.mean(row[name] for row in rows) for name in rows[0]}
    return mean | {"side_level_off_db": metrics.mean(abs(row["side_level_db"]) for row in rows)}
