import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.audio.cues import BANDS_HZ, MONO_NOTE, measure
from spa2v_core.audio.hearing import hear, to_dict
from spa2v_core.audio.io import AudioClip
from spa2v_core.simulation.acoustics import Source, mix, screen_x, still, straight
from tests.audio.sounds import noise


@settings(deadline=None, max_examples=20)
@given(st.floats(0.03, 0.47) | st.floats(0.53, 0.97))
def test_position_is_heard_where_the_source_is(x):
    z = 4.0
    signal = np.random.default_rng(1).normal(size=44_100)
    clip = mix([Source("a", signal, still((x - 0.5) * 2 * z, z), 1, 1)], 0.9, 44_100)
    cues = measure(clip)
    assert cues.x == pytest.approx(np.full(16, x), abs=0.02)
    assert cues.confidence.min() > 0.5


def test_a_crossing_is_followed():
    path = straight((-8, 8), (8, 8), 3)
    signal = np.random.default_rng(1).normal(size=44_100 * 4)
    cues = measure(mix([Source("a", signal, path, 1, 1)], 3, 44_100))
    x, z = path(cues.time_s)
    assert cues.x == pytest.approx(screen_x(x, z), abs=0.05)
    assert cues.level_db[8] - cues.level_db[0] == pytest.approx(3, abs=1)


def test_band_level_difference_is_per_band():
    rng = np.random.default_rng(0)
    t = np.arange(88_200) / 44_100
    low, high = np.sin(2 * np.pi * 200 * t), np.sin(2 * np.pi * 3000 * t)
    samples = 0.2 * np.stack([low + 0.1 * high, 0.5 * low + high]) + 1e-4 * rng.normal(
        size=(2, 88_200)
    )
    cues = measure(AudioClip(samples.astype(np.float32), 44_100))
    difference = cues.band_level_difference_db.mean(1)
    assert len(difference) == len(BANDS_HZ) - 1 >= 4
    assert difference[0] == pytest.approx(-6, abs=0.5)
    assert difference[2] == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize("clip", [noise(2, channels=1), noise(2)])
def test_mono_is_no_position_evidence(clip):
    cues = measure(clip)
    assert not cues.positioned
    assert MONO_NOTE in cues.notes
    assert set(cues.evidence) == {"none"}
    assert (cues.confidence == 0).all()


def test_passing_the_middle_is_not_mono():
    path = straight((-0.4, 8), (0.4, 8), 3)
    signal = np.random.default_rng(1).normal(size=44_100 * 4)
    cues = measure(mix([Source("a", signal, path, 1, 1)], 3, 44_100))
    assert set(cues.evidence) == {"level"}


def test_partly_mono_says_so():
    mono, wide = noise(1).samples, noise(1, right=0.4, seed=2).samples
    cues = measure(AudioClip(np.concatenate([mono, wide], axis=1), 44_100))
    assert cues.evidence[:7] == ("none",) * 7
    assert cues.evidence[9:] == ("level",) * 7
    assert "partly mono" in cues.notes[0]


def test_what_is_left_alone_is_hard_left():
    """A channel without any sound is dead (`test_channels`), unless it is taken as it is."""
    for cues in (measure(noise(1, right=0.01)), measure(noise(1, right=0.0), mend=False)):
        assert cues.x == pytest.approx(np.zeros(16), abs=0.01)
        assert cues.positioned


@settings(deadline=None, max_examples=10)
@given(st.floats(0.02, 5))
def test_gain_changes_level_and_nothing_else(gain):
    clip = noise(1, right=0.5)
    loud = AudioClip((clip.samples * gain).astype(np.float32), clip.rate)
    a, b = measure(clip), measure(loud)
    assert b.level_db - a.level_db == pytest.approx(np.full(16, 20 * np.log10(gain)), abs=0.01)
    assert b.x == pytest.approx(a.x, abs=1e-4)


def test_json_form_is_plain_and_complete():
    clip = noise(1, right=0.5)
    cues = measure(clip)
    value = json.loads(json.dumps(to_dict(cues, hear(cues, None)), allow_nan=False))
    assert value["frame_count"] == 16
    assert len(value["frames"]["band_level_difference_db"][0]) == 16
    assert value["sources"][0]["evidence"] == ["level"] * 16
