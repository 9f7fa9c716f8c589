"""Backends. The libraries below them read these variables while they are imported."""

import os

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # it warns of what is not used here
