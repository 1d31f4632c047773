"""What lasts between commands: the workspace with its jobs, models, renders and presets."""
