"""A sound as a player in HTML, for notebooks: MP3, which every browser plays, of bounded size."""

import io

import numpy as np
import soundfile as sf

from distill.audio.stereo import mix_channels
from distill.html import audio_element

LONGEST_S = 60.0
"""Seconds that are heard of a long sound: about 1 MB in the notebook, which is saved with it."""

COMPRESSION = 0.75
"""Of libsndfile's scale, at a constant bitrate: 97 kb/s."""

MP3_RATES = (48_000, 44_100, 32_000)
"""Sample rates that MP3 has at this bitrate, in Hz."""


def sound_element(audio: np.ndarray, sample_rate: int) -> str:
    """A player of the first minute of a sound; of a rate that MP3 lacks, WAV of the first 10 s.

    Args:
        audio: The sound `[C, N]`.
        sample_rate: In Hz.
    """
    is_mp3 = sample_rate in MP3_RATES
    longest = round((LONGEST_S if is_mp3 else LONGEST_S / 6) * sample_rate)
    sound = np.clip(audio[:, :longest], -1, 1)
    if len(sound) > 2:
        sound = mix_channels(sound, 2)
    file = io.BytesIO()
    if is_mp3:
        sf.write(
            file,
            sound.T,
            sample_rate,
            format="MP3",
            compression_level=COMPRESSION,
            bitrate_mode="CONSTANT",
        )
        return audio_element(file.getvalue(), "audio/mpeg")
    sf.write(file, sound.T, sample_rate, format="WAV", subtype="PCM_16")
    return audio_element(file.getvalue(), "audio/wav")
