"""Whose voice it is, by pitch: AudioSet's classes of speech say nothing about it."""

from __future__ import annotations

import numpy as np

from ..features import RATE

#: Pitch at which a voice is as likely a man's as a woman's, Hz, and the octaves to either side
#: within which it stays in doubt (adults speak at 85 to 155 and 165 to 255 Hz: Titze, 1994).
BETWEEN_HZ, DOUBT_OCTAVES = 160.0, 0.12
_PITCH_HZ = (70.0, 420.0)
_WINDOW_S, _VOICED, _LEAST_VOICED = 0.06, 0.6, 3


def male_share(sound: np.ndarray) -> float | None:
    """0..1, how far the pitch of (n,) mono sound at `RATE` is a man's, None if hardly any is
    voiced."""
    pitches = _pitches(sound)
    if len(pitches) < _LEAST_VOICED:
        return None
    octaves = float(np.log2(np.median(pitches) / BETWEEN_HZ))
    return float(1 / (1 + np.exp(2 * octaves / DOUBT_OCTAVES)))


def _pitches(sound: np.ndarray) -> np.ndarray:
    """Pitch in Hz of the voiced windows, by normalised autocorrelation."""
    size = round(_WINDOW_S * RATE)
    if len(sound) < size:
        return np.empty(0)
    parts = np.lib.stride_tricks.sliding_window_view(sound, size)[:: size // 2].astype(float)
    power = np.square(parts).mean(1)
    parts = parts[power > 0.03 * power.max()]
    parts = (parts - parts.mean(1, keepdims=True)) * np.hanning(size)
    shortest, longest = (round(RATE / hz) for hz in reversed(_PITCH_HZ))
    spectrum = np.abs(np.fft.rfft(parts, 2 * size)) ** 2
    likeness = np.fft.irfft(spectrum)[:, : longest + 1]
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(size), 2 * size)) ** 2)[: longest + 1]
    likeness = likeness / np.maximum(likeness[:, :1], 1e-12) * (window[0] / window)
    inside = likeness[:, shortest : longest + 1]
    # the first of the peaks that are nearly the highest: multiples of the period are as high
    near = inside > 0.9 * inside.max(1, keepdims=True)
    lag = shortest + near.argmax(1)
    return RATE / lag[inside.max(1) > _VOICED]
