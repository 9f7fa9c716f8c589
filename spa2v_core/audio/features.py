"""Mel spectra for recognising sounds: the same numbers in training and at planning time.

Plain numpy and scipy: librosa gives the same filters (a test compares them), but compiles for many
seconds on its first use.
"""

from __future__ import annotations

from functools import cache
from math import gcd

import numpy as np
from scipy.signal import resample_poly

RATE = 16_000
WINDOW, HOP, FFT = 640, 320, 1024
MELS = 64
MEL_HZ = (50.0, 7600.0)
#: What is further under the loudest cell of a patch is floor, dB.
RANGE_DB = 80.0


def resample(samples: np.ndarray, rate: int, target: int = RATE) -> np.ndarray:
    """(..., n) at `rate` to (..., m) at `target` samples a second (polyphase, anti-aliased)."""
    if rate == target:
        return samples
    divisor = gcd(rate, target)
    return resample_poly(samples, target // divisor, rate // divisor, axis=-1).astype(np.float32)


def mel_power(samples: np.ndarray) -> np.ndarray:
    """(frames, MELS) power of mono sound at `RATE`; 50 frames a second."""
    count = max(1, 1 + (len(samples) - WINDOW) // HOP)
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    spectrum = np.fft.rfft(windows * np.hanning(WINDOW + 1)[:-1].astype(np.float32), FFT)
    return (np.abs(spectrum) ** 2).astype(np.float32) @ mel_filters().T


def patch(power: np.ndarray) -> np.ndarray:
    """(..., frames, MELS) power to what the network sees: dB, floored `RANGE_DB` under the
    loudest cell, without its mean (so that gain does not matter), divided by 20."""
    level = 10 * np.log10(np.maximum(power, 1e-24))
    level = np.maximum(level, level.max((-2, -1), keepdims=True) - RANGE_DB)
    return ((level - level.mean((-2, -1), keepdims=True)) / 20).astype(np.float32)


@cache
def mel_filters() -> np.ndarray:
    """(MELS, FFT // 2 + 1) triangular filters of unit area on Slaney's mel scale."""
    low, high = _hz_to_mel(np.array(MEL_HZ))
    edges = _mel_to_hz(np.linspace(low, high, MELS + 2))
    bins = np.fft.rfftfreq(FFT, 1 / RATE)
    ramps = edges[:, None] - bins[None]
    widths = np.diff(edges)
    lower, upper = -ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]
    scale = 2 / (edges[2:] - edges[:-2])
    return (np.maximum(0, np.minimum(lower, upper)) * scale[:, None]).astype(np.float32)


_LINEAR_HZ, _BREAK_HZ, _LOG_STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _hz_to_mel(hz: np.ndarray) -> np.ndarray:
    above = _BREAK_HZ / _LINEAR_HZ + np.log(np.maximum(hz, 1e-9) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, hz / _LINEAR_HZ, above)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    start = _BREAK_HZ / _LINEAR_HZ
    return np.where(mel < start, mel * _LINEAR_HZ, _BREAK_HZ * np.exp(_LOG_STEP * (mel - start)))
