"""Sound files in another format, with all that they carry."""

from pathlib import Path

from distill.audio.io import probe, stream_audio
from distill.audio.tags import read_tags, read_timing
from distill.audio.write import write_sound_blocks
from distill.files import FilePath
from distill.workflows.paths import output_paths


def convert_sound(sound: FilePath, output: FilePath) -> Path:
    """Write a sound in the format that the name of `output` ends in, at its own sample rate.

    It keeps its tags, and with them the recipe of a generated sound. More than two channels are
    folded to stereo.

    Args:
        sound: Sound file of any kind.
        output: Sound file to write (`.wav` or `.flac`: 24 bit; or `.ogg`).

    Raises:
        AudioError: The sound cannot be read, or the format cannot hold it.
        OutputError: The file cannot be written.
    """
    (path,) = output_paths(output, 1, [sound])
    info = probe(sound)
    return write_sound_blocks(
        path,
        stream_audio(sound, info.sample_rate),
        min(info.channels, 2),
        info.sample_rate,
        tags=read_tags(sound),
        timing=read_timing(sound),
    )
