"""New sounds for the card of a model at the hub."""

from dataclasses import dataclass
from pathlib import Path

from distill.audio.write import write_sound
from distill.device import using_threads
from distill.errors import UsageError
from distill.files import FilePath
from distill.inference.generate import generate
from distill.inference.modes.request import Request
from distill.models.persistence import load_model_v2

CARD_SOUNDS = 3
"""Sounds of a card."""

MOST_SEEDS = 6
"""Seeds that are tried for them, from 0 on."""

SECONDS = 8.0
"""Length of a sound in seconds."""

FORMAT = "mp3"
"""The format that all browsers play."""


@dataclass(frozen=True)
class CardSound:
    """A sound of a card.

    Attributes:
        file: Its name.
        seed: Of its draw.
        copy_percent: How much of it repeats passages of the recordings.
    """

    file: str
    seed: int
    copy_percent: float


def draw_card_sounds(model_path: FilePath, folder: Path, max_copy: float) -> list[CardSound]:
    """Draw sounds that repeat little, and write them into a folder.

    Their files hold no recipe: a report of copies names recordings.

    Args:
        model_path: The model, as it is given away.
        folder: Folder for the files.
        max_copy: Percentage of a sound that may repeat passages of the recordings.

    Returns:
        The sounds: `CARD_SOUNDS` of them, or fewer where too many seeds repeat more.

    Raises:
        ModelFileError: The file cannot be used, or has no prior.
        UsageError: `max_copy` is out of range, the model cannot measure copies, or every sound
            repeats more.
    """
    loaded = load_model_v2(model_path)
    sounds: list[CardSound] = []
    with using_threads(1):
        for seed in range(MOST_SEEDS):
            request = Request(duration=SECONDS, seed=seed, max_copy=max_copy)
            (sound,) = generate(loaded, request)
            percent = sound.copy.passage_percent if sound.copy else 100.0
            if percent > max_copy:
                continue
            file = f"sound-{len(sounds) + 1}.{FORMAT}"
            write_sound(folder / file, sound.audio, sound.sample_rate)
            sounds.append(CardSound(file=file, seed=sound.recipe.seed, copy_percent=percent))
            if len(sounds) == CARD_SOUNDS:
                break
    if not sounds:
        raise UsageError(
            f"Every new sound repeats passages of your recordings for more than {max_copy:g} %: "
            "raise --max-copy, or leave out --sounds."
        )
    return sounds
