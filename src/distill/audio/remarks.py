"""Sentences on how a sound file is read, for whoever hands one over."""

import os

from distill.audio.io import probe
from distill.files import FilePath


def remarks_on(path: FilePath) -> tuple[str, ...]:
    """Sentences on how a file is read, where its container or its channels are unusual.

    Raises:
        UnreadableAudioError: As `probe` does.
    """
    info = probe(path)
    name = os.fsdecode(os.path.basename(path))
    remarks = (info.remark, info.layout.remark)
    return tuple(f"'{name}': {remark}." for remark in remarks if remark)
