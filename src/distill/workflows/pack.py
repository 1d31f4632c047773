"""Sampler kits: one-shots and loops of a model in a folder, with all that samplers read."""

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distill.audio.delivery import AS_IS, Delivery
from distill.bounds import check_bound
from distill.cancellation import cancellable_items
from distill.errors import UsageError
from distill.files import FilePath, plain_json, replace_atomically
from distill.inference.generate import Generated
from distill.inference.generate import generate as generate_sounds
from distill.inference.modes.request import SEEDS, Request
from distill.inference.sampling.context import corpus_tempo
from distill.inference.sampling.steering import steering_scale
from distill.models.persistence import LoadedVQModel
from distill.workflows.codes import check_delivery
from distill.workflows.kit_files import FIRST_KEY, KitSound, dspreset, kit_entries, sfz
from distill.workflows.kit_sounds import describe_sound
from distill.workflows.request import make_request
from distill.workflows.whole_folder import check_new_folder, whole_folder

ONE_SHOTS = 32
"""One-shots of a kit, where no number is asked for."""

LOOPS = 8
"""Loops of a kit, where no number is asked for."""

MAX_COPY = 20.0
"""Percentage of a sound that may repeat passages of the corpus, where none is asked for."""

ONE_SHOT_S = 4.0
"""Longest one-shot in seconds."""

LOOP_S = 4.0
"""Length of a loop in seconds, where the corpus keeps no beat."""

LOOP_BARS = 2.0
"""Bars of a loop, where it keeps one."""

ROUNDS = 4
"""Times that as many sounds are drawn as are still missing."""

SILENT_LUFS = -70.0
"""Loudness under which a sound is silence, and no sample."""


@dataclass(frozen=True)
class Kit:
    """A sampler kit that was written.

    Attributes:
        folder: Its folder.
        sounds: Its sounds.
        remarks: Sentences on what is missing.
    """

    folder: Path
    sounds: tuple[KitSound, ...]
    remarks: tuple[str, ...]


def pack(
    model: LoadedVQModel,
    output: FilePath,
    one_shots: int = ONE_SHOTS,
    loops: int = LOOPS,
    seed: int | None = None,
    max_copy: float | None = None,
    tempo: float | None = None,
    bars: float | None = None,
    delivery: Delivery = AS_IS,
    on_sound: Callable[[KitSound], None] = lambda sound: None,
    cancel_event: threading.Event | None = None,
) -> Kit:
    """Make a folder of one-shots and loops for samplers.

    It holds WAV files with root note, loop, onsets and tempo, `kit.sfz`, `kit.dspreset` for
    DecentSampler, and `kit.json`. The folder is there whole or not at all.

    Args:
        model: A model with a prior, as `load` gives it.
        output: The folder; there is none yet.
        one_shots: Number of one-shots.
        loops: Number of loops.
        seed: Seed of the first sound; by default a new one. The same seed gives the same kit.
        max_copy: Sounds of which a larger percentage repeats passages of the corpus are left out;
            by default 20.
        tempo: Beats per minute of the loops; by default that of the recording that each begins
            from.
        bars: Bars of a loop; by default 2, or 4 s where the corpus keeps no beat.
        delivery: Sample rate, bits, channels and loudness of the sounds.
        on_sound: Takes each sound as soon as it is written.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread. No
            folder is left.

    Returns:
        The kit that was written.

    Raises:
        CancelledError: `cancel_event` was set.
        NoPriorError: The model has no prior.
        OutputError: The folder is there already, or cannot be written.
        UsageError: A number is out of range, or no sound stays under `max_copy`.

    Example:
        kit = distill.pack(distill.load("my.sda"), "kit", one_shots=16, loops=4)
        print(len(kit.sounds), kit.remarks)
    """
    check_bound("--one-shots", one_shots)
    check_bound("--loops", loops)
    check_bound("--bars", bars)
    if one_shots + loops == 0:
        raise UsageError("A kit holds one sound at least: ask for --one-shots or --loops.")
    _check_form(delivery)
    check_delivery(model, delivery)
    check_new_folder(output)
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    limit = _limit(model, max_copy)
    parts = {
        "one-shots": (one_shots, _one_shots(seed, limit)),
        "loops": (loops, _loops(model, seed, limit, tempo, bars)),
    }
    with whole_folder(output) as folder:
        writer = _Writer(model, folder, delivery, on_sound)
        for name, (count, request) in parts.items():
            sounds = cancellable_items(cancel_event, _chosen(model, request, count))
            writer.write_all(name, sounds, count)
        if not writer.sounds:
            raise UsageError(
                "No sound of this model stays under --max-copy: allow more, or train on more "
                "recordings."
            )
        writer.write_kit()
    return Kit(folder=Path(output), sounds=tuple(writer.sounds), remarks=tuple(writer.remarks))


