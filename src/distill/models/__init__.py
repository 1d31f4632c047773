"""Networks and the model file. Torch is loaded on first use of any of these names."""

from distill.exports import lazy_exports

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


__getattr__ = lazy_exports(__name__, _HOME)
