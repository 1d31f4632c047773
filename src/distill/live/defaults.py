"""What is taken where nothing is asked for. Free of NumPy, so that `--help` can read it."""

LOOPBACK = "127.0.0.1"
"""Address of this machine for itself alone."""

OSC_PORT = 9000
"""Port of UDP that OSC packets come to."""

OSC_SEND = "127.0.0.1:9001"
"""Address that news go to."""

OUTPUT = "default"
"""The sound card of the system."""

BUFFER_MS = 60.0
"""Milliseconds of sound that are kept for a device at first: three periods of 1,024 samples."""

LATENCY = "half"
"""How far the decoder looks ahead: trained codecs sound the same as with all of it."""

RECORDING = "live.wav"
"""Name of a recording that was given none; one that exists stays."""
