"""Benchmarks of sound that plays. Runnable: all modules."""
