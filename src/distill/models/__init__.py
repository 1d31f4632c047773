"""Networks and the model file. Torch is loaded on first use of any of these names."""

from importlib import import_module
from typing import Any

_HOME = {
    "VQVAE": "vqvae",
    "CodePrior": "prior",
    "flatten_codes": "prior",
    "unflatten_codes": "prior",
    "extract_code_sequences": "prior",
    "LoadedVQModel": "persistence",
    "load_model_v2": "persistence",
    "save_model_v2": "persistence",
    "save_prior_to_model": "persistence",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
