"""OSC: what is understood, what is refused, and what strangers may send."""

import random
import socket
import struct
import time

import pytest
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from distill.errors import OutputError, UsageError
from distill.live.controls import Control
from distill.live.osc import Address, OscSender, OscServer, controls_of, parse_address

ANY_PORT = Address("127.0.0.1", 0)


def message(address: str, *values: object) -> bytes:
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build().dgram


def bundle(time_tag: float, *packets: bytes) -> bytes:
    builder = OscBundleBuilder(time_tag)
    for packet in packets:
        builder.add_content(OscMessage(packet))
    return builder.build().dgram


def test_messages_and_bundles_are_controls() -> None:
    assert controls_of(message("/distill/brightness", 80)) == [Control("brightness", 80.0)]
    assert controls_of(message("/distill/tag", "drums", 0.5)) == [Control("tag", ("drums", 0.5))]
    assert controls_of(message("/distill/record", True)) == [Control("record", 1.0)]
    assert controls_of(message("/distill/pitch")) == [Control("pitch", None)]
    assert controls_of(b"/distill/pitch\0\0") == [Control("pitch", None)]
    # A time in the far future is not waited for.
    late = bundle(time.time() + 1e6, message("/distill/level", -6), message("/distill/seed", 3))
    assert controls_of(late) == [Control("level", -6.0), Control("seed", 3.0)]


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (b"", "no OSC"),
        (b"\0" * 64, "no OSC"),
        # By python-osc it would be read for ever.
        (b"#bundle\0" + bytes(8) + bytes(8), "no OSC"),
        (b"/distill/seed\0\0\0,i\0\0", "no OSC"),
        (message("/other/brightness", 1), "begin with /distill/"),
        (message("/distill/colour", 1), "no control 'colour'"),
        (message("/distill/brightness", "x" * 1000), "takes a number"),
    ],
)
def test_other_packets_are_refused(packet: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        controls_of(packet)


def odd_packet(rng: random.Random) -> bytes:
    """Anything: noise, broken messages, nested bundles, values of other kinds, and long ones."""
    kind = rng.randrange(8)
    name = rng.choice(["brightness", "tag", "note", "*", "//"])
    good = message(f"/distill/{name}", 1, "two", 3.0)
    if kind == 0:
        return rng.randbytes(rng.randrange(200))
    if kind == 1:
        return good[: rng.randrange(len(good))]
    if kind == 2:
        place = rng.randrange(len(good))
        return good[:place] + rng.randbytes(3) + good[place:]
    if kind == 3:
        inner = b"#bundle\0" + struct.pack(">q", rng.randrange(1 << 62))
        for _ in range(rng.randrange(300)):
            inner = b"#bundle\0" + bytes(8) + struct.pack(">i", len(inner)) + inner
        return inner
    if kind == 4:
        return b"#bundle\0" + bytes(8) + struct.pack(">i", rng.choice([-4, 0, 1 << 30])) + good
    if kind == 5:
        tags = bytes(rng.choice(b"ifsbhtdScrmTFNI[]{}x") for _ in range(rng.randrange(40)))
        return b"/distill/tag\0\0\0\0," + tags + b"\0" * 4 + rng.randbytes(rng.randrange(64))
    if kind == 6:
        value = rng.choice([float("nan"), float("inf"), -1e30])
        return message("/distill/brightness", value, rng.choice(["é", "free"]))
    return b"/distill/" + rng.randbytes(rng.randrange(40)) + b"\0\0\0,i\0\0" + rng.randbytes(4)


def test_ten_thousand_odd_packets_end_nothing() -> None:
    """Most of them parsed at once, 1,000 through the network; the server hears on after them."""
    rng = random.Random(1)
    for _ in range(9_000):
        try:
            controls = controls_of(odd_packet(rng))
        except UsageError:
            continue
        assert all(isinstance(control, Control) for control in controls)
    heard: list[Control] = []
    with (
        OscServer(ANY_PORT, heard.append) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        for _ in range(1_000):
            sender.sendto(odd_packet(rng), server.address)
        last = Control("level", -7.0)
        # Packets may be lost on a busy machine.
        for _ in range(200):
            sender.sendto(message("/distill/level", -7), server.address)
            time.sleep(0.02)
            if last in heard:
                break
        assert last in heard
    assert server.refused > 100
    assert server.last_refusal


def test_what_a_control_does_may_fail_and_the_next_one_is_heard() -> None:
    heard = []

    def put(control: Control) -> None:
        heard.append(control)
        raise OutputError("no such folder")

    with (
        OscServer(ANY_PORT, put) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        for _ in range(200):
            sender.sendto(message("/distill/record", 1), server.address)
            time.sleep(0.02)
            if len(heard) > 1:
                break
    assert len(heard) > 1
    assert server.last_refusal == "no such folder"


def test_it_listens_to_this_machine_alone_and_a_taken_port_is_said() -> None:
    with OscServer(ANY_PORT, lambda control: None) as server:
        assert server.address.host == "127.0.0.1"
        with pytest.raises(UsageError, match="choose another --osc-port"):
            OscServer(server.address, lambda control: None)


def test_news_are_sent_and_nobody_need_hear_them() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        sender = OscSender(Address(*receiver.getsockname()))
        sender.send("loudness", -18.5)
        assert receiver.recv(100) == message("/distill/loudness", -18.5)
    sender.send("loudness", -18.5)
    sender.send("frame", 3)
    sender.close()


def test_addresses() -> None:
    assert parse_address("10.0.0.2:9001", "--osc-send") == Address("10.0.0.2", 9001)
    assert parse_address(":9001", "--osc-send") == Address("127.0.0.1", 9001)
    for text in ("9001", "a:b", "a:0", "a:70000", ""):
        with pytest.raises(UsageError, match="--osc-send takes an address"):
            parse_address(text, "--osc-send")
