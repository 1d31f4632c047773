"""Mutated sounds of all formats: probed, read, their tags read, encoded, and scanned as corpus."""

import io
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile as sf

import distill
from distill.audio.io import AudioInfo, probe, read_audio
from distill.audio.tags import read_tags
from distill.models.persistence import LoadedVQModel
from tests.campaign.commands import run_command
from tests.campaign.material import material
from tests.campaign.mutate import LENGTHS, mutate_bytes, pick, splice
from tests.campaign.ogg import MARK, with_checksums
from tests.campaign.report import Plan, Tally
from tests.campaign.workers import run_case

NAME = "sounds"
COUNT = 3_000
TAKES_S = 35

USUAL = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3")
"""Formats that musicians have; the others that libsndfile knows come more rarely."""

SHARE_UNUSUAL = 0.1
"""Share of mutated files that are of an unusual format."""

SHARE_WORKED_ON = 0.15
"""Share of the survivors that are encoded, and scanned as a corpus."""

LONGEST_S = 5.0
"""Seconds of a sound that is encoded: trials are short."""

SECONDS = 0.08
"""Length of a whole sound."""

RATES = (44_100, 48_000, 8_000)
"""Sample rates in Hz that are tried in this order: not every format takes each."""

CHUNK = re.compile(rb"[A-Za-z][A-Za-z0-9 _]{3}")
"""What looks like the name of a chunk, which has its size after it."""


def run(plan: Plan) -> Tally:
    """Mutate sounds as the plan says."""
    return run_case(SoundsCase(material(plan.shared)), plan)


class SoundsCase:
    """Mutated sounds."""

    name = NAME
    suffix = ".wav"

    def __init__(self, folder: Path) -> None:
        self._model: LoadedVQModel = distill.load(folder / "model.sda", threads=1)
        self._usual: list[bytes] = []
        self._unusual: list[bytes] = []
        # The header of SD2 lies in a file beside it, `._NAME`, which would stay in this folder.
        kinds = [kind for kind in sf.available_formats() if kind != "SD2"]
        for kind in kinds:
            sounds = self._usual if kind in USUAL else self._unusual
            for subtype in sf.available_subtypes(kind):
                sounds += _write(kind, subtype)

    def whole(self) -> Sequence[bytes]:
        """A sound of each usual format and encoding."""
        return self._usual

    def make(self, rng: np.random.Generator, canary: Path) -> bytes:
        """A sound with other bytes, mostly in its header."""
        is_unusual = rng.random() < SHARE_UNUSUAL
        content = pick(rng, self._unusual if is_unusual else self._usual)
        chance = rng.random()
        if chance < 0.35:
            content = _set_chunk_size(content, rng)
        elif chance < 0.5:
            # The same formats are spliced as well as others.
            content = splice(content, pick(rng, self._usual), rng)
        elif chance < 0.55:
            content = content + pick(rng, self._usual)
        if chance >= 0.5 or rng.random() < 0.3:
            content = mutate_bytes(content, rng)
        if content.startswith(MARK) and rng.random() < 0.8:
            content = with_checksums(content)
        return content

    def use(self, path: Path, rng: np.random.Generator) -> str:
        """Read header, sound and tags; encode and scan a share of those that can be read."""
        is_worked_on = rng.random() < SHARE_WORKED_ON
        if is_worked_on:
            # Whatever the file is: in a folder it is used or named.
            run_command("doctor", path.parent)
            run_command("info", path)
        info = probe(path)
        audio = read_audio(path)
        _check(info, audio)
        read_tags(path)
        if not is_worked_on:
            return "read"
        if audio.shape[1] < LONGEST_S * self._model.model.sample_rate:
            distill.encode(self._model, path)
        return "used"


def _check(info: AudioInfo, audio: np.ndarray) -> None:
    if audio.ndim != 2 or len(audio) != info.channels or not audio.size:
        raise ArithmeticError(f"a sound came as {audio.shape}, its header says {info}")
    if not np.isfinite(audio).all():
        raise ArithmeticError("a sound came with samples that are not numbers")


def _write(kind: str, subtype: str) -> list[bytes]:
    """A mono and a stereo sound, as far as the format can hold them."""
    written = []
    for channels in (1, 2):
        for rate in RATES:
            file = io.BytesIO()
            try:
                with sf.SoundFile(file, "w", rate, channels, subtype, format=kind) as sound:
                    with suppress(sf.SoundFileError):
                        sound.comment = f"{kind} {subtype}"
                    sound.write(_tone(rate, channels))
            except (sf.SoundFileError, ValueError, TypeError, AttributeError):
                continue
            written.append(file.getvalue())
            break
    return [content for content in written if _is_read(content)]


def _is_read(content: bytes) -> bool:
    """Whether libsndfile reads what it wrote: not so for DWVW, or where a second file is needed."""
    try:
        return bool(len(sf.read(io.BytesIO(content))[0]))
    except (sf.SoundFileError, TypeError):
        return False


def _tone(rate: int, channels: int) -> np.ndarray:
    """A decaying tone `[N, C]`."""
    t = np.arange(round(rate * SECONDS)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * t) * np.exp(-20 * t)
    return np.stack([tone, -0.3 * tone][:channels], axis=1)


def _set_chunk_size(content: bytes, rng: np.random.Generator) -> bytes:
    """Write an extreme size after the name of a chunk."""
    names = list(CHUNK.finditer(content, 0, 512))
    if not names:
        return content
    place = pick(rng, names).end()
    order = pick(rng, ("little", "big"))
    n_bytes = pick(rng, (4, 4, 8))
    length = pick(rng, (*LENGTHS, len(content), len(content) - place)) % (1 << 8 * n_bytes)
    return content[:place] + length.to_bytes(n_bytes, order) + content[place + n_bytes :]