def _check_form(delivery: Delivery) -> None:
    """`UsageError` for a form that samplers do not read marks in."""
    if delivery.bitrate is not None or delivery.format not in (None, "wav"):
        raise UsageError(
            "Samplers read marks in WAV files alone: leave out --format and --bitrate."
        )


def _limit(model: LoadedVQModel, max_copy: float | None) -> float | None:
    """The percentage of copies that is allowed; None where the model cannot tell."""
    if max_copy is not None:
        return max_copy
    return MAX_COPY if model.prior_facts.copy_index is not None else None


def _one_shots(seed: int, max_copy: float | None) -> Request:
    return make_request(one_shot=True, duration=ONE_SHOT_S, seed=seed, max_copy=max_copy)


def _loops(
    model: LoadedVQModel,
    seed: int,
    max_copy: float | None,
    tempo: float | None,
    bars: float | None,
) -> Request:
    """A request for loops of whole bars, or of some seconds where there is no beat."""
    settings: dict[str, Any] = {"loop": True, "seed": seed, "max_copy": max_copy, "tempo": tempo}
    if bars is None and tempo is None and corpus_tempo(model.prior_facts.recordings) is None:
        return make_request(**settings, duration=LOOP_S)
    return make_request(**settings, bars=LOOP_BARS if bars is None else bars)


def _chosen(model: LoadedVQModel, request: Request, count: int) -> Iterator[Generated]:
    """Up to `count` sounds that are no silence and copy no more than they may."""
    seed = request.seed
    missing = count
    for _ in range(ROUNDS):
        if not missing:
            return
        for sound in generate_sounds(model, replace(request, seed=seed, count=missing)):
            if _is_wanted(sound, request.max_copy):
                missing -= 1
                yield sound
        seed += count


def _is_wanted(sound: Generated, max_copy: float | None) -> bool:
    if not sound.loudness > SILENT_LUFS:
        return False
    return max_copy is None or sound.copy is None or sound.copy.passage_percent <= max_copy


class _Writer:
    """Writes the sounds of a kit, and then what names them all."""

    def __init__(
        self,
        model: LoadedVQModel,
        folder: Path,
        delivery: Delivery,
        on_sound: Callable[[KitSound], None],
    ) -> None:
        self.model = model
        self.folder = folder
        self.delivery = delivery
        self.on_sound = on_sound
        self.scale = steering_scale(model)
        self.sounds: list[KitSound] = []
        self.remarks: list[str] = []

    def write_all(self, part: str, sounds: Iterator[Generated], count: int) -> None:
        """Write the `sounds` of a part of the kit, of which `count` were asked for."""
        (self.folder / part).mkdir()
        n_written = 0
        for n_written, sound in enumerate(sounds, 1):
            self._write(part, sound.delivered(self.delivery), n_written, len(str(count)))
        if n_written < count:
            self.remarks.append(
                f"{n_written} of {count} {part}: the others repeat more of your recordings than "
                "--max-copy allows, or are silent."
            )
        if not n_written:
            (self.folder / part).rmdir()

    def _write(self, part: str, sound: Generated, number: int, digits: int) -> None:
        character = describe_sound(sound, self.scale)
        timing = sound.timing
        tempo = timing.tempo if timing else None
        file = f"{part}/{character.name(number, max(2, digits), tempo)}"
        sound.save(self.folder / file, marks=character.marks)
        entry = KitSound(
            file=file,
            kind=character.kind,
            colour=character.colour,
            key=FIRST_KEY + len(self.sounds),
            marks=character.marks,
            frames=sound.audio.shape[1],
            sample_rate=sound.sample_rate,
            seed=sound.recipe.seed,
            loudness_lufs=sound.loudness,
            copy_percent=sound.copy.passage_percent if sound.copy else None,
            tempo=tempo,
            beats=timing.beats if timing else None,
        )
        self.sounds.append(entry)
        self.on_sound(entry)

    def write_kit(self) -> None:
        """Write what names all sounds: SFZ, DecentSampler, JSON."""
        metadata = self.model.metadata
        about = {
            "id": str(metadata.get("id", "")),
            "name": str(metadata.get("name") or self.model.path.stem),
            "hash": self.model.weights_hash,
        }
        facts = plain_json(kit_entries(self.sounds, about))
        contents = {
            "kit.sfz": sfz(self.sounds).encode(),
            "kit.dspreset": dspreset(self.sounds),
            "kit.json": json.dumps(facts, indent=1).encode() + b"\n",
        }
        for name, content in contents.items():
            with replace_atomically(self.folder / name) as file:
                file.write(content)
