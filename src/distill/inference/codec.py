"""Any sound to codes and back, with its level, its width and its length kept."""

import numpy as np
import torch

from distill.audio.finish import limit_peaks
from distill.audio.level import FLOOR_DB, active_rms_db
from distill.audio.spatial import WIDE_DB, mix_channels, pieces, scale_side, side_level_db
from distill.errors import AudioError, CodebookMismatchError, CodesFileError
from distill.inference.editing import CodeGrid
from distill.inference.regions import level_names
from distill.models.chunked import decode_codes, encode_audio
from distill.models.losses import MelLoss, best_gain
from distill.models.midside import to_mid_side
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE

JUDGED_S = 4.0
LARGEST_CORRECTION = 8.0
MOSTLY_SIDE_DB = -3.0
"""Side level (`side_level_db`) from which on there is more side than mid."""


def encode_sound(loaded: LoadedVQModel, audio: np.ndarray, source: str = "") -> CodeGrid:
    """Codes of `audio` `[C, N]` at the codec's rate, mixed to the codec's channels. `AudioError` for no samples.

    A sound quieter or louder than everything in the corpus is brought to the nearest level that the codec has
    heard; the `gain` of the result takes it back, and makes good what the codec itself gets wrong in level. Its
    `width` does that for the side: 0 where there is none, so that dual mono comes back as dual mono.
    """
    model = loaded.model
    audio = mix_channels(audio, model.channels)
    if audio.shape[1] == 0:
        raise AudioError(f"'{source}' holds no samples: choose another sound.")
    gain = _gain_into_range(audio, model.sample_rate, loaded.metadata.get("corpus_rms_range_db"))
    codes = encode_audio(model, audio * np.float32(gain) if gain != 1 else audio)
    correction, width = _corrections(model, codes, audio, gain)
    return CodeGrid(
        codes=codes.numpy(),
        codebook_size=model.codebook_size,
        codebook_hash=model.codebook_hash(),
        model_id=str(loaded.metadata.get("id", "")),
        frame_rate=model.frame_rate,
        level_names=level_names(model.num_quantizers),
        gain=correction / gain,
        n_samples=audio.shape[1],
        sample_rate=model.sample_rate,
        channels=loaded.output_channels,
        source=source,
        width=width,
    )


def decode_sound(loaded: LoadedVQModel, codes: CodeGrid) -> np.ndarray:
    """The sound `[C, N]` of `codes`, as long as the source was, in the model's output channels, under full scale.

    `CodebookMismatchError` for another codec's.
    """
    check_belongs(loaded, codes)
    audio = decode_codes(loaded.model, torch.tensor(codes.codes).long())[:, : codes.n_samples]
    if len(audio) == 2:
        audio = scale_side(audio, codes.width)
    audio = mix_channels(audio, loaded.output_channels) * np.float32(codes.gain)
    # A file holds nothing above full scale: what a little overshoots would be heard as clicks.
    return limit_peaks(audio, codes.sample_rate, ceiling_db=0.0)


def check_belongs(loaded: LoadedVQModel, codes: CodeGrid) -> None:
    """`CodebookMismatchError` for codes of another codec, `CodesFileError` for levels that this one lacks."""
    if codes.codebook_hash != loaded.model.codebook_hash():
        raise CodebookMismatchError(
            f"These codes (of '{codes.source}') were made with another model than {loaded.path}: "
            "decode them with the model that encoded them, or encode the sound again."
        )
    if codes.codebook_size != loaded.model.codebook_size or codes.codes.shape[1] > loaded.model.num_quantizers:
        raise CodesFileError(
            f"The codes of '{codes.source}' have other levels or codebook sizes than {loaded.path}: "
            "encode the sound again, or undo the last edit."
        )


@torch.inference_mode()
def _corrections(model: VQVAE, codes: torch.Tensor, audio: np.ndarray, gain: float) -> tuple[float, float]:
    """What the decoded sound and, beyond that, its side are to be multiplied by to be nearest to what was encoded.

    Judged by up to `JUDGED_S` from the middle.
    """
    first = max(0, (len(codes) - round(JUDGED_S * model.frame_rate)) // 2)
    last = first + round(JUDGED_S * model.frame_rate)
    heard = audio[:, first * model.frame_hop : last * model.frame_hop] * np.float32(gain)
    decoded = decode_codes(model, codes[first:last])[:, : heard.shape[1]]
    pad = (0, -heard.shape[1] % model.n_fft)
    output, target = (torch.nn.functional.pad(torch.from_numpy(x), pad) for x in (decoded, heard))
    mel = MelLoss(model.sample_rate)
    if model.channels == 1:
        return _correction(output, target, mel), 1.0
    # Of left and right one may be silent, which tells nothing of the level of the other.
    mid, side = (_correction(x, y, mel) for x, y in zip(_mid_side(output), _mid_side(target), strict=True))
    level = side_level_db(pieces(audio))
    if level < WIDE_DB:
        return mid, 0.0
    correction = side if level > MOSTLY_SIDE_DB else mid
    return correction, side / correction


def _mid_side(sound: torch.Tensor) -> torch.Tensor:
    return to_mid_side(sound[None])[0]


def _correction(output: torch.Tensor, target: torch.Tensor, mel: MelLoss) -> float:
    return min(max(best_gain(output, target, mel), 1 / LARGEST_CORRECTION), LARGEST_CORRECTION)


def _gain_into_range(audio: np.ndarray, sample_rate: int, rms_range: list[float] | None) -> float:
    level = active_rms_db(audio, sample_rate)
    if rms_range is None or level <= FLOOR_DB:
        return 1.0
    wanted = min(max(level, rms_range[0]), rms_range[1])
    return float(10 ** ((wanted - level) / 20))
