"""Log mel patches against an independent computation (transformers' audio_utils)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.audio_utils import mel_filter_bank, spectrogram

from spa2v_core.audio.features import (
    FFT,
    HOP,
    LOG_OFFSET,
    MEL_HZ,
    MELS,
    PATCH_FRAMES,
    PATCH_STEP,
    RATE,
    WINDOW,
    cut_patches,
    log_mel,
    mel_filters,
)
from spa2v_core.audio.signals import resample


def independent(sound):
    """(frames, MELS) by another library: HTK mel, unit height, magnitudes, a periodic window."""
    shape = {"norm": None, "mel_scale": "htk", "triangularize_in_mel_space": True}
    filters = mel_filter_bank(FFT // 2 + 1, MELS, *MEL_HZ, RATE, **shape)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = spectrogram(
        sound, window, WINDOW, HOP, FFT, power=1.0, center=False, mel_filters=filters, mel_floor=0.0
    )
    return np.log(power.T + LOG_OFFSET)


def test_log_mel_is_the_published_definition():
    rng = np.random.default_rng(0)
    t = np.arange(2 * RATE) / RATE
    sound = 0.3 * np.sin(2 * np.pi * 440 * t * (1 + t)) + 0.05 * rng.normal(size=len(t))
    sound /= np.abs(sound).max()
    ours, theirs = log_mel(sound.astype(np.float32)), independent(sound)
    assert ours.shape == theirs.shape
    assert ours == pytest.approx(theirs, abs=2e-3)


def test_filters_are_triangles_between_the_edges():
    filters = mel_filters()
    hz = np.fft.rfftfreq(FFT, 1 / RATE)
    assert filters.shape == (FFT // 2 + 1, MELS)
    assert 0 < filters.max() <= 1
    assert filters[(hz < MEL_HZ[0]) | (hz > MEL_HZ[1])].max() == 0
    middle = np.argmax(filters[:, 20:], axis=0)
    assert (np.diff(middle) > 0).all()


def test_gain_does_not_matter():
    sound = np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    assert log_mel(1e-3 * sound) == pytest.approx(log_mel(sound), abs=1e-3)
    assert log_mel(0 * sound) == pytest.approx(np.full((98, MELS), np.log(LOG_OFFSET)))


@pytest.mark.parametrize("count", [0, 1, 800, WINDOW + (PATCH_FRAMES - 1) * HOP])
def test_what_is_short_is_one_patch(count):
    frames = log_mel(np.ones(count, np.float32))
    assert frames.shape == (PATCH_FRAMES, MELS)
    assert len(cut_patches(frames)[0]) == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(PATCH_FRAMES, 400))
def test_patches_cover_everything_once_in_order(count):
    frames = np.arange(count)[:, None] * np.ones(MELS)
    patches, starts = cut_patches(frames)
    assert starts[0] == 0
    assert starts[-1] + PATCH_FRAMES == count
    assert (np.diff(starts) > 0).all()
    assert np.diff(starts).max(initial=0) <= PATCH_STEP
    for patch, start in zip(patches, starts, strict=True):
        assert (patch[:, 0] == np.arange(start, start + PATCH_FRAMES)).all()


def test_resampling_keeps_a_tone_and_drops_what_can_not_be():
    t = np.arange(44_100) / 44_100
    low, high = (resample(np.sin(2 * np.pi * hz * t), 44_100, RATE) for hz in (1000, 12_000))
    assert len(low) == RATE
    assert low[200:-200] == pytest.approx(
        np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)[200:-200], abs=0.02
    )
    assert np.abs(high[200:-200]).max() < 0.02
