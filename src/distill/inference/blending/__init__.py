"""Sounds of two models: versions of one are blended, of others one re-encodes what one draws."""
