"""The copy index: all that the copy meter needs of a corpus, so that a model file suffices."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from distill.inference.copies.meter import RUN_LEVELS, SILENT_FRAME_DB, CopyMeter
from distill.inference.copies.zero_point import calibrate
from distill.models.chunked import code_dtype
from distill.models.vqvae import VQVAE

ENCODINGS = 16
"""Encodings of each recording in the acoustic search, spread evenly over one frame."""

MOST_FRAMES = 400_000
"""Frames of each search in all encodings, at most: long corpora get fewer encodings.

One encoding of each sound is always there, however long the corpus: what is not in the index would
pass for new.
"""


class CorpusSound(NamedTuple):
    """A sound of the corpus, as the prior learns it.

    Attributes:
        name: Name of the file.
        start_s: Where the sound begins in the file, in seconds.
        codes: Codes `[T, Q]` of each encoding.
        leads_s: How much earlier each encoding begins, in seconds; the first may be 0.
    """

    name: str
    start_s: float
    codes: Sequence[Tensor]
    leads_s: Sequence[float]


class _Encoding(NamedTuple):
    """Codes `[T, Q]` of a file from `start_s` seconds on."""

    name: str
    start_s: float
    codes: Tensor

    def entry(self) -> dict[str, Any]:
        """Facts that the index keeps beside the codes."""
        return {"name": self.name, "start_s": self.start_s, "frames": len(self.codes)}


def build_copy_index(
    codec: VQVAE,
    corpus: Sequence[CorpusSound],
    held_out: Sequence[Tensor],
    more: Sequence[CorpusSound] = (),
) -> dict[str, Any]:
    """Index a corpus for the copy meter.

    Args:
        codec: The codec of the codes.
        corpus: The sounds that the prior learns.
        held_out: Codes `[T, Q]` of sounds that it does not learn, for the zero point.
        more: Those of them that generation takes events from. They are indexed after the zero point
            is known: beside themselves they would not be new.

    Returns:
        Tensors and plain values that a model file can hold. `codes` are the coarse levels of all
        `encodings`, `passage_codes` all levels of the `passages`. Beside them stand
        `codebook_size` and `zero`.
    """
    dtype = code_dtype(codec.codebook_size)
    levels = min(max(RUN_LEVELS), codec.num_quantizers)
    frame_s = codec.frame_hop / codec.sample_rate
    # As many encodings as the bound on all frames allows.
    frames = sum(len(sound.codes[0]) for sound in (*corpus, *more))
    count = max(1, min(ENCODINGS, MOST_FRAMES // max(1, frames)))

    def index_of(sounds: Sequence[CorpusSound]) -> dict[str, Any]:
        encodings = [part for sound in sounds for part in _for_runs(sound, frame_s, count)]
        passages = [
            encoding._replace(codes=_without_silent_tail(codec, encoding.codes))
            for sound in sounds
            for encoding in _spread_encodings(sound, frame_s, count)
        ]
        return {
            "codes": torch.cat([encoding.codes[:, :levels] for encoding in encodings]).to(dtype),
            "encodings": [encoding.entry() for encoding in encodings],
            "passage_codes": torch.cat([encoding.codes for encoding in passages]).to(dtype),
            "passages": [encoding.entry() for encoding in passages],
            "codebook_size": codec.codebook_size,
        }

    learned = index_of(corpus)
    zero_point = calibrate(codec, CopyMeter(codec, learned), held_out)
    whole = index_of([*corpus, *more]) if more else learned
    return whole | {"zero": zero_point.to_dict()}


def with_earlier_sounds(index: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """`index` with the sounds of an `earlier` one that it lacks, by name.

    A prior that learns on has heard them too: what repeats them is a copy, though they have left
    the corpus.
    """
    return _join(index, earlier, lambda part: part.name)


def with_both_sounds(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """One index of two of one codec. A sound that both have is there once.

    The zero point is that of the longer one: chance grows with the places compared.
    """
    if len(first["passage_codes"]) < len(second["passage_codes"]):
        first, second = second, first
    # Other folders may have other sounds of the same name.
    return _join(first, second, lambda part: (part.name, part.codes.numpy().tobytes()))


def _join(
    index: dict[str, Any], other: dict[str, Any], key: Callable[[_Encoding], Hashable]
) -> dict[str, Any]:
    """`index` with the encodings of `other` whose `key` it lacks."""
    whole = dict(index)
    for codes, entries in (("codes", "encodings"), ("passage_codes", "passages")):
        present = {key(encoding) for encoding in _split(index, codes, entries)}
        new = [part for part in _split(other, codes, entries) if key(part) not in present]
        whole[codes] = torch.cat([index[codes], *(part.codes for part in new)])
        whole[entries] = [*index[entries], *(part.entry() for part in new)]
    return whole


def _split(index: dict[str, Any], codes: str, entries: str) -> Iterator[_Encoding]:
    """The encodings of an index under the keys `codes` and `entries`."""
    lengths = [entry["frames"] for entry in index[entries]]
    for part, entry in zip(index[codes].split(lengths), index[entries], strict=True):
        yield _Encoding(name=entry["name"], start_s=entry["start_s"], codes=part)


def _encodings(sound: CorpusSound) -> list[_Encoding]:
    """All encodings of a sound."""
    return [
        _Encoding(
            name=sound.name,
            start_s=sound.start_s - lead_s,
            codes=codes,
        )
        for lead_s, codes in zip(sound.leads_s, sound.codes, strict=False)
    ]


def _for_runs(sound: CorpusSound, frame_s: float, count: int) -> list[_Encoding]:
    """All encodings of a sound, or `count` of them where there are more."""
    encodings = _encodings(sound)
    return encodings if len(encodings) <= count else _spread_encodings(sound, frame_s, count)


def _spread_encodings(sound: CorpusSound, frame_s: float, count: int) -> list[_Encoding]:
    """Up to `count` encodings of a sound, spread evenly over a frame."""
    encodings = _encodings(sound)
    chosen = _spread(sound.leads_s[: len(encodings)], frame_s, count)
    return [encodings[i] for i in chosen]


def _spread(
    leads_s: Sequence[float],
    frame_s: float,
    count: int,
) -> list[int]:
    """Indices of the encodings nearest to `count` places that are spread evenly over a frame."""
    nearest = set()
    for i in range(count):
        place_s = i * frame_s / count
        nearest.add(min(range(len(leads_s)), key=lambda j: abs(leads_s[j] - place_s)))
    return sorted(nearest)


def _without_silent_tail(codec: VQVAE, codes: Tensor) -> Tensor:
    """`codes` `[T, Q]` up to the last audible frame, one frame at least."""
    latents = codec.rvq.lookup(codes.long().to(codec.rvq.codebooks.device))
    audible = codec.frame_levels(latents) > SILENT_FRAME_DB
    if not audible.any():
        return codes[:1]
    last = int(audible.nonzero()[-1])
    return codes[: last + 1]
