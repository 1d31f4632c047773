"""Benchmarks of exports. Runnable: all modules."""
