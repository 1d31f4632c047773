"""Benchmarks of growth: what hours of sound and thousands of files cost."""
