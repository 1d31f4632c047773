"""Drum loops made of hits that differ, as a corpus in which phrases and hits can be planted."""

from collections.abc import Sequence

import numpy as np

from distill.settings import SAMPLE_RATE

HITS_S = (0.18, 0.24, 0.3)
"""Seconds from one hit to the next; the pattern of a bar draws from them."""


def hit(seconds: float, seed: int) -> np.ndarray:
    """A drum of its own: noise in a band of its own, with a tone that falls, `[N]`."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    t = np.arange(n) / SAMPLE_RATE
    spectrum = np.fft.rfft(rng.standard_normal(n))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(n, 1 / SAMPLE_RATE), 20.0))
    centre = rng.uniform(np.log2(200), np.log2(12_000))
    spectrum *= np.exp(-0.5 * ((octaves - centre) / rng.uniform(0.2, 0.8)) ** 2)
    noise = np.fft.irfft(spectrum, n)
    frequency = 60 * 2 ** rng.uniform(0, 5)
    tone = np.sin(2 * np.pi * frequency * (t - rng.uniform(0, 0.6) * t**2))
    mix = rng.uniform(0.1, 0.9)
    body = mix * noise / np.abs(noise).max() + (1 - mix) * tone
    attack = np.minimum(1, t / 0.001)
    # It rings on quietly, and ends without a click.
    decay = np.exp(-t * rng.uniform(8, 25)) * np.minimum(1, (t[-1] - t) / 0.005)
    return (0.5 * attack * decay * body).astype(np.float32)


def drum_loop(hits: int, bars: int, seed: int) -> list[np.ndarray]:
    """The hits of a loop in order, each `[N]`: one bar of `hits`, `bars` times."""
    rng = np.random.default_rng(seed)
    bar = [hit(float(rng.choice(HITS_S)), 1000 * seed + i) for i in range(hits)]
    return bar * bars


def joined(hits: Sequence[np.ndarray]) -> np.ndarray:
    """Hits one after the other `[1, N]`."""
    return np.concatenate(hits)[None]


def shuffled(loops: Sequence[Sequence[np.ndarray]], count: int, seed: int) -> np.ndarray:
    """`count` hits of different loops `[1, N]`: two neighbours are never of one loop."""
    rng = np.random.default_rng(seed)
    order: list[np.ndarray] = []
    last = -1
    for _ in range(count):
        loop = int(rng.choice([i for i in range(len(loops)) if i != last]))
        order.append(loops[loop][int(rng.integers(len(loops[loop])))])
        last = loop
    return joined(order)
