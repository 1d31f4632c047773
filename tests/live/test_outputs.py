"""Outputs: a clock, JACK with its dummy driver, and what is not there."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from importlib import import_module

import numpy as np
import pytest

from distill.errors import UsageError
from distill.live import packages
from distill.live.outputs import ClockOutput, Output, open_output


@pytest.fixture
def jack_server() -> Iterator[None]:
    """A JACK server of its own, with the dummy driver."""
    if shutil.which("jackd") is None:
        pytest.skip("no jackd")
    command = ["jackd", "-r", "-d", "dummy", "-r", "44100", "-p", "1024"]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    yield
    server.terminate()
    server.wait()


def pulled(output: Output, samples: int) -> np.ndarray:
    """What an output asks for, from a sound of all ones."""
    done = threading.Event()
    lengths = []

    def pull(n: int) -> np.ndarray:
        lengths.append(n)
        if sum(lengths) >= samples:
            done.set()
        return np.ones((2, n), np.float32)

    output.start(pull)
    assert done.wait(20)
    output.stop()
    return np.array(lengths)


def test_a_clock_asks_for_blocks_in_time() -> None:
    began = time.monotonic()
    lengths = pulled(ClockOutput(48_000), 9_600)
    assert (lengths == 1024).all()
    assert time.monotonic() - began >= 0.18


def test_jack_asks_at_its_own_rate(jack_server: None) -> None:
    """Opened again and again until the server is up."""
    for _ in range(100):
        try:
            output = open_output("jack", 2, 48_000)
            break
        except UsageError:
            time.sleep(0.1)
    assert output.sample_rate == 44_100
    assert output.block == 1024
    assert output.name == "JACK (distill)"
    assert (pulled(output, 8_192) == 1024).all()


@pytest.mark.skipif(shutil.which("jackd") is None, reason="no JACK library")
def test_without_a_jack_server_it_says_so() -> None:
    with pytest.raises(UsageError, match="No JACK server runs"):
        open_output("jack", 2, 48_000)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("sounddevice", "pip install sounddevice`"),
        ("jack", "pip install JACK-Client`"),
        ("pythonosc.osc_message", "pip install python-osc`"),
        ("mido", "pip install mido python-rtmidi`"),
    ],
)
def test_a_missing_package_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, module: str, words: str
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(packages, "import_module", missing)
    with pytest.raises(UsageError, match=words) as error:
        packages.require(module)
    assert "distill[live]" in str(error.value)


def test_a_missing_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(packages, "import_module", missing)
    with pytest.raises(UsageError, match="libportaudio2"):
        packages.require("sounddevice")


def test_a_card_that_is_not_there_is_said() -> None:
    try:
        import_module("sounddevice")
    except OSError:
        pytest.skip("no PortAudio")
    with pytest.raises(UsageError, match="no sound card 'no such card'"):
        open_output("no such card", 2, 48_000)
