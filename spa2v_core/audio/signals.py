"""Transforms and filters of sound in plain numpy, as scipy.signal's: importing that takes longer
than hearing a clip of 10 s."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

#: Input samples on each side that a sample of a lower rate is made of, and the window's shape.
_REACH, _KAISER = 10, 5.0
#: Seconds after which what a filter remembers has faded.
_FADED_S = 2.0


@dataclass(frozen=True)
class ShortTime:
    """A short-time Fourier transform of real sound, with a Hann window, that can be inverted.

    Slices of `window` samples lie around multiples of `hop`, from the first that reaches into the
    sound to the last; phases are those at a slice's middle (as `scipy.signal.ShortTimeFFT`).
    """

    window: int
    hop: int
    rate: float

    @property
    def shape(self) -> np.ndarray:
        """(window,) periodic Hann."""
        return np.hanning(self.window + 1)[:-1]

    @property
    def frequencies(self) -> np.ndarray:
        """(bins,) Hz."""
        return np.fft.rfftfreq(self.window, 1 / self.rate)

    def times(self, count: int) -> np.ndarray:
        """(slices,) seconds of the middles of the slices of `count` samples."""
        first, end = self._slices(count)
        return np.arange(first, end) * (self.hop * (1 / self.rate))

    def forward(self, samples: np.ndarray) -> np.ndarray:
        """(..., bins, slices) of (..., n) samples."""
        first, end = self._slices(samples.shape[-1])
        before = self.window // 2 - first * self.hop
        whole = (end - first - 1) * self.hop + self.window
        space = np.zeros((*samples.shape[:-1], whole), samples.dtype)
        kept = samples[..., : whole - before]
        space[..., before : before + kept.shape[-1]] = kept
        slices = sliding_window_view(space, self.window, axis=-1)[..., :: self.hop, :] * self.shape
        turned = np.roll(slices, -(self.window // 2), axis=-1)
        return np.fft.rfft(turned).swapaxes(-1, -2)

    def inverse(self, spectrum: np.ndarray, count: int) -> np.ndarray:
        """(count,) samples of (bins, slices): overlapped with the window's canonical dual."""
        first, end = self._slices(count)
        slices = np.roll(np.fft.irfft(spectrum.T, self.window), self.window // 2, axis=-1)
        slices *= self._dual()
        whole = np.zeros((end - first - 1) * self.hop + self.window)
        for k, one in enumerate(slices):
            whole[k * self.hop : k * self.hop + self.window] += one
        before = self.window // 2 - first * self.hop
        return whole[before : before + count]

    def _dual(self) -> np.ndarray:
        """(window,) what slices are weighted with so that they add up to the sound again."""
        power = self.shape**2
        total = power.copy()
        for shift in range(self.hop, self.window, self.hop):
            total[shift:] += power[:-shift]
            total[:-shift] += power[shift:]
        return self.shape / total

    def _slices(self, count: int) -> tuple[int, int]:
        """(number of the first slice, number after the last) that hold some of `count` samples;
        the window is 0 at its first sample."""
        middle = self.window // 2
        first = -((self.window - middle - 1) // self.hop)
        return first, (count + middle - 2) // self.hop + 1


def resample(samples: np.ndarray, rate: int, target: int) -> np.ndarray:
    """(..., n) at `rate` to (..., m) float32 at `target` samples a second: polyphase, with a
    Kaiser window against aliases (as `scipy.signal.resample_poly`)."""
    if rate == target:
        return samples
    divisor = gcd(rate, target)
    up, down = target // divisor, rate // divisor
    phases = _phases(up, down)
    taps = phases.shape[1]
    count = -(-samples.shape[-1] * up // down)
    half = _REACH * max(up, down)
    # Output k stands at k * down of the raised rate; its newest input is at (that + half) // up.
    newest = (np.arange(count) * down + half) // up
    ahead = max(0, int(newest[-1]) + 1 - samples.shape[-1]) if count else 0
    edges = [(0, 0)] * (samples.ndim - 1) + [(taps - 1, ahead)]
    padded = np.pad(samples, edges)
    windows = sliding_window_view(padded, taps, axis=-1)
    made = np.zeros((*samples.shape[:-1], count), np.float32)
    for start in range(min(up, count)):  # those that use the same taps, of inputs `down` apart
        part, weights = made[..., start::up], phases[(start * down + half) % up]
        if up > taps:
            part[...] = windows[..., newest[start::up], :] @ weights
            continue
        for tap, weight in enumerate(weights, int(newest[start])):  # no copies of long runs
            part += weight * padded[..., tap::down][..., : part.shape[-1]]
    return made


@cache
def _phases(up: int, down: int) -> np.ndarray:
    """(up, taps) the low-pass filter of the raised rate, for each phase from old inputs to new."""
    most = max(up, down)
    half = _REACH * most
    at = np.arange(-half, half + 1)
    low_pass = np.sinc(at / most) * np.kaiser(2 * half + 1, _KAISER)
    low_pass *= up / low_pass.sum()
    taps = -(-len(low_pass) // up)
    padded = np.pad(low_pass, (0, taps * up - len(low_pass)))
    return padded.reshape(taps, up).T[:, ::-1].astype(np.float32)


def high_pass(samples: np.ndarray, rate: float, hz: float, order: int) -> np.ndarray:
    """(..., n) float32 without what is under `hz`: Butterworth, forwards only, as nothing may sound
    before it starts; it begins settled to the first sample, so that DC makes no click."""
    moved = samples - samples[..., :1]
    count = samples.shape[-1] + round(_FADED_S * rate)
    even = max(0, count.bit_length() - 7)
    size = -(-count >> even) << even  # of small factors, for the transform
    made = np.fft.irfft(np.fft.rfft(moved, size) * _high_pass(size, hz / rate, order), size)
    return made[..., : samples.shape[-1]].astype(np.float32)


@lru_cache(4)
def _high_pass(size: int, cut: float, order: int) -> np.ndarray:
    """(size // 2 + 1,) complex64 response to a transform's frequencies, by the bilinear transform;
    `cut` in cycles a sample."""
    at = 1j * np.tan(np.pi * np.fft.rfftfreq(size)[1:]) / np.tan(np.pi * cut)
    poles = np.exp(1j * np.pi * (2 * np.arange(order) + order + 1) / (2 * order))
    below = np.ones_like(at)
    for pole in poles:
        below *= 1 - pole / at
    return np.concatenate([[0], 1 / below]).astype(np.complex64)
