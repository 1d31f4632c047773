"""Benchmarks of the prior. Runnable: all modules but `ngram`, a library."""
