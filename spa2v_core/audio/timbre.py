"""Cues that need no second channel: level, brightness, pitch, onsets and the Doppler shift."""

from __future__ import annotations

import numpy as np

from .clip import AudioClip
from .io import level_db
from .spectra import Spectra
from .weighted import decibel

PITCH_HZ = (60.0, 1500.0)
#: Periodicity under which a frame has no pitch.
VOICED = 0.5


def a_weighting(frequencies: np.ndarray) -> np.ndarray:
    """(bins,) what power counts at each frequency in Hz, 1 at 1 kHz (IEC 61672-1, annex E): of
    rumble and hum little is heard."""
    f2 = np.square(frequencies, dtype=np.float64)
    gain = 12194.0**2 * f2**2 / ((f2 + 20.6**2) * (f2 + 12194.0**2))
    gain /= np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2))
    return np.square(gain * 10**0.1).astype(np.float32)  # 2.0 dB at 1 kHz


def levels(clip: AudioClip, frames: Spectra) -> np.ndarray:
    """(N,) A-weighted RMS over the channels in each frame, dB re full scale."""
    power = frames.left + frames.right
    heard = (a_weighting(frames.frequencies) @ power) / np.maximum(power.sum(0), 1e-20)
    edges = np.linspace(0, clip.samples.shape[1], power.shape[1] + 1).astype(int)
    spans = zip(edges, edges[1:], strict=False)
    whole = np.array([level_db(clip.samples[:, a : max(b, a + 1)]) for a, b in spans])
    return whole + decibel(heard)


def centroid(frames: Spectra) -> np.ndarray:
    """(N,) mean frequency weighted by magnitude, Hz; 0 where it is silent."""
    magnitude = np.sqrt(frames.left + frames.right)
    total = magnitude.sum(0)
    return np.where(total > 0, frames.frequencies @ magnitude / np.maximum(total, 1e-20), 0.0)


def onset(spectra: Spectra, frame_count: int) -> np.ndarray:
    """(N,) strongest rise of the log spectrum in each frame (spectral flux: Dixon, 2006), 0..1 of
    the clip's strongest."""
    level = np.log1p(
        1e4
        * (spectra.left + spectra.right)
        / max(float((spectra.left + spectra.right).max()), 1e-20)
    )
    flux = np.maximum(np.diff(level, axis=1, prepend=level[:, :1]), 0).mean(0)
    strongest = flux.reshape(frame_count, -1).max(1)
    return strongest / max(float(strongest.max()), 1e-12)


def pitch(clip: AudioClip, frame_count: int) -> np.ndarray:
    """(N,) pitch in Hz from the normalised autocorrelation (Talkin, 1995) of a window in the middle
    of each frame, NaN where it is not periodic."""
    mono = clip.samples.mean(0, dtype=np.float64)
    size = min(len(mono), round(0.08 * clip.rate))
    shortest, longest = (max(2, int(clip.rate / hz)) for hz in reversed(PITCH_HZ))
    longest = min(longest, size // 2)
    out = np.full(frame_count, np.nan)
    if longest <= shortest:
        return out
    for k in range(frame_count):
        middle = int((k + 0.5) / frame_count * len(mono))
        first = min(max(middle - size // 2, 0), len(mono) - size)
        part = mono[first : first + size] - mono[first : first + size].mean()
        likeness = _periodicity(part, longest)
        lags = np.arange(longest + 1)
        # not the slope down from lag 0, and the first of the peaks that are nearly the highest
        # (multiples of the period are as high)
        past = np.flatnonzero(likeness < 0.3)
        inner = likeness[1:-1]
        peaks = (inner >= likeness[:-2]) & (inner >= likeness[2:]) & (inner > VOICED)
        candidates = lags[1:-1][
            peaks & (lags[1:-1] >= max(shortest, past[0] if len(past) else longest))
        ]
        near = candidates[likeness[candidates] > 0.9 * likeness[candidates].max(initial=0)]
        if len(near):
            out[k] = clip.rate / near[0]
    return out


def _periodicity(part: np.ndarray, longest: int) -> np.ndarray:
    """(longest + 1,) autocorrelation at each lag over the energy of the two overlapping parts."""
    spectrum = np.fft.rfft(part, 2 * len(part))
    product = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 1]
    energy = np.concatenate([[0.0], np.cumsum(part**2)])
    lags = np.arange(longest + 1)
    head, tail = energy[len(part) - lags], energy[-1] - energy[lags]
    return product / np.maximum(np.sqrt(head * tail), 1e-20)


def doppler(spectra: Spectra) -> tuple[float, float]:
    """(semitones, confidence 0..1) that the spectrum moves from the first to the last third.

    The fine structure of both on a logarithmic axis is shifted against each other. A pitch ratio
    of (c + v) / (c - v) is what a source with speed v that passes leaves: 2.4 semitones at 90 km/h.
    """
    slots = spectra.left.shape[1]
    third = max(1, slots // 3)
    per_octave = 120
    axis = 100 * 2 ** (np.arange(6 * per_octave) / per_octave)
    level = np.log(
        np.maximum(spectra.left + spectra.right, 1e-12 * max(float(spectra.left.max()), 1e-20))
    )
    lines = [
        np.interp(axis, spectra.frequencies, part.mean(1))
        for part in (level[:, :third], level[:, -third:])
    ]
    wide = np.hanning(per_octave // 2)
    first, last = (line - np.convolve(line, wide / wide.sum(), "same") for line in lines)
    inner = slice(per_octave, -per_octave)
    reach = per_octave // 2
    scores = []
    for shift in range(-reach, reach + 1):
        moved = np.roll(last, -shift)[inner]
        norm = np.linalg.norm(moved) * np.linalg.norm(first[inner])
        scores.append(float(moved @ first[inner] / max(norm, 1e-12)))
    best = int(np.argmax(scores))
    return (best - reach) / per_octave * 12, float(np.clip(scores[best], 0, 1))
