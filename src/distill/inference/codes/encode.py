"""Any sound to codes, with what brings its level, its width and its length back."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch

from distill.audio.blocks import pieces
from distill.audio.level import FLOOR_DB, active_rms_db_of
from distill.audio.stereo import WIDE_DB, energy_ratio_db, mix_channels, side_energies
from distill.errors import AudioError
from distill.inference.codes.compatible import make_grid
from distill.inference.codes.grid import CodeGrid
from distill.models.chunked import decode_codes, encode_stream, frames_of
from distill.models.losses import MelLoss, best_gain
from distill.models.mid_side import to_mid_side
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE

JUDGED_S = 4.0
LARGEST_CORRECTION = 8.0
MOSTLY_SIDE_DB = -3.0
"""Side level (`side_level_db`) from which on there is more side than mid."""


def encode_sound(loaded: LoadedVQModel, audio: np.ndarray, source: str = "") -> CodeGrid:
    """Codes of `audio` `[C, N]` at the codec's rate: those of `encode_blocks`."""
    return encode_blocks(loaded, lambda: pieces(audio), source)


def encode_blocks(
    loaded: LoadedVQModel, read: Callable[[], Iterable[np.ndarray]], source: str = ""
) -> CodeGrid:
    """Codes of a sound of any length, which `read` gives from its start: blocks `[C, n]` at the
    codec's rate.

    Mixed to the codec's channels; heard twice, since level comes first. `AudioError` for no
    samples.

    A sound quieter or louder than everything in the corpus is brought to the nearest level that the
    codec has heard; the `gain` of the result takes it back, and makes good what the codec itself
    gets wrong in level. Its `width` does that for the side: 0 where there is none, so that dual
    mono comes back as dual mono.
    """
    model = loaded.model

    def mixed() -> Iterator[np.ndarray]:
        return (mix_channels(block, model.channels) for block in read())

    passing = _Passing(0, 0)
    level = active_rms_db_of(passing.watch(mixed()), model.sample_rate)
    if passing.n_samples == 0:
        raise AudioError(f"'{source}' holds no samples: choose another sound.")
    gain = _gain_into_range(level, loaded.metadata.get("corpus_rms_range_db"))
    first, last = _judged(model, passing.n_samples)
    passing = _Passing(first * model.frame_hop, last * model.frame_hop)
    scaled = (block * np.float32(gain) for block in passing.watch(mixed()))
    codes = torch.cat(list(encode_stream(model, scaled)))
    correction, width = _corrections(
        model, codes, passing.caught() * np.float32(gain), first, passing.side_db
    )
    return make_grid(
        loaded,
        codes.numpy(),
        n_samples=passing.n_samples,
        gain=correction / gain,
        width=width,
        source=source,
    )


class _Passing:
    """What is noted of a sound as it passes: its length, how wide it is, and the samples from
    `start` to `stop`."""

    def __init__(self, start: int, stop: int) -> None:
        self.start, self.stop, self.n_samples = start, stop, 0
        self._side = self._both = 0.0
        self._caught: list[np.ndarray] = []

    def watch(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass blocks `[C, n]` through."""
        for block in blocks:
            begin, self.n_samples = self.n_samples, self.n_samples + block.shape[1]
            if begin < self.stop and self.n_samples > self.start:
                self._caught.append(block[:, max(0, self.start - begin) : self.stop - begin])
            if len(block) > 1:
                side, both = side_energies(block)
                self._side, self._both = self._side + side, self._both + both
            yield block

    @property
    def side_db(self) -> float:
        """As `side_level_db` has it."""
        return energy_ratio_db(self._side, self._both)

    def caught(self) -> np.ndarray:
        return np.concatenate(self._caught, axis=1)


def _judged(model: VQVAE, n_samples: int) -> tuple[int, int]:
    """The code frames by which the level of what is decoded is judged: up to `JUDGED_S` in the
    middle."""
    length = round(JUDGED_S * model.frame_rate)
    first = max(0, (frames_of(n_samples, model.frame_hop) - length) // 2)
    return first, first + length


@torch.inference_mode()
def _corrections(
    model: VQVAE, codes: torch.Tensor, heard: np.ndarray, first: int, side_db: float
) -> tuple[float, float]:
    """What the decoded sound and, beyond that, its side are to be multiplied by to be nearest to
    what was encoded.

    `heard` `[C, n]` is what was encoded to the `codes` `[T, Q]` from frame `first` on.
    """
    last = first + frames_of(heard.shape[1], model.frame_hop)
    decoded = decode_codes(model, codes[first:last])[:, : heard.shape[1]]
    pad = (0, -heard.shape[1] % model.n_fft)
    output, target = (torch.nn.functional.pad(torch.from_numpy(x), pad) for x in (decoded, heard))
    mel = MelLoss(model.sample_rate)
    if model.channels == 1:
        return _correction(output, target, mel), 1.0
    # Of left and right one may be silent, which tells nothing of the level of the other.
    mid, side = (
        _correction(x, y, mel) for x, y in zip(_mid_side(output), _mid_side(target), strict=True)
    )
    if side_db < WIDE_DB:
        return mid, 0.0
    correction = side if side_db > MOSTLY_SIDE_DB else mid
    return correction, side / correction


def _mid_side(sound: torch.Tensor) -> torch.Tensor:
    return to_mid_side(sound[None])[0]


def _correction(output: torch.Tensor, target: torch.Tensor, mel: MelLoss) -> float:
    return min(max(best_gain(output, target, mel), 1 / LARGEST_CORRECTION), LARGEST_CORRECTION)


def _gain_into_range(level: float, rms_range: list[float] | None) -> float:
    if rms_range is None or level <= FLOOR_DB:
        return 1.0
    wanted = min(max(level, rms_range[0]), rms_range[1])
    return float(10 ** ((wanted - level) / 20))
