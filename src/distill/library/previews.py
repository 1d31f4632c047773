"""Previews of a training: a fixed set of sounds, and the request for them. Free of torch.

They are made at every save, by the player at low priority. Training never waits for them.
"""

from pathlib import Path
from typing import Any

from distill.files import FilePath
from distill.library.player import Player
from distill.library.player_task import PlayerTask
from distill.library.sound_requests import Preview, PreviewSound
from distill.models.header import read_outline

OWN_SOUNDS = 4
"""Recordings that the model learns from, in a set."""

HELD_OUT_SOUNDS = 2
"""Recordings, or ends of some, that it does not learn from."""

LEAST_S = 0.5
"""Seconds of a held-out end, at least, that can be judged by ear."""


def preview_sounds(model: FilePath, folder: FilePath) -> tuple[PreviewSound, ...]:
    """The fixed set of a model: recordings of its corpus, spread over all, and held-out ones.

    Args:
        model: Model file, as a training saves it.
        folder: Folder of its corpus. Recordings that are no longer there are left out.

    Raises:
        ModelFileError: The file cannot be used.
    """
    header = read_outline(model)
    rate = header["vqvae_config"]["sample_rate"]
    own = []
    held_out = []
    for entry in header["metadata"].get("corpus", []):
        path = Path(folder) / str(entry["name"])
        if not path.is_file():
            continue
        start = _held_out_start(entry, rate)
        if start != 0.0:
            own.append(PreviewSound(path=path))
        if start is not None:
            held_out.append(PreviewSound(path=path, start_s=start, is_held_out=True))
    return (*_spread(own, OWN_SOUNDS), *_spread(held_out, HELD_OUT_SOUNDS))


def _held_out_start(entry: dict[str, Any], rate: int) -> float | None:
    """Seconds at which the held-out part of a recording begins; None without one to be heard."""
    samples = entry.get("n_samples", 0)
    start = entry.get("train_until", samples)
    is_heard = start == 0 or samples - start >= LEAST_S * rate
    return start / rate if is_heard and samples > start else None


def _spread(sounds: list[PreviewSound], count: int) -> list[PreviewSound]:
    """At most `count` of `sounds`, at even distances."""
    if len(sounds) <= count:
        return sounds
    return [sounds[number * len(sounds) // count] for number in range(count)]


def ask_for_preview(player: Player, preview: Preview) -> PlayerTask | None:
    """Let `player` make a preview; None where it has other work: the next save gets one."""
    return None if player.tasks() else player.submit(preview)
