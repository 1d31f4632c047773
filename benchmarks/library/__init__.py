"""Benchmarks of what lasts between commands. Runnable: all modules."""
