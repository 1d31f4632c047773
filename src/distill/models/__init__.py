"""Networks and the model file: the codec (`VQVAE`), the prior (`CodePrior`), and their parts.

Letters of shapes, here and wherever codes or sounds are handled:

    B  streams computed together (batch)    T  code frames
    Q  quantiser levels                     q  the first of these levels, in part of the codes
    K  entries of a codebook                D  dimension of a latent
    C  channels                             N  samples
    S  spectra (frames of an STFT)          F  frequency bins, or features
    M  rows of a table, blocks of a sound, or mel bands
    H  attention heads                      A  attributes (descriptors, then tags)
    P  past frames, or parts                R  the last R of T frames
    L  flat codes (T * Q), or levels        `...`  any dimensions

`[B, T, Q]` is a tensor of that shape. Levels of sound are in dBFS, magnitudes in natural logs,
times in seconds, rates in Hz, unless stated otherwise.

Torch is imported when one of the exported names is first used.
"""

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
