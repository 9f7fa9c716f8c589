"""Short-time spectra of two channels, summed into slots of time and bands of frequency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .clip import AudioClip
from .signals import ShortTime

#: What a falling bin counts where the direct sound is looked for.
FALLING = 0.02


@dataclass(frozen=True)
class Spectra:
    """Mean spectra of S slots of equal length.

    left, right: (bins, S) power; cross: (bins, S) left times conjugate of right;
    frequencies: (bins,) Hz.
    """

    left: np.ndarray
    right: np.ndarray
    cross: np.ndarray
    frequencies: np.ndarray


@dataclass(frozen=True)
class Transform:
    """A short-time Fourier transform that can be inverted.

    spectrum: (channels, bins, frames); frequencies (bins,); times (frames,) seconds.
    """

    spectrum: np.ndarray
    frequencies: np.ndarray
    times: np.ndarray
    samples: int
    stft: ShortTime

    def inverse(self, spectrum: np.ndarray) -> np.ndarray:
        """(n,) sound of a changed (bins, frames) spectrum."""
        return self.stft.inverse(spectrum, self.samples).astype(np.float32)


def transform(clip: AudioClip, slots: int) -> Transform:
    """Hann windows of about 46 ms, half overlapping, or so that every slot has at least two."""
    count = clip.samples.shape[1]
    window = min(2 ** max(8, round(np.log2(0.046 * clip.rate))), count)
    hop = max(1, min(window // 2, count // (2 * slots)))
    stft = ShortTime(window, hop, clip.rate)
    spectrum = stft.forward(clip.samples)
    return Transform(spectrum, stft.frequencies, stft.times(count), count, stft)


def stereo_spectra(clip: AudioClip, slots: int) -> tuple[Spectra, Spectra]:
    """(spectra, spectra of the rising sound) of a mono (twice the same) or stereo clip in slots.

    Where a bin's power rises the sound comes on the direct way, before its reflections (the
    precedence effect: Litovsky et al., 1999); falling bins hardly count in the second.
    """
    samples = clip.samples if clip.channels == 2 else np.repeat(clip.samples, 2, axis=0)
    stft = transform(AudioClip(samples, clip.rate), slots)
    left, right = stft.spectrum
    products = (np.abs(left) ** 2, np.abs(right) ** 2, left * right.conj())
    power = products[0] + products[1]
    rises = np.where(power >= np.roll(power, 1, axis=1), 1.0, FALLING).astype(np.float32)
    member = _membership(stft.times, clip.duration_s, slots)
    return (
        _spectra(products, member, stft.frequencies),
        _spectra(tuple(product * rises for product in products), member, stft.frequencies),
    )


def _spectra(products: tuple, member: np.ndarray, frequencies: np.ndarray) -> Spectra:
    left, right, cross = (product @ member for product in products)
    return Spectra(left, right, cross, frequencies)


def slot_of(times: np.ndarray, duration_s: float, slots: int) -> np.ndarray:
    """(n,) slot that each of (n,) times (s) is in; what is before or after the clip is in the
    nearest."""
    return np.clip((times / duration_s * slots).astype(int), 0, slots - 1)


def _membership(times: np.ndarray, duration_s: float, slots: int) -> np.ndarray:
    """(frames, slots) each frame's share of its slot's mean."""
    member = np.zeros((len(times), slots), np.float32)
    member[np.arange(len(times)), slot_of(times, duration_s, slots)] = 1
    return member / np.maximum(member.sum(0), 1)


def slot_sums(spectra: Spectra, together: int) -> Spectra:
    """Every `together` slots taken as one (their mean)."""

    def mean(values: np.ndarray) -> np.ndarray:
        return values.reshape(len(values), -1, together).mean(2)

    return Spectra(
        mean(spectra.left), mean(spectra.right), mean(spectra.cross), spectra.frequencies
    )


def band_of(frequencies: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    """(n,) band of each of (n,) frequencies, Hz: 0.. for those between the edges, -1 and
    len(edges) - 1 outside."""
    return np.digitize(frequencies, edges) - 1


def band_sums(spectra: Spectra, edges: tuple[float, ...]) -> Spectra:
    """Bins summed into bands; `frequencies` are the bands' middles."""
    index = band_of(spectra.frequencies, edges)
    gather = (index[None] == np.arange(len(edges) - 1)[:, None]).astype(np.float32)
    middle = np.sqrt(np.array(edges[1:]) * np.array(edges[:-1]))
    return Spectra(gather @ spectra.left, gather @ spectra.right, gather @ spectra.cross, middle)


def gcc_phat(
    spectra: Spectra, largest_lag_s: float, low_hz: float = 150.0, high_hz: float = 12000.0
) -> tuple[np.ndarray, np.ndarray]:
    """((S,) seconds that the right channel leads, (S,) height of the peak, 0..1).

    The cross spectrum is reduced to its phase (the phase transform of Knapp and Carter, 1976), so
    that all frequencies in the band count the same (where they carry power), and transformed back
    at eight times the rate.
    """
    step = float(spectra.frequencies[1])
    power = np.sqrt(spectra.left * spectra.right)
    inside = (spectra.frequencies >= low_hz) & (spectra.frequencies <= high_hz)
    audible = inside[:, None] & (power > 1e-5 * np.maximum(power.max(0), 1e-20))
    phase = np.where(audible, spectra.cross / np.maximum(np.abs(spectra.cross), 1e-20), 0)
    # bins whose channels are unrelated have random phase; weigh by their coherence
    phase = phase * np.minimum(1, np.abs(spectra.cross) / np.maximum(power, 1e-20))
    size = 8 * 2 * (len(spectra.frequencies) - 1)
    peaks = np.fft.irfft(phase, size, axis=0) * size / 2 / np.maximum(audible.sum(0), 1)
    reach = max(1, int(largest_lag_s * step * size))
    around = np.concatenate([peaks[-reach:], peaks[: reach + 1]])
    best = around.argmax(0)
    lag = (best - reach) / (step * size)
    return lag, np.clip(around[best, np.arange(around.shape[1])], 0, 1)
