"""Validation of a codec: distances of decoded sounds, stereo image, use of the codebooks."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from distill.audio.stereo import correlation, mix_channels, side_level_db
from distill.cancellation import Check, check_each
from distill.data.dataset import ClipRegion
from distill.models.chunked import decode_codes, encode_audio
from distill.models.levels import level_names
from distill.models.losses import MEL_SCALES, MelLoss
from distill.models.vqvae import VQVAE
from distill.training.metrics import LevelHealth

# Seconds of held-out and of own sounds in a validation, which then takes a second or two. Held-out
# sounds differ more from one another, and need more.
HELD_OUT_S = 20.0
OWN_S = 10.0

# Regions that the seconds above are spread over: more would be too short to be judged.
MOST_REGIONS = 24

# Places in a region among which the loudest is judged. Recordings begin with the noise of a room.
PLACES = 16

# Frames on both sides of a stretch that are decoded with it. Without them its ends are further from
# the recording than all else: by 6 % in `loops`, by 12 % in `tabla`.
MARGIN = 3

# Root mean square, -60 dB of full scale, below which a region is not judged: in near silence the
# mel distance compares floors.
LEAST_LEVEL = 1e-3

# Share of the regions that a mean leaves out, of the nearest as of the furthest: a file unlike all
# others must not bend it.
TRIM = 0.1

# Seconds of training sounds in which the use of codebooks is counted at the end.
COUNTED_S = 600.0

# Steps over which the use of codebooks is counted during training.
HEALTH_STEPS = 50

# Lower bound of a share in a logarithm; entries that are never chosen add nothing to the entropy.
_TINY = 1e-12


class Distances(NamedTuple):
    """Mel distances (sum of 7 scales, log10) between sounds and their decoded versions.

    Each is a mean over regions, trimmed at both ends. `own` are sounds of the training split.
    `held_out` is None where nothing is held out.
    """

    own: float
    held_out: float | None


@dataclass(frozen=True)
class HeardSound:
    """A stretch of a recording, and how a codec makes it.

    Attributes:
        name: Of the recording.
        recording: The stretch `[C, N]`.
        decoded: The same, encoded and decoded.
    """

    name: str
    recording: np.ndarray
    decoded: np.ndarray


def hear(
    codec: VQVAE, regions: Sequence[ClipRegion], count: int, seconds: float
) -> list[HeardSound]:
    """The first `seconds` of up to `count` regions, evenly spread, as they are and decoded."""
    step = max(1, len(regions) // count)
    sounds = []
    for region in regions[::step][:count]:
        stop = min(region.stop, region.start + round(seconds * codec.sample_rate))
        audio = region.clip.audio()[:, region.start : stop]
        sounds.append(HeardSound(region.clip.name, audio, _decode(codec, audio)))
    return sounds


def measure_distances(
    codec: VQVAE,
    loss: MelLoss,
    own: Sequence[ClipRegion],
    held_out: Sequence[ClipRegion],
    check: Check = lambda: None,
) -> Distances:
    """Distances of up to 10 s of own sounds and of up to 20 s of held-out ones.

    `check` is called before each sound, and may raise.
    """

    def distance(regions: Sequence[ClipRegion], seconds: float) -> float | None:
        stretches = loud_seconds(codec, regions, seconds)
        return _mean_distance(codec, loss, check_each(stretches, check))

    own_distance = distance(own, OWN_S)
    assert own_distance is not None
    return Distances(own=own_distance, held_out=distance(held_out, HELD_OUT_S))


def loud_seconds(codec: VQVAE, regions: Sequence[ClipRegion], seconds: float) -> list[ClipRegion]:
    """Loud stretches of up to 24 of the regions, spread evenly, which last `seconds` in all.

    Regions that are nearly silent are left out, unless all are.
    """
    subset = regions[:: max(1, len(regions) // MOST_REGIONS)][:MOST_REGIONS]
    samples = max(1, int(seconds * codec.sample_rate / max(1, len(subset))))
    loudest = [_loudest(region, samples, codec.frame_hop) for region in subset]
    audible = [stretch for stretch in loudest if _level(stretch) >= LEAST_LEVEL]
    return audible or loudest


def _loudest(region: ClipRegion, samples: int, hop: int) -> ClipRegion:
    """The loudest of the stretches of a region; all of it where it is no longer than `samples`.

    Each begins with a frame of the recording, of `hop` samples: own frames are known by heart, and
    others between them are not.
    """
    last = max(0, region.n_samples - samples) // hop
    frames = np.unique(np.linspace(0, last, PLACES).astype(int))
    starts = region.start + hop * frames
    stretches = [
        ClipRegion(clip=region.clip, start=start, stop=min(region.stop, start + samples))
        for start in starts.tolist()
    ]
    return max(stretches, key=_level)


def _level(region: ClipRegion) -> float:
    """Root mean square of a region; 1 is full scale."""
    return float(np.sqrt(np.mean(np.square(region.audio()))))


def _mean_distance(codec: VQVAE, loss: MelLoss, regions: Iterable[ClipRegion]) -> float | None:
    distances = sorted(_distance(codec, loss, region) for region in regions)
    left_out = int(TRIM * len(distances))
    kept = distances[left_out : len(distances) - left_out]
    return sum(kept) / len(kept) if kept else None


def _distance(codec: VQVAE, loss: MelLoss, region: ClipRegion) -> float:
    """Mel distance between a region and its decoded version, both mixed to mono.

    Mixed, the figure means the same for stereo as for mono.
    """
    scales = tuple(range(len(MEL_SCALES)))
    margin = MARGIN * codec.frame_hop
    before = min(region.start, margin)
    audio = region.clip.audio()[:, region.start - before : region.stop + margin]
    inside = slice(before, before + region.n_samples)
    output = _mono(codec, _decode(codec, audio)[:, inside])
    return float(loss(output, _mono(codec, audio[:, inside]), scales)) * len(MEL_SCALES)


def _decode(codec: VQVAE, audio: np.ndarray) -> np.ndarray:
    """`audio` `[C, N]` encoded and decoded again."""
    return decode_codes(codec, encode_audio(codec, audio))[:, : audio.shape[1]]


def _mono(codec: VQVAE, audio: np.ndarray) -> Tensor:
    """`audio` `[C, N]` as a mono tensor, padded to whole STFT windows."""
    mono = torch.tensor(mix_channels(audio, 1), device=codec.rvq.codebooks.device)
    return F.pad(mono, (0, -mono.shape[-1] % codec.n_fft))


def stereo_image(codec: VQVAE, regions: Sequence[ClipRegion]) -> dict[str, list[float]]:
    """Stereo image of up to 10 s of own sounds, as they are and as the codec decodes them.

    Returns:
        `side_db`, the level of the side in dB relative to the mid, and `correlation` of left and
        right: each `[own, decoded]`. Empty for a mono codec.
    """
    if codec.channels == 1:
        return {}
    sounds = [region.audio() for region in loud_seconds(codec, regions, OWN_S)]
    own = np.concatenate(sounds, 1)
    output = np.concatenate([_decode(codec, sound) for sound in sounds], 1)
    return {
        "side_db": [side_level_db([own]), side_level_db([output])],
        "correlation": [correlation(own), correlation(output)],
    }


# --- use of the codebooks -------------------------------------------------------------------------


def count_codes(codes: Tensor, codebook_size: int) -> Tensor:
    """How often each entry occurs in `codes` `[..., Q]`: counts `[Q, K]`."""
    columns = codes.flatten(0, -2).T
    return torch.stack([torch.bincount(column, minlength=codebook_size) for column in columns])


def corpus_counts(codec: VQVAE, regions: Iterable[ClipRegion]) -> Tensor:
    """How often each entry is chosen in (at most 10 minutes of) the training sounds, `[Q, K]`."""
    counts = torch.zeros(codec.num_quantizers, codec.codebook_size)
    room = int(COUNTED_S * codec.sample_rate)
    for region in regions:
        codes = encode_audio(codec, region.audio()[:, :room])
        counts += count_codes(codes, codec.codebook_size)
        room -= region.n_samples
        if room <= 0:
            break
    return counts


class RecentCounts:
    """How often each entry was chosen over the last steps of training.

    Args:
        codebook_size: Entries of a codebook.
    """

    def __init__(self, codebook_size: int) -> None:
        self.codebook_size = codebook_size
        self._steps: deque[Tensor] = deque(maxlen=HEALTH_STEPS)

    def add(self, counts: Tensor) -> None:
        """Add the counts `[Q, K]` of a step."""
        self._steps.append(counts.cpu())

    def total(self) -> Tensor:
        """Counts `[Q, K]`; `[0, K]` before the first step."""
        if not self._steps:
            return torch.zeros(0, self.codebook_size)
        return torch.stack(list(self._steps)).sum(0)

    def state(self) -> list[Tensor]:
        """Counts `[Q, K]` of each step, for `restore`."""
        return list(self._steps)

    def restore(self, state: Iterable[Tensor]) -> None:
        """Continue from a `state`: counts `[Q, K]` of each step."""
        self._steps.extend(state)


def measure_health(counts: Tensor) -> tuple[LevelHealth, ...]:
    """Health of each level, from the `counts` `[Q, K]` of its entries; empty where `Q` is 0."""
    Q, K = counts.shape
    if not Q:
        return ()
    share = counts.double() / counts.sum(1, keepdim=True).clamp(min=1)
    entropy = (-share * share.clamp(min=_TINY).log()).sum(1)
    perplexity = entropy.exp().tolist()
    used = (counts > 0).sum(1).tolist()
    return tuple(
        LevelHealth(
            name=name,
            utilisation=used[level] / K,
            perplexity=perplexity[level],
            dead_codes=K - used[level],
        )
        for level, name in enumerate(level_names(Q))
    )
