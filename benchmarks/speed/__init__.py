"""Benchmarks of speed and memory. Runnable: all modules."""
