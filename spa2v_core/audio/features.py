"""Log mel patches for recognising sounds, as YAMNet was trained on them: the same numbers when the
tagger's head is trained and when a plan is made.

The definition is `features.py` of YAMNet (Plakal and Ellis, TensorFlow models), with HTK's mel
scale and magnitudes, not powers.
"""

from __future__ import annotations

from functools import cache

import numpy as np

RATE = 16_000
WINDOW, HOP, FFT = 400, 160, 512
MELS = 64
MEL_HZ = (125.0, 7500.0)
LOG_OFFSET = 0.001
#: One patch is 0.96 s; a new one starts every 0.48 s.
PATCH_FRAMES, PATCH_STEP = 96, 48
FRAME_S = HOP / RATE


def log_mel(samples: np.ndarray) -> np.ndarray:
    """(frames, MELS) log magnitude of mono sound at `RATE`, 100 frames a second.

    The sound is brought to a peak of 1, so that gain does not matter; one shorter than a patch is
    padded with silence.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    sound = samples.astype(np.float32) / max(peak, 1e-9)
    least = WINDOW + (PATCH_FRAMES - 1) * HOP
    sound = np.pad(sound, (0, max(0, least - len(sound))))
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    magnitude = np.abs(np.fft.rfft(windows * hann, FFT)).astype(np.float32)
    return np.log(magnitude @ mel_filters() + LOG_OFFSET)


def cut_patches(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """((W, PATCH_FRAMES, MELS) patches, (W,) their first frames); the last one ends with the
    sound."""
    last = len(frames) - PATCH_FRAMES
    starts = np.unique(np.append(np.arange(0, last + 1, PATCH_STEP), last))
    return np.stack([frames[start : start + PATCH_FRAMES] for start in starts]), starts


@cache
def mel_filters() -> np.ndarray:
    """(FFT // 2 + 1, MELS) triangular filters of unit height on HTK's mel scale."""

    def mel(hz: np.ndarray) -> np.ndarray:
        return 1127 * np.log1p(hz / 700)

    bins = mel(np.fft.rfftfreq(FFT, 1 / RATE))[:, None]
    low, high = mel(np.array(MEL_HZ))
    edges = np.linspace(low, high, MELS + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    ramps = np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre))
    filters = np.maximum(0, ramps)
    filters[0] = 0  # the constant part
    return filters.astype(np.float32)
