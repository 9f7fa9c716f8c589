"""Strokes of each thing from a stereo clip."""

import numpy as np
import pytest

from spa2v_core.audio.clip import AudioClip
from spa2v_core.audio.rhythm import voices

RATE, SECONDS, FRAMES = 16000, 2.0, 16


def hits(times, pan, seed=0):
    """(2, n) bursts of noise that die away, panned 0..1 by the constant-power law."""
    rng = np.random.default_rng(seed)
    out = np.zeros((2, int(RATE * SECONDS)), np.float32)
    burst = rng.normal(size=3200) * np.exp(-np.arange(3200) / 500)
    for time in times:
        first = int(time * RATE)
        part = burst[: out.shape[1] - first]
        out[0, first : first + len(part)] += part * np.cos(pan * np.pi / 2)
        out[1, first : first + len(part)] += part * np.sin(pan * np.pi / 2)
    return 0.2 * out


def at(times):
    return [int(time / SECONDS * FRAMES) for time in times]


def test_strokes_alternate_and_ring_out():
    times = (0.31, 0.94, 1.56)
    made = voices(AudioClip(hits(times, 0.5), RATE), np.full((FRAMES, 1), 0.5))[:, 0]
    frames = at(times)
    assert np.flatnonzero(np.abs(made) == 1).tolist() == frames
    assert made[frames].tolist() == [1, -1, 1]
    assert made[frames[0] + 1] == 0.5


def test_things_apart_have_their_own_strokes():
    left, right = (0.3, 1.3), (0.8, 1.7)
    clip = AudioClip(hits(left, 0.15) + hits(right, 0.85, seed=1), RATE)
    made = voices(clip, np.tile([[0.15, 0.85]], (FRAMES, 1)))
    assert np.flatnonzero(np.abs(made[:, 0]) == 1).tolist() == at(left)
    assert np.flatnonzero(np.abs(made[:, 1]) == 1).tolist() == at(right)


def test_what_is_absent_or_silent_has_no_voice():
    places = np.full((FRAMES, 1), 0.5)
    assert not voices(AudioClip(np.zeros((1, RATE * 2), np.float32), RATE), places).any()
    places[:8] = np.nan
    made = voices(AudioClip(hits((0.3, 1.5), 0.5), RATE), places)
    assert not made[:8].any()
    assert np.abs(made[8:]).max() == 1


def test_nothing_to_voice():
    clip = AudioClip(hits((0.3,), 0.5), RATE)
    assert voices(clip, np.zeros((FRAMES, 0))).shape == (FRAMES, 0)


@pytest.mark.parametrize("samples", [1, 40, 400])
def test_the_shortest_clips(samples):
    clip = AudioClip(np.ones((1, samples), np.float32), RATE)
    assert np.isfinite(voices(clip, np.full((FRAMES, 1), 0.5))).all()
