"""Benchmarks of the codec. Runnable: `run`. Libraries: all other modules."""
