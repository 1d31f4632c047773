"""Benchmarks of Distill: `codec`, `prior` and `speed`; README.md says what each measures."""
