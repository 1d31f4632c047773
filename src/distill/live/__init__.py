"""New sound without end, played: controls that change it, devices that sound, and recordings.

Nothing here is trained or written into a model.
"""
