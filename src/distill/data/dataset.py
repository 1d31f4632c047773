"""Training data: the held-out split, and random crops joined from sounds of any length."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from distill.data.corpus import Clip
from distill.data.curation import USUAL_WEIGHT

HELD_OUT_SHARE = 0.1
"""Share of the files, or of the length of each, that training does not hear."""

MIN_FILES_TO_HOLD_OUT = 5
"""Number of files from which whole files are held out: with fewer, one would be too much."""

GAP_S = (0.02, 0.2)
"""Shortest and longest silence between two files in a crop, in seconds."""

GAIN_DB = (-6.0, 2.0)
"""Lowest and highest random gain of a file in a crop, in dB."""

ALL_ROWS = slice(None)
"""All crops of a batch."""

OPEN_FILES = 64
"""Most files that are mapped at a time: some systems allow a program 256."""


@dataclass(frozen=True)
class ClipRegion:
    """Samples `start` to `stop` of a clip."""

    clip: Clip
    start: int
    stop: int

    @property
    def n_samples(self) -> int:
        """Samples per channel."""
        return self.stop - self.start

    def audio(self) -> np.ndarray:
        """Memory map of the samples, float32 `[C, n_samples]`."""
        return self.clip.audio()[:, self.start : self.stop]


@dataclass(frozen=True)
class Split:
    """Training and held-out regions of a corpus.

    Attributes:
        train: Regions to learn from.
        held_out: Regions to judge by.
        unknown: Number of files that the manifest does not list.
        fresh: The manifest left one of the two empty, so that the split is a new one.
    """

    train: tuple[ClipRegion, ...]
    held_out: tuple[ClipRegion, ...]
    unknown: int = 0
    fresh: bool = False


def _held_out_by_hash(content_hash: str) -> bool:
    return int(content_hash[:8], 16) % round(1 / HELD_OUT_SHARE) == 0


def make_manifest(clips: Sequence[Clip]) -> list[dict[str, Any]]:
    """Decide which samples are held out, and describe the corpus in plain values.

    With `MIN_FILES_TO_HOLD_OUT` files or more, whole files are held out, but none of more than a
    third of the corpus. They are those with the lowest content hashes: order and names do not
    matter. With fewer files, the end of each is held out.

    Returns:
        One entry for each clip: `name`, `hash`, `duration_s`, `n_samples`, and `train_until`, the
        sample from which on the clip is held out; also `weight`, `tags` and `generated` where a
        person has chosen such.
    """
    if len(clips) >= MIN_FILES_TO_HOLD_OUT:
        held_out_hashes = _hashes_to_hold_out(clips)
        end_share = 0.0
    else:
        held_out_hashes = set()
        end_share = HELD_OUT_SHARE
    manifest = []
    for clip in clips:
        share = 0.0 if clip.is_generated else end_share
        border = clip.n_samples - round(clip.n_samples * share)
        train_until = 0 if clip.content_hash in held_out_hashes else border
        manifest.append(_manifest_entry(clip, train_until))
    return manifest


def _manifest_entry(clip: Clip, train_until: int) -> dict[str, Any]:
    entry = {
        "name": clip.name,
        "hash": clip.content_hash,
        "duration_s": round(clip.duration_s, 4),
        "n_samples": clip.n_samples,
        "train_until": train_until,
    }
    return entry | choices_about(clip)


def choices_about(clip: Clip) -> dict[str, Any]:
    """What a person has chosen about a clip, as model files keep it; empty for nothing."""
    choices: dict[str, Any] = {}
    if clip.weight != USUAL_WEIGHT:
        choices["weight"] = clip.weight
    if clip.tags:
        choices["tags"] = list(clip.tags)
    if clip.is_generated:
        choices["generated"] = True
    return choices


def extend_manifest(
    clips: Sequence[Clip], manifest: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """A manifest for a corpus that has changed since `manifest` was made.

    Clips that it lists stay held out, or not, as they were: those of a model that learns on must
    never change sides. Of many added clips some are held out; of a few, nothing, unless nothing
    else is.

    Args:
        clips: The corpus as it is now.
        manifest: Entries of the corpus as it was.
    """
    borders = {entry["hash"]: int(entry["train_until"]) for entry in manifest}
    new = [clip for clip in clips if clip.content_hash not in borders]
    is_judged = any(
        borders.get(clip.content_hash, clip.n_samples) < clip.n_samples for clip in clips
    )
    if len(new) >= MIN_FILES_TO_HOLD_OUT or not is_judged:
        for entry in make_manifest(new):
            borders[entry["hash"]] = entry["train_until"]
    return [
        _manifest_entry(clip, min(borders.get(clip.content_hash, clip.n_samples), clip.n_samples))
        for clip in clips
    ]


def _hashes_to_hold_out(clips: Sequence[Clip]) -> set[str]:
    """Content hashes of the clips that are held out whole."""
    largest = sum(clip.n_samples for clip in clips) / 3
    # A model is judged by recordings, not by sound that a model made.
    recordings = [clip for clip in clips if not clip.is_generated]
    hashes = sorted(clip.content_hash for clip in recordings if clip.n_samples <= largest)
    count = max(1, round(len(clips) * HELD_OUT_SHARE))
    return set(hashes[:count])


def split_by_manifest(clips: Sequence[Clip], manifest: Sequence[dict[str, Any]]) -> Split:
    """Split `clips` by a manifest of `make_manifest`; files that it does not list, by their hash.

    If that leaves nothing to learn from, or to judge by, the clips are split as a new corpus.
    """
    hashes = {entry["hash"] for entry in manifest}
    unknown = sum(clip.content_hash not in hashes for clip in clips)
    train, held_out = _regions(clips, manifest)
    fresh = not train or not held_out
    if fresh:
        train, held_out = _regions(clips, make_manifest(clips))
    return Split(train=tuple(train), held_out=tuple(held_out), unknown=unknown, fresh=fresh)


def _regions(
    clips: Sequence[Clip], manifest: Sequence[dict[str, Any]]
) -> tuple[list[ClipRegion], list[ClipRegion]]:
    """Training and held-out regions of `clips`."""
    borders = {entry["hash"]: int(entry["train_until"]) for entry in manifest}
    train = []
    held_out = []
    for clip in clips:
        border = borders.get(clip.content_hash)
        if border is None:
            is_held_out = _held_out_by_hash(clip.content_hash) and not clip.is_generated
            border = 0 if is_held_out else clip.n_samples
        border = min(border, clip.n_samples)
        if border > 0:
            train.append(ClipRegion(clip=clip, start=0, stop=border))
        if border < clip.n_samples:
            held_out.append(ClipRegion(clip=clip, start=border, stop=clip.n_samples))
    return train, held_out


def cut_into_blocks(regions: Sequence[ClipRegion], samples: int) -> list[ClipRegion]:
    """Cut `regions` into regions of `samples`; the last one of each may be shorter."""
    blocks = []
    for region in regions:
        for start in range(region.start, region.stop, samples):
            stop = min(start + samples, region.stop)
            blocks.append(ClipRegion(clip=region.clip, start=start, stop=stop))
    return blocks


class Crops(NamedTuple):
    """A batch of crops.

    Attributes:
        audio: Samples, float32 `[B, C, N]`.
        exact: Crops `[B]` (bool) whose code frames are those of their files.
    """

    audio: np.ndarray
    exact: np.ndarray


class _Piece(NamedTuple):
    """Stretch of a file in a crop, from sample `position` of the crop and `start` of the region."""

    position: int
    region: ClipRegion
    start: int
    n_samples: int
    gain: float


class CropSampler:
    """Random training crops that depend on the seed and the step alone.

    Every file is as likely as any other of its weight, however short. Silence of random length and
    then another file follow a file that ends inside a crop. So hits of 0.05 s fill a crop as well
    as drones do, and the codec learns silence.

    A crop begins anywhere in a file, with a random gain and either sign. An exact crop lies on the
    file's grid of code frames and has its level and sign, so that the frame memory can learn it.

    Args:
        regions: Regions to crop from.
        crop_samples: Samples `N` of a crop.
        sample_rate: In Hz.
        seed: Seed of all crops.
        frame_hop: Samples of a code frame.
        factors: How often each region is drawn beside its weight; None where all are alike.
    """

    def __init__(
        self,
        regions: Sequence[ClipRegion],
        crop_samples: int,
        sample_rate: int,
        seed: int,
        frame_hop: int,
        factors: Sequence[float] | None = None,
    ) -> None:
        self.regions = list(regions)
        self.crop_samples = crop_samples
        self.seed = seed
        self.frame_hop = frame_hop
        self.shortest_gap = round(GAP_S[0] * sample_rate)
        self.longest_gap = round(GAP_S[1] * sample_rate)
        self.channels = regions[0].clip.channels
        self._cumulative = _cumulative_weights(self.regions, factors)
        # Opening a file takes as long as reading a crop from it.
        self._audio_of = lru_cache(OPEN_FILES)(ClipRegion.audio)

    def batch(
        self, step: int, batch_size: int, exact_share: float = 0.0, rows: slice = ALL_ROWS
    ) -> Crops:
        """Draw the crops of a step.

        Args:
            step: Number of the step.
            batch_size: Crops that are drawn.
            exact_share: Probability of each to be exact.
            rows: Those that are read and returned. The draws are the same for any.
        """
        rng = np.random.default_rng([self.seed, step])
        # A generator of its own: where crops begin does not depend on the share.
        exact_rng = np.random.default_rng([self.seed, step, 2])
        exact = exact_rng.random(batch_size) < exact_share
        plans = [self._plan(rng, is_exact) for is_exact in exact]
        crops = [self._read(plan) for plan in plans[rows]]
        return Crops(audio=np.stack(crops), exact=exact[rows])

    def _plan(self, rng: np.random.Generator, exact: bool) -> list[_Piece]:
        """Pieces of one crop, with silence between them."""
        plan = []
        position = 0
        while position < self.crop_samples:
            piece = self._draw_piece(rng, position, exact)
            plan.append(piece)
            stop = position + piece.n_samples
            position = stop + int(rng.integers(self.shortest_gap, self.longest_gap))
            if exact:
                # On to the next border of a frame.
                position += -position % self.frame_hop
        return plan

    def _read(self, plan: Sequence[_Piece]) -> np.ndarray:
        """The crop `[C, N]` of a plan."""
        crop = np.zeros((self.channels, self.crop_samples), np.float32)
        for piece in plan:
            audio = self._audio_of(piece.region)[:, piece.start : piece.start + piece.n_samples]
            stop = piece.position + piece.n_samples
            crop[:, piece.position : stop] = audio * np.float32(piece.gain)
        return crop

    def _draw_piece(self, rng: np.random.Generator, position: int, exact: bool) -> _Piece:
        """A stretch of a random file that begins at `position` of a crop, and ends within it."""
        region = self.regions[self._draw_index(rng)]
        # Starts up to a quarter of a crop before the file count as its first sample: beginnings
        # are heard more often than anything else.
        quarter = self.crop_samples // 4
        start = max(0, int(rng.integers(-quarter, max(1, region.n_samples - quarter))))
        gain = 1.0
        if exact:
            start -= start % self.frame_hop
        else:
            gain = 10 ** (rng.uniform(*GAIN_DB) / 20) * rng.choice((-1.0, 1.0))
        return _Piece(
            position=position,
            region=region,
            start=start,
            n_samples=min(region.n_samples - start, self.crop_samples - position),
            gain=gain,
        )

    def _draw_index(self, rng: np.random.Generator) -> int:
        if self._cumulative is None:
            return int(rng.integers(len(self.regions)))
        return int(np.searchsorted(self._cumulative, rng.random(), side="right"))


def relative_weights(regions: Sequence[ClipRegion]) -> np.ndarray | None:
    """Weights `[regions]` with a mean of 1; None where all are equal: draws then need none."""
    weights = np.array([region.clip.weight for region in regions])
    if (weights == weights[0]).all():
        return None
    relative: np.ndarray = weights / weights.mean()
    return relative


def _cumulative_weights(
    regions: Sequence[ClipRegion], factors: Sequence[float] | None
) -> np.ndarray | None:
    """Upper borders `[regions]` of the regions on a line from 0 to 1; None where all are equal."""
    weights = relative_weights(regions)
    if factors is not None:
        weights = np.asarray(factors) * (1.0 if weights is None else weights)
    if weights is None:
        return None
    cumulative: np.ndarray = weights.cumsum() / weights.sum()
    # Rounding must not leave a draw without a region.
    cumulative[-1] = 1.0
    return cumulative
