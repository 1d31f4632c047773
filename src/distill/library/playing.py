"""Which way to generate: what was asked for, and the sound files that it takes."""

import hashlib
from pathlib import Path

from distill.audio.io import read_audio
from distill.errors import UsageError
from distill.inference.ways import KINDS, Playing, Source
from distill.settings import SAMPLE_RATE

FilePath = str | Path


def read_source(path: FilePath, sample_rate: int = SAMPLE_RATE) -> Source:
    """The sound file at `path`, of any kind. Raises `AudioError`."""
    audio = read_audio(path, sample_rate)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Source(Path(path).name, digest, audio)


def choose_playing(
    continue_from: FilePath | None = None,
    one_shot: bool = False,
    loop: bool = False,
    variation_of: FilePath | None = None,
    amount: float | None = None,
    infill: FilePath | None = None,
    start: float | None = None,
    stop: float | None = None,
) -> Playing:
    """The way that was asked for: going on from a sound file, a sound that ends by itself, a loop, a variation of a
    sound file of which `amount` is made anew, a sound file made anew from `start` to `stop`, or just new sound.

    Raises `AudioError`, and `UsageError` for more than one.
    """
    if amount is not None and variation_of is None:
        raise UsageError("--amount says how much of a sound is to change: name the sound with --variation-of.")
    if infill is None and not (start is None and stop is None):
        raise UsageError("--from and --to say which stretch of a sound to make anew: name the sound with --infill.")
    asked = {
        "continue": continue_from is not None,
        "one-shot": one_shot,
        "loop": loop,
        "variation": variation_of is not None,
        "infill": infill is not None,
    }
    if sum(asked.values()) > 1:
        options = [KINDS[kind] for kind, is_asked in asked.items() if is_asked]
        raise UsageError(f"{' and '.join(options)} do not go together: choose one of them.")
    if continue_from is not None:
        return Playing.of("continue", read_source(continue_from))
    if variation_of is not None:
        return Playing.of("variation", read_source(variation_of), amount=amount)
    if infill is not None:
        return Playing.of("infill", read_source(infill), start=start, stop=stop)
    return Playing.of(next((kind for kind, is_asked in asked.items() if is_asked), "new"))
