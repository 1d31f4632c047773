"""What training hears: the held-out split, and random crops strung together from sounds of any
length."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from distill.data.corpus import Clip

HELD_OUT_SHARE = 0.1
MIN_FILES_TO_HOLD_OUT = 5
GAP_S = (0.02, 0.2)
GAIN_DB = (-6.0, 2.0)
OPEN_FILES = 64
"""At most, since some systems allow a program 256."""


@dataclass(frozen=True)
class Region:
    """Samples `start` to `stop` of a clip."""

    clip: Clip
    start: int
    stop: int

    @property
    def n_samples(self) -> int:
        return self.stop - self.start

    def audio(self) -> np.ndarray:
        """Memory-mapped `[C, n_samples]`."""
        return self.clip.audio()[:, self.start : self.stop]


@dataclass(frozen=True)
class Split:
    """Training and held-out regions, and how many files the manifest that made it did not know.

    `fresh` is true when the manifest left nothing to learn from, or to judge by, and the split is a
    new one.
    """

    train: tuple[Region, ...]
    held_out: tuple[Region, ...]
    unknown: int = 0
    fresh: bool = False


def _held_out_by_hash(content_hash: str) -> bool:
    return int(content_hash[:8], 16) % round(1 / HELD_OUT_SHARE) == 0


def make_manifest(clips: Sequence[Clip]) -> list[dict[str, Any]]:
    """One entry a file: name, hash, duration in s, samples, and `train_until`: samples from there
    on are held out.

    With 5 files or more whole files are held out, those with the lowest content hashes (so that
    order and names do not matter), but none that is more than a third of all there is; with fewer,
    the last tenth of each.
    """
    largest = sum(clip.n_samples for clip in clips) / 3
    by_hash = sorted(
        (clip for clip in clips if clip.n_samples <= largest), key=lambda clip: clip.content_hash
    )
    whole_files = len(clips) >= MIN_FILES_TO_HOLD_OUT
    held = (
        {c.content_hash for c in by_hash[: max(1, round(len(clips) * HELD_OUT_SHARE))]}
        if whole_files
        else set()
    )
    manifest = []
    for clip in clips:
        until = (
            clip.n_samples
            if whole_files
            else clip.n_samples - round(clip.n_samples * HELD_OUT_SHARE)
        )
        manifest.append(
            {
                "name": clip.name,
                "hash": clip.content_hash,
                "duration_s": round(clip.duration_s, 4),
                "n_samples": clip.n_samples,
                "train_until": 0 if clip.content_hash in held else until,
            }
        )
    return manifest


def split_by_manifest(clips: Sequence[Clip], manifest: Sequence[dict[str, Any]]) -> Split:
    """Regions of `clips` as the manifest says; files that it does not know are placed by their
    hash.

    Where that leaves nothing to learn from, or to judge by, the clips are split as a new corpus
    would be.
    """
    known = {entry["hash"] for entry in manifest}
    unknown = sum(clip.content_hash not in known for clip in clips)
    train, held_out = _regions(clips, manifest)
    fresh = not train or not held_out
    if fresh:
        train, held_out = _regions(clips, make_manifest(clips))
    return Split(tuple(train), tuple(held_out), unknown, fresh)


def _regions(
    clips: Sequence[Clip], manifest: Sequence[dict[str, Any]]
) -> tuple[list[Region], list[Region]]:
    until = {entry["hash"]: int(entry["train_until"]) for entry in manifest}
    train, held_out = [], []
    for clip in clips:
        by_hash = 0 if _held_out_by_hash(clip.content_hash) else clip.n_samples
        border = min(until.get(clip.content_hash, by_hash), clip.n_samples)
        if border > 0:
            train.append(Region(clip, 0, border))
        if border < clip.n_samples:
            held_out.append(Region(clip, border, clip.n_samples))
    return train, held_out


def cut_into_blocks(regions: Sequence[Region], samples: int) -> list[Region]:
    """`regions` in pieces of `samples`, the last one of each shorter."""
    return [
        Region(region.clip, start, min(start + samples, region.stop))
        for region in regions
        for start in range(region.start, region.stop, samples)
    ]


class Crops(NamedTuple):
    """`audio` `[B, C, N]`, and which of them are exact, `[B]`: as `encode` hears their files."""

    audio: np.ndarray
    exact: np.ndarray


class CropSampler:
    """Random training crops; what a step hears depends on `seed` and the step alone.

    Every file is as likely as any other, however short. A file that ends inside a crop is followed
    by its own silence of random length and then by another file: hits of 0.05 s fill a crop as well
    as drones do, and the codec learns that silence is silence.

    Crops begin anywhere in a file, at another level and with either sign, but for exact ones: those
    lie on its grid of code frames (`frame_hop` samples) and are as it is, so that they can be
    learned by heart.
    """

    def __init__(
        self,
        regions: Sequence[Region],
        crop_samples: int,
        sample_rate: int,
        seed: int,
        frame_hop: int,
    ) -> None:
        self.regions, self.crop_samples, self.seed, self.frame_hop = (
            list(regions),
            crop_samples,
            seed,
            frame_hop,
        )
        self.shortest_gap, self.longest_gap = (round(s * sample_rate) for s in GAP_S)
        self.channels = regions[0].clip.channels
        # Opening a file takes as long as reading a crop from it.
        self._opened = lru_cache(OPEN_FILES)(Region.audio)

    def batch(self, step: int, batch_size: int, exact_share: float = 0.0) -> Crops:
        """Crops for this step, each exact with a chance of `exact_share`."""
        rng = np.random.default_rng([self.seed, step])
        # A draw of its own: where crops begin does not depend on the share.
        exact = np.random.default_rng([self.seed, step, 2]).random(batch_size) < exact_share
        return Crops(np.stack([self._crop(rng, one) for one in exact]), exact)

    def _crop(self, rng: np.random.Generator, exact: bool) -> np.ndarray:
        crop = np.zeros((self.channels, self.crop_samples), np.float32)
        position = 0
        while position < self.crop_samples:
            piece = self._piece(rng, self.crop_samples - position, exact)
            crop[:, position : position + piece.shape[1]] = piece
            position += piece.shape[1] + int(rng.integers(self.shortest_gap, self.longest_gap))
            if exact:
                position += -position % self.frame_hop
        return crop

    def _piece(self, rng: np.random.Generator, room: int, exact: bool) -> np.ndarray:
        region = self.regions[int(rng.integers(len(self.regions)))]
        # Start before the file as often as inside its last quarter crop: beginnings must be heard
        # whole.
        quarter = self.crop_samples // 4
        start = max(0, int(rng.integers(-quarter, max(1, region.n_samples - quarter))))
        if exact:
            start -= start % self.frame_hop
        gain = 1.0 if exact else 10 ** (rng.uniform(*GAIN_DB) / 20) * rng.choice((-1.0, 1.0))
        piece: np.ndarray = self._opened(region)[:, start : start + room] * np.float32(gain)
        return piece
