"""The mini model: its parts, stages, detector and sheet."""
