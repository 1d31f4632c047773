"""Open Sound Control: controls that come as packets of a network, and news that go out.

Times of bundles are not waited for: all that a packet holds counts at once.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from distill.errors import DistillError, UsageError
from distill.live.controls import Control, read_control
from distill.live.defaults import LOOPBACK
from distill.live.packages import require

PREFIX = "/distill/"
"""Beginning of all addresses."""

BUNDLE = b"#bundle\0"
"""Beginning of a bundle."""

BUNDLE_HEADER = 16
"""Bytes of a bundle before its parts: that beginning, and a time."""

MOST_DEPTH = 8
"""Bundles within bundles that are looked into; what lies deeper is dropped."""

VALUES = frozenset(b",ifdhsTFN")
"""Types of values that are read: whole and other numbers, texts, true, false and nothing."""

LARGEST_PACKET = 1 << 16
"""Bytes of a packet: UDP has no larger ones."""

LOOK_EVERY_S = 0.2
"""Seconds after which a server that hears nothing looks whether it is to end."""


class Address(NamedTuple):
    """A machine and a port."""

    host: str
    port: int


def parse_address(text: str, option: str) -> Address:
    """An address as users write it, `HOST:PORT`. `UsageError` for anything else."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise UsageError(f"{option} takes an address and a port, as in 127.0.0.1:9001.")
    return Address(host or LOOPBACK, int(port))


def controls_of(packet: bytes) -> list[Control]:
    """The controls in a packet, in their order.

    Raises:
        UsageError: It is no OSC, or asks for what there is not.
    """
    message = require("pythonosc.osc_message")
    controls = []
    for part in _messages(packet, MOST_DEPTH):
        try:
            parsed = message.OscMessage(part)
        except (message.ParseError, ValueError) as error:
            raise UsageError("A packet came that is no OSC.") from error
        controls.append(_control(parsed.address, parsed.params))
    return controls


def _messages(packet: bytes, depth: int) -> Iterator[bytes]:
    """The messages in a packet, which may be a bundle of packets.

    By python-osc 1.10 a bundle whose part has no length takes for ever.
    """
    if not packet.startswith(BUNDLE):
        _check_message(packet)
        yield packet
        return
    position = BUNDLE_HEADER
    while position < len(packet) and depth:
        size = int.from_bytes(packet[position : position + 4], "big")
        position += 4
        part = packet[position : position + size]
        if not size or len(part) < size:
            raise UsageError("A packet came that is no OSC.")
        yield from _messages(part, depth - 1)
        position += size


def _check_message(packet: bytes) -> None:
    """`UsageError` unless a message has values of kinds that controls take.

    python-osc prints a warning for others.
    """
    address, _, rest = packet.partition(b"\0")
    # Texts are padded to four bytes, with one zero at least.
    padding = 3 - len(address) % 4
    tags = rest[padding:].partition(b"\0")[0]
    is_typed = not tags or (tags.startswith(b",") and VALUES.issuperset(tags))
    if not address.startswith(b"/") or not is_typed:
        raise UsageError("A packet came that is no OSC, or has values of a kind that none takes.")


def _control(address: str, values: list[Any]) -> Control:
    if not address.startswith(PREFIX):
        raise UsageError(f"There is no address '{address[:40]}': all begin with {PREFIX}.")
    return read_control(address.removeprefix(PREFIX), values)


class OscServer:
    """Hears packets on a thread of its own. Use as a context manager.

    Args:
        address: Where it listens; port 0 takes any that is free.
        put: Takes each control.

    Attributes:
        address: Where it listens.
        packets: Packets that came.
        refused: Those of them that held no control of ours.
        last_refusal: Why the last of those was refused.

    Raises:
        UsageError: python-osc is missing, or the port is taken.
    """

    def __init__(self, address: Address, put: Callable[[Control], None]) -> None:
        require("pythonosc.osc_message")
        self.packets = 0
        self.refused = 0
        self.last_refusal = ""
        self._put = put
        self._is_over = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(LOOK_EVERY_S)
        try:
            self._socket.bind(address)
        except OSError as error:
            self._socket.close()
            raise UsageError(
                f"Cannot listen at {address.host}:{address.port} ({error.strerror or error}): "
                "choose another --osc-port, or 0 for no OSC."
            ) from error
        self.address = Address(*self._socket.getsockname())
        self._thread = threading.Thread(target=self._listen, name="osc", daemon=True)

    def __enter__(self) -> "OscServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Give up the port."""
        self._socket.close()

    def _listen(self) -> None:
        while not self._is_over.is_set():
            try:
                packet = self._socket.recv(LARGEST_PACKET)
            except TimeoutError:
                continue
            except OSError:
                # Windows tells here that nobody heard an earlier answer.
                continue
            self.packets += 1
            try:
                for control in controls_of(packet):
                    self._put(control)
            except DistillError as error:
                # The sender may be anybody: what plays goes on.
                self.refused += 1
                self.last_refusal = str(error)


class OscSender:
    """Sends news to an address; whether anybody hears it makes no difference.

    Args:
        address: Where they go.

    Raises:
        UsageError: python-osc is missing.
    """

    def __init__(self, address: Address) -> None:
        self._builder = require("pythonosc.osc_message_builder")
        self._address = address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, name: str, value: float) -> None:
        """Send `/distill/NAME VALUE`."""
        builder = self._builder.OscMessageBuilder(PREFIX + name)
        builder.add_arg(value)
        try:
            self._socket.sendto(builder.build().dgram, self._address)
        except OSError:
            # Nobody is there, or a buffer is full: the next news comes soon.
            return

    def close(self) -> None:
        """Send no more."""
        self._socket.close()
