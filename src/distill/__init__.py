"""Distill: train a small neural codec and a generator on your own recordings.

import distill
distill.train("sounds", "my.sda", minutes=20)
distill.train_prior("my.sda", "sounds")
model = distill.load("my.sda")
distill.generate(model, duration=12, seed=7)[0].save("new.wav")
codes = distill.encode(model, "any.wav")
distill.decode(model, codes, "again.wav")
"""

from distill.exports import lazy_exports

__version__ = "0.1.0"

_HOME = {
    "DistillError": "errors",
    "decode": "workflows.codes",
    "encode": "workflows.codes",
    "generate": "workflows.generate",
    "load": "workflows.load",
    "resume": "workflows.train",
    "stream": "workflows.generate",
    "train": "workflows.train",
    "train_prior": "workflows.train",
}

__all__ = ["__version__", *sorted(_HOME)]

__getattr__ = lazy_exports(__name__, _HOME)
