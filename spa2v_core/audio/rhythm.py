"""When each thing sounds: its strokes, from the rise of its own part of the spectrum."""

from __future__ import annotations

import numpy as np

from .clip import AudioClip
from .spectra import Spectra, stereo_spectra

#: Seconds of the slots that strokes are looked for in, and the least time between two.
SLOT_S, APART_S = 0.02, 0.09
#: How far a stroke rises over its surroundings, of the clip's strongest and of the spectrum's log.
STRONG, AUDIBLE = 0.25, 0.02
#: How far from a thing's place (of the width) its sound may be heard.
NEAR = 0.18
#: What is left of a stroke one frame later.
RINGS = 0.5


def voices(clip: AudioClip, places: np.ndarray) -> np.ndarray:
    """(F, K) moments of the sound of K things at `places` (F, K), 0..1 across, NaN while absent: 1
    or -1 in the frame of a stroke, in turn, half of it in the next, else 0.

    Things are told apart by where in the stereo picture a bin's power lies; one alone gets it all.
    """
    frames, count = places.shape
    out = np.zeros((frames, count))
    slots = max(2 * frames, round(clip.duration_s / SLOT_S))
    if not count or clip.samples.shape[1] < 4 * slots:
        return out
    spectra = stereo_spectra(clip, slots)[0]
    frame_of = np.minimum((np.arange(slots) + 0.5) / slots * frames, frames - 1).astype(int)
    share = _shares(spectra, places[frame_of])
    for k in range(count):
        there = ~np.isnan(places[frame_of, k])
        at = strokes(novelty(spectra, share[k]) * there, clip.duration_s / slots)
        out[:, k] = _moments(frame_of[at], frames)
    return out * ~np.isnan(places)


def onsets_s(clip: AudioClip) -> np.ndarray:
    """(n,) seconds at which something sets in, whatever sounds and wherever."""
    slots = max(2, round(clip.duration_s / SLOT_S))
    if clip.samples.shape[1] < 4 * slots:
        return np.zeros(0)
    slot_s = clip.duration_s / slots
    rise = novelty(stereo_spectra(clip, slots)[0], np.ones((1, 1)))
    return (strokes(rise, slot_s) + 0.5) * slot_s


def novelty(spectra: Spectra, share: np.ndarray) -> np.ndarray:
    """(S,) mean rise of the log spectrum of a part of the sound, `share` (bins, S) or 1 of it."""
    power = (spectra.left + spectra.right) * share
    level = np.log1p(1e4 * power / max(float(power.max()), 1e-20))
    return np.maximum(np.diff(level, axis=1, prepend=level[:, :1]), 0).mean(0)


def strokes(rise: np.ndarray, slot_s: float) -> np.ndarray:
    """Slots at which a rise (S,) peaks: over its surroundings, strongest first, `APART_S` apart."""
    reach = max(1, round(0.15 / slot_s))
    padded = np.pad(rise, reach, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    height = rise - np.median(around, axis=1)
    least = max(STRONG * float(height.max(initial=0.0)), AUDIBLE)
    apart = max(1, round(APART_S / slot_s))
    taken: list[int] = []
    for slot in np.argsort(-height):
        if height[slot] < least:
            break
        if all(abs(slot - other) > apart for other in taken):
            taken.append(int(slot))
    return np.array(sorted(taken), int)


def _shares(spectra: Spectra, places: np.ndarray) -> np.ndarray:
    """(K, bins, S) how much of each bin's power is which thing's, by where it lies."""
    if places.shape[1] == 1:
        return np.ones((1, 1, 1))
    left, right = np.sqrt(spectra.left), np.sqrt(spectra.right)
    x = 2 / np.pi * np.arctan2(right, np.maximum(left, 1e-20))
    far = (x[None] - np.nan_to_num(places, nan=-9).T[:, None]) / NEAR
    weight = np.exp(-0.5 * np.square(far)) + 1e-6 * ~np.isnan(places).T[:, None]
    return weight / np.maximum(weight.sum(0), 1e-9)


def _moments(at: np.ndarray, frames: int) -> np.ndarray:
    """(F,) of strokes in these frames; several in one are one."""
    out, side = np.zeros(frames), 1.0
    for frame in np.unique(at):
        out[frame] = side
        if frame + 1 < frames:
            out[frame + 1] = side * RINGS
        side = -side
    return out
