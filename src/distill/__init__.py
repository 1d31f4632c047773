"""Distill: train a small neural codec and a generator on your own recordings.

import distill
distill.train("sounds", "my.sda", minutes=20)
distill.train_prior("my.sda", "sounds")
model = distill.load("my.sda")
distill.generate(model, duration=12, seed=7)[0].save("new.wav")
codes = distill.encode(model, "any.wav")
distill.decode(model, codes, "again.wav")
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_API = ("decode", "encode", "generate", "load", "resume", "train", "train_prior")

__all__ = ["DistillError", "__version__", *_API]


def __getattr__(name: str) -> Any:
    # Torch takes a second to load: it is fetched when a function is first used.
    if name == "DistillError":
        return import_module("distill.errors").DistillError
    if name in _API:
        return getattr(import_module("distill.library.workflows"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
