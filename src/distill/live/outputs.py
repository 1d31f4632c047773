"""Devices that play: a sound card, JACK, or none but a clock.

A device asks for its samples by a function, from a thread of its own.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from distill.errors import UsageError
from distill.live.defaults import OUTPUT
from distill.live.packages import require

Pull = Callable[[int], np.ndarray]
"""Gives the next `n` samples `[C, n]`."""

JACK = "jack"
"""Name of the output that is a client of JACK."""

NONE = "none"
"""Name of the output that plays to nobody."""

CLIENT = "distill"
"""Name of the client in JACK, followed by a number if there are several."""


class Output(ABC):
    """A device that plays.

    Attributes:
        name: As a person knows it.
        sample_rate: In Hz.
        block: Samples that it asks for at a time.
        latency_s: Seconds from there to the loudspeaker, as far as it says.
        xruns: Dropouts that it has noticed itself.
    """

    name: str
    sample_rate: float
    block: int
    latency_s: float = 0.0
    xruns: int = 0

    @abstractmethod
    def start(self, pull: Pull) -> None:
        """Play what `pull` gives. `UsageError` if the device refuses."""

    @abstractmethod
    def stop(self) -> None:
        """Play no more."""


class ClockOutput(Output):
    """Asks for samples as a device would, and plays none.

    Args:
        sample_rate: In Hz.
        block: Samples that it asks for at a time.
    """

    def __init__(self, sample_rate: float, block: int = 1024) -> None:
        self.name = "no device"
        self.sample_rate = sample_rate
        self.block = block
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, pull: Pull) -> None:
        """Ask from now on."""
        self._thread = threading.Thread(target=self._run, args=(pull,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, pull: Pull) -> None:
        period = self.block / self.sample_rate
        due = time.monotonic() + period
        while not self._is_over.wait(max(0.0, due - time.monotonic())):
            pull(self.block)
            due += period


class JackOutput(Output):
    """A client of JACK, connected to the loudspeakers that there are.

    Args:
        channels: Channels of the sound: a port each.

    Raises:
        UsageError: JACK-Client is missing, or no server runs.
    """

    def __init__(self, channels: int) -> None:
        jack = require("jack")
        # The library would print its own words beside ours.
        jack.set_error_function(lambda _: None)
        jack.set_info_function(lambda _: None)
        try:
            self._client = jack.Client(CLIENT, no_start_server=True)
        except jack.JackError as error:
            raise UsageError(
                "No JACK server runs: start one, as in `jackd -d alsa`, or choose another --output."
            ) from error
        self.name = f"JACK ({self._client.name})"
        self.sample_rate = float(self._client.samplerate)
        self.block = int(self._client.blocksize)
        self.latency_s = self.block / self.sample_rate
        self._ports = [
            self._client.outports.register(f"out_{number}") for number in range(1, channels + 1)
        ]
        self._client.set_xrun_callback(self._count_xrun)

    def start(self, pull: Pull) -> None:
        """Play from the next period on."""

        def process(n: int) -> None:
            sound = pull(n)
            for port, samples in zip(self._ports, sound, strict=True):
                port.get_array()[:] = samples

        self._client.set_process_callback(process)
        self._client.activate()
        speakers = self._client.get_ports(is_physical=True, is_input=True, is_audio=True)
        # Mono comes from both sides.
        for number, speaker in enumerate(speakers[:2]):
            self._client.connect(self._ports[number % len(self._ports)], speaker)

    def stop(self) -> None:
        """Leave JACK."""
        self._client.deactivate()
        self._client.close()

    def _count_xrun(self, _delay_us: float) -> None:
        self.xruns += 1


class CardOutput(Output):
    """A sound card, by PortAudio.

    Args:
        device: Its name or a part of it; `default` for that of the system.
        channels: Channels of the sound.
        sample_rate: In Hz; the rate of the card where it refuses that.

    Raises:
        UsageError: sounddevice is missing, or there is no such device.
    """

    def __init__(self, device: str, channels: int, sample_rate: float) -> None:
        self._cards = require("sounddevice")
        self._channels = channels
        self._stream: Any = None
        try:
            facts = self._cards.query_devices(_device(device), "output")
        except (ValueError, self._cards.PortAudioError) as error:
            raise UsageError(
                f"There is no sound card '{device}': `distill play --list-devices` names the "
                "outputs that there are."
            ) from error
        self._device = facts["index"]
        self.name = str(facts["name"])
        self.sample_rate = self._rate(sample_rate, float(facts["default_samplerate"]))
        # As PortAudio likes it; known once it runs.
        self.block = 0

    def _rate(self, wanted: float, own: float) -> float:
        try:
            self._cards.check_output_settings(
                device=self._device, channels=self._channels, samplerate=wanted
            )
        except (ValueError, self._cards.PortAudioError):
            return own
        return wanted

    def start(self, pull: Pull) -> None:
        """Open the card and play."""

        def fill(output: np.ndarray, n: int, _time: Any, status: Any) -> None:
            if status.output_underflow:
                self.xruns += 1
            output[:] = pull(n).T

        try:
            self._stream = self._cards.OutputStream(
                device=self._device,
                channels=self._channels,
                samplerate=self.sample_rate,
                dtype="float32",
                latency="low",
                callback=fill,
            )
            self._stream.start()
        except (ValueError, self._cards.PortAudioError) as error:
            raise UsageError(f"'{self.name}' cannot play: {error}.") from error
        self.latency_s = float(self._stream.latency)

    def stop(self) -> None:
        """Close the card."""
        if self._stream is not None:
            self._stream.stop()
            self._stream.close()


def open_output(name: str, channels: int, sample_rate: float) -> Output:
    """An output by its name, not started yet.

    Args:
        name: `default`, a card or a part of its name, `jack`, or `none`.
        channels: Channels of the sound.
        sample_rate: In Hz; a device may have another one.

    Raises:
        UsageError: There is none of this name, or a package is missing.
    """
    if name == JACK:
        return JackOutput(channels)
    if name == NONE:
        return ClockOutput(sample_rate)
    return CardOutput(name, channels, sample_rate)


def list_outputs() -> list[str]:
    """Names of the outputs of this machine. `UsageError` where sounddevice is missing."""
    cards = require("sounddevice")
    devices = [str(card["name"]) for card in cards.query_devices() if card["max_output_channels"]]
    return [OUTPUT, *devices, JACK, NONE]


def _device(name: str) -> str | None:
    return None if name == OUTPUT else name
