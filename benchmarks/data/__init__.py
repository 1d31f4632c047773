"""Benchmarks of the scan of a folder."""
