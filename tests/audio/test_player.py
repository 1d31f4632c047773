import base64
import io

import numpy as np
import pytest
import soundfile as sf

from distill.audio.player import LONGEST_S, sound_element


def decoded(html: str) -> sf.SoundFile:
    return sf.SoundFile(io.BytesIO(base64.b64decode(html.split("base64,")[1].split('"')[0])))


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_sound_is_heard_as_mp3(channels: int) -> None:
    t = np.arange(48_000) / 48_000
    audio = np.tile(0.5 * np.sin(2 * np.pi * 440 * t), (channels, 1)).astype(np.float32)
    html = sound_element(audio, 48_000)
    assert html.startswith("<audio controls")
    with decoded(html) as file:
        assert (file.format, file.channels, file.samplerate) == ("MP3", min(channels, 2), 48_000)
        assert np.abs(file.read()).max() > 0.3


def test_of_a_long_sound_a_minute_is_heard() -> None:
    html = sound_element(np.zeros((2, 70 * 48_000), np.float32), 48_000)
    assert len(html) < 1_200_000
    with decoded(html) as file:
        assert file.frames / 48_000 == pytest.approx(LONGEST_S, abs=0.1)


def test_rates_that_mp3_lacks_are_wav() -> None:
    html = sound_element(np.ones((1, 96_000), np.float32), 96_000)
    with decoded(html) as file:
        assert (file.format, file.samplerate, file.frames) == ("WAV", 96_000, 96_000)
