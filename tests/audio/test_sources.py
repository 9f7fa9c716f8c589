import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.audio.cues import MONO_NOTE, SPACED_NOTE, measure
from spa2v_core.audio.io import AudioClip
from spa2v_core.audio.sources import extract, separate
from spa2v_core.simulation.acoustics import Acoustics, Source, mix, still, straight
from spa2v_core.simulation.synthesis import RATE, band
from spa2v_core.simulation.voices import dog, woman
from tests.audio.sounds import noise

SECONDS = 4.0


def at(x, signal, z=4.0):
    """A source at screen position x."""
    return Source("a", signal, still((2 * x - 1) * z, z), 1, 1)


def pulses(seed, low, high, rate_hz=2.0):
    """Bursts of band noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round((SECONDS + 0.5) * RATE)) / RATE
    return band(rng.normal(size=len(t)), low, high) * (np.sin(2 * np.pi * rate_hz * t + seed) > 0)


@settings(deadline=None, max_examples=10)
@given(st.floats(0.05, 0.95))
def test_one_source_is_one(x):
    cues = measure(mix([at(x, woman(SECONDS + 0.5, np.random.default_rng(3)))], SECONDS, RATE))
    (only,) = separate(cues)
    assert only.x == pytest.approx(np.full(16, x), abs=0.03)


@settings(deadline=None, max_examples=8)
@given(st.floats(0.05, 0.35), st.floats(0.6, 0.95))
def test_two_sources_are_told_apart_and_placed(left, right):
    rng = np.random.default_rng(5)
    clip = mix(
        [at(left, dog(SECONDS + 0.5, rng)), at(right, 0.7 * woman(SECONDS + 0.5, rng))],
        SECONDS,
        RATE,
    )
    found = sorted(separate(measure(clip)), key=lambda source: source.x.mean())
    assert [source.x.mean() for source in found] == pytest.approx([left, right], abs=0.06)
    assert sum(source.share for source in found) == pytest.approx(1, abs=0.01)


def test_three_sources():
    signals = [pulses(1, 300, 900), pulses(2, 1500, 3000), pulses(3, 5000, 9000)]
    clip = mix([at(x, s) for x, s in zip((0.1, 0.5, 0.9), signals, strict=True)], SECONDS, RATE)
    found = sorted(source.x.mean() for source in separate(measure(clip)))
    assert found == pytest.approx([0.1, 0.5, 0.9], abs=0.06)


def test_a_source_that_moves_is_followed_beside_one_that_stays():
    moving = Source("a", pulses(1, 400, 1500), straight((-3.6, 4), (3.6, 4), SECONDS), 1, 1)
    clip = mix([moving, at(0.5, pulses(2, 3000, 8000))], SECONDS, RATE)
    steady, crossing = sorted(separate(measure(clip)), key=lambda s: np.ptp(s.x))
    assert steady.x == pytest.approx(np.full(16, 0.5), abs=0.08)
    assert crossing.x[-1] - crossing.x[0] > 0.7


@pytest.mark.parametrize("count", [1, 2])
def test_extracted_sounds_are_their_own(count):
    signals = [pulses(1, 300, 2500), pulses(2, 800, 6000)][:count]
    clip = mix([at(x, s) for x, s in zip((0.2, 0.8), signals, strict=False)], SECONDS, RATE)
    cues = measure(clip)
    sources = separate(cues)
    assert len(sources) == count
    for sound, source in zip(extract(clip, cues, sources), sources, strict=True):
        assert len(sound) == clip.samples.shape[1]
        mine = signals[int(source.x.mean() > 0.5)][: len(sound)]
        others = [s[: len(sound)] for s in signals if not np.array_equal(s[: len(sound)], mine)]
        assert np.corrcoef(sound, mine)[0, 1] > 0.8
        assert all(abs(np.corrcoef(sound, other)[0, 1]) < 0.2 for other in others)


def test_a_named_count_is_kept_to():
    clip = mix([at(0.2, pulses(1, 300, 900)), at(0.8, pulses(2, 2000, 6000))], SECONDS, RATE)
    assert len(separate(measure(clip), 1)) == 1
    assert len(separate(measure(clip), 2)) == 2
    assert len(separate(measure(clip), 4)) == 2


@pytest.mark.parametrize("channels", [1, 2])
def test_mono_has_no_position(channels):
    cues = measure(noise(2, channels=channels))
    (only,) = separate(cues)
    assert MONO_NOTE in cues.notes
    assert only.certainty == 0


@pytest.mark.parametrize("x", [0.15, 0.35, 0.7])
def test_spaced_microphones_are_read_by_time(x):
    clip = mix(
        [at(x, pulses(1, 200, 9000))], SECONDS, RATE, acoustics=Acoustics(microphones="spaced")
    )
    cues = measure(clip)
    assert SPACED_NOTE in cues.notes
    assert set(cues.evidence) == {"time"}
    assert (np.sign(cues.time_difference_ms) == np.sign(x - 0.5)).all()
    assert separate(cues)[0].x == pytest.approx(np.full(16, x), abs=0.08)


@settings(deadline=None, max_examples=8)
@given(st.floats(-4, 4), st.floats(-0.3, 0.3))
def test_a_constant_bias_is_no_drift(bias_db, x):
    """A badly set recorder moves the place, but what comes closer does not drift for it."""
    signal = pulses(1, 200, 9000, 8)
    path = straight((20 * x, 20), (4 * x, 4), SECONDS)
    clip = mix(
        [Source("a", signal, path, 1, 1)], SECONDS, RATE, acoustics=Acoustics(bias_db=bias_db)
    )
    (only,) = separate(measure(clip))
    assert np.ptp(only.x) < 0.04


def test_noise_that_is_unrelated_does_not_pull_to_the_middle():
    clip = mix([at(0.2, pulses(1, 300, 9000, 8))], SECONDS, RATE, acoustics=Acoustics(noise_db=6))
    assert separate(measure(clip), 1)[0].x.mean() == pytest.approx(0.2, abs=0.05)


@settings(deadline=None, max_examples=6)
@given(st.integers(0, 10_000))
def test_swapping_channels_mirrors_what_is_heard(seed):
    rng = np.random.default_rng(seed)
    sources = [
        at(rng.uniform(0, 1), pulses(seed, 300, 2000)),
        at(rng.uniform(0, 1), pulses(seed + 1, 1500, 7000)),
    ]
    clip = mix(sources, SECONDS, RATE)
    one, two = separate(measure(clip)), separate(measure(clip.swapped()))
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert a.x == pytest.approx(1 - b.x, abs=0.01)
        assert a.confidence == pytest.approx(b.confidence, abs=0.01)


def test_silence_between_and_tiny_clips_do_not_break():
    quiet = np.zeros((2, RATE), np.float32)
    quiet[:, 100] = 0.5
    for samples in (quiet, np.zeros((2, 8000), np.float32), noise(0.25, rate=8000).samples):
        cues = measure(AudioClip(samples, 8000))
        for source in separate(cues):
            assert np.isfinite(source.x).all()
            assert np.isfinite(source.level_db).all()
