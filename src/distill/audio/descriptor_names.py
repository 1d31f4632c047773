"""Names of the descriptors, free of torch: `descriptors` measures them."""

DESCRIPTORS = ("loudness", "brightness", "noisiness", "pitch", "onsets")
"""Columns of `descriptors.measure`, in order: in dBFS, Hz, dB, Hz, onsets per second."""
