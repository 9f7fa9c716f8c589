"""SpA2V Studio: a sound in, a picture of where it happens out."""

__version__ = "0.1.0"
