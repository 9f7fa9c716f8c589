"""Our transforms and filters give what scipy.signal's give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from spa2v_core.audio.signals import ShortTime, high_pass, resample

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000])


def noise(count, seed=0):
    return np.random.default_rng(seed).normal(size=(2, count)).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(st.integers(64, 700), st.floats(0.02, 0.5), st.integers(0, 3000))
def test_spectra_and_their_inverse_are_scipys(window, overlap, more):
    hop, count = max(1, round(window * overlap)), window + more
    theirs = signal.ShortTimeFFT(np.hanning(window + 1)[:-1], hop, 16_000)
    ours, sound = ShortTime(window, hop, 16_000), noise(count)
    spectrum = theirs.stft(sound, axis=-1)
    assert ours.forward(sound) == pytest.approx(spectrum, abs=1e-9)
    assert ours.times(count) == pytest.approx(theirs.t(count))
    assert ours.frequencies == pytest.approx(theirs.f)
    back = ours.inverse(spectrum[0], count)
    assert back == pytest.approx(theirs.istft(spectrum[0], k1=count), abs=1e-9)
    assert back == pytest.approx(sound[0], abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(RATES, RATES, st.integers(1, 20_000))
def test_resampling_is_scipys(rate, target, count):
    sound, divisor = noise(count), np.gcd(rate, target)
    theirs = signal.resample_poly(sound, target // divisor, rate // divisor, axis=-1)
    assert resample(sound, rate, target) == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_what_is_too_low_is_left_out_as_scipy_does(rate):
    """Also where the sound begins far from 0 and ends there."""
    sound = noise(2 * rate) + np.array([[3.0], [-1.0]], np.float32)
    sound += np.sin(2 * np.pi * 3 * np.arange(2 * rate) / rate, dtype=np.float32)
    sos = signal.butter(6, 25, "highpass", fs=rate, output="sos")
    settled = signal.sosfilt_zi(sos)[:, None, :] * sound[None, :, :1]
    theirs, _ = signal.sosfilt(sos, sound, zi=settled)
    assert high_pass(sound, rate, 25, 6) == pytest.approx(theirs, abs=2e-5)
