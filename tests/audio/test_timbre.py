import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.audio import features
from spa2v_core.audio.cues import measure
from spa2v_core.audio.io import AudioClip
from spa2v_core.audio.signals import resample
from spa2v_core.simulation.acoustics import Source, mix, straight

RATE = 32_000


def tone(hz, seconds=2.0, harmonics=6):
    t = np.arange(round(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * n * hz * t) / n for n in range(1, harmonics + 1))


def clip_of(*channels):
    return AudioClip(np.stack(channels).astype(np.float32) * 0.2, RATE)


@settings(deadline=None, max_examples=15)
@given(st.floats(70, 900))
def test_pitch_of_a_harmonic_tone(hz):
    cues = measure(clip_of(tone(hz), 0.5 * tone(hz)))
    assert np.nanmedian(cues.pitch_hz) == pytest.approx(hz, rel=0.02)


def test_noise_has_no_pitch_and_a_higher_centroid():
    rng = np.random.default_rng(0)
    hiss = measure(clip_of(rng.normal(size=64_000), rng.normal(size=64_000)))
    assert np.isnan(hiss.pitch_hz).mean() > 0.8
    assert hiss.centroid_hz.mean() > 3 * measure(clip_of(tone(200))).centroid_hz.mean()


def test_centroid_agrees_with_librosa():
    rng = np.random.default_rng(0)
    mono = (tone(300) + 0.1 * rng.normal(size=64_000)).astype(np.float32)
    theirs = librosa.feature.spectral_centroid(y=mono, sr=RATE, n_fft=2048, hop_length=512)
    assert measure(clip_of(mono, mono)).centroid_hz.mean() == pytest.approx(theirs.mean(), rel=0.1)


def test_onsets_are_where_a_sound_starts():
    sound = np.zeros(64_000)
    sound[20_000:24_000] = tone(500, 0.125)
    onset = measure(clip_of(sound, 0.3 * sound)).onset
    assert int(onset.argmax()) == 5
    assert onset.max() == pytest.approx(1)


def test_doppler_of_a_pass_by():
    path = straight((-60, 4), (60, 4), 4)
    cues = measure(mix([Source("a", tone(400, 5), path, 1, 1)], 4, RATE))
    speed = 30.0
    expected = 12 * np.log2((343 - speed) / (343 + speed))
    assert cues.doppler_semitones == pytest.approx(expected, abs=0.5)
    assert cues.doppler_confidence > 0.5


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 192_000])
def test_resampling_keeps_a_tone(rate):
    t = np.arange(rate) / rate
    out = resample(np.sin(2 * np.pi * 1000 * t).astype(np.float32), rate, features.RATE)
    assert len(out) == features.RATE
    assert np.argmax(np.abs(np.fft.rfft(out))) == 1000
