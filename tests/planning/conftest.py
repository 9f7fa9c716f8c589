"""A measured recording, and replies kept nowhere but here."""

import numpy as np
import pytest

from spa2v_core.audio.cues import measure
from spa2v_core.audio.hearing import hear
from spa2v_core.simulation.acoustics import Source, mix, straight
from spa2v_core.simulation.synthesis import RATE, car

KEYS = ("OPENAI", "GEMINI", "GOOGLE", "ANTHROPIC")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPA2V_CACHE", str(tmp_path / "cache"))
    for name in KEYS:
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)
        monkeypatch.delenv(f"{name}_BASE_URL", raising=False)
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def recording():
    """A car that crosses to the right, measured."""
    rng = np.random.default_rng(0)
    source = Source("car", car(5, rng), straight((-6, 6), (6, 6), 4), 1, 1)
    clip = mix([source], 4, RATE)
    cues = measure(clip)
    return clip, cues, hear(cues, None, 1)
