"""Signal processing: sound files, spectra, levels, descriptors. No learned parts.

Shapes: `C` channels, `N` samples, `n` samples of one block, `T` frames, `F` frequency bins,
`M` mel bands. Amplitudes are linear with full scale at 1.0.
"""
