"""Corpora: scanning a folder of sounds, the cache of resampled audio, judging, splits and crops."""
