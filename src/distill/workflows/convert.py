"""Sound files in another form, with all that they carry."""

from dataclasses import replace
from pathlib import Path

from distill.audio.binaural import check_binaural
from distill.audio.conversion import check_width, deliver_blocks
from distill.audio.delivery import AS_IS, Delivery
from distill.audio.formats import nearest_rate
from distill.audio.io import probe, stream_audio
from distill.audio.tags import read_tags, read_timing
from distill.files import FilePath
from distill.workflows.paths import output_paths


def convert_sound(sound: FilePath, output: FilePath, delivery: Delivery = AS_IS) -> Path:
    """Write a sound in the format that the name of `output` ends in.

    It keeps its tags, and with them the recipe of a generated sound. More than two channels are
    folded to stereo. It keeps its sample rate, if none is asked for and the format has that.

    Args:
        sound: Sound file of any kind.
        output: Sound file to write: `.wav`, `.aiff`, `.flac`, `.ogg`, `.opus` or `.mp3`.
        delivery: The form of the file.

    Raises:
        AudioError: The sound or the SOFA file cannot be read, or the format cannot hold it.
        UsageError: The format does not have what is asked for.
        OutputError: The file cannot be written.

    Example:
        convert_sound("new.wav", "new.mp3", Delivery(bitrate=192, loudness_target=-14))
    """
    info = probe(sound)
    rate = delivery.rate or nearest_rate(output, info.sample_rate)
    delivery = replace(delivery, rate=rate)
    (path,) = output_paths(output, 1, [sound], delivery=delivery)
    channels = min(info.channels, 2)
    check_width(delivery, channels)
    check_binaural(delivery, channels)
    return deliver_blocks(
        path,
        stream_audio(sound, info.sample_rate),
        channels,
        info.sample_rate,
        delivery,
        tags=read_tags(sound),
        timing=read_timing(sound),
    )
