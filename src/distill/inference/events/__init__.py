"""Events: onsets in codes, and the events of the recordings as units of drawing."""
