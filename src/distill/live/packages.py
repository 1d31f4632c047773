"""Packages of the extra `live`, each imported when it is first needed."""

from importlib import import_module
from typing import Any

from distill.errors import UsageError

PACKAGES = {
    "sounddevice": ("sounddevice", "Playing on a sound card"),
    "jack": ("JACK-Client", "Playing into JACK"),
    "pythonosc": ("python-osc", "OSC"),
    "mido": ("mido python-rtmidi", "MIDI"),
}
"""Modules, what pip calls their packages, and what they are for."""

LIBRARIES = {
    "sounddevice": "PortAudio (Debian: libportaudio2)",
    "jack": "JACK (Debian: libjack-jackd2-0)",
}
"""Libraries of the system that a package needs and may lack."""


def require(module: str) -> Any:
    """A module of the extra `live`; `UsageError` says what to install where it is missing."""
    top = module.split(".")[0]
    package, use = PACKAGES[top]
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(
            f"{use} needs {package}: run `pip install {package}`, or `pip install 'distill[live]'` "
            "for all that plays."
        ) from error
    except OSError as error:
        raise UsageError(
            f"{use} needs the library {LIBRARIES.get(top, top)}, which was not found: install it."
        ) from error
