"""What two channels say about direction, in cells of time and frequency: the localiser's input.

Every function takes the array module as `xp` (numpy, or torch where the localiser is trained), so
that both compute the same from one source. Frames of 43 ms every 12.5 ms are summed by fours, so
20 cells a second, in 64 bands; once as they are, and once by how far each bin rises, as what rises
comes on the direct way, before its reflections (the precedence effect: Litovsky et al., 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

RATE = 24_000
WINDOW, HOP, TOGETHER = 1024, 300, 4
#: Samples and seconds of one cell.
CELL = HOP * TOGETHER
CELL_S = CELL / RATE
BANDS, LOW_HZ, HIGH_HZ = 64, 130.0, 11_500.0
#: Delays at which the channels are compared: dense near 0, s. A pair 60 cm apart needs 1.75 ms.
LAGS, LARGEST_LAG_S = 64, 1.8e-3
#: Edges of the parts of the spectrum whose delays are read apart, Hz.
LAG_EDGES_HZ = (150.0, 800.0, 2000.0, 5000.0, 11_500.0)
#: What a falling bin counts among the rising, and what is nothing under the clip's mean cell.
FALLING, NOTHING = 0.02, 1e-6
#: Channels of the cells, in order; those that change sign when left and right are exchanged.
CHANNELS = (
    "level",
    "rise",
    "pan",
    "rising pan",
    "rising level difference",
    "single",
    "rising single",
    "in phase",
    "in quadrature",
    "rising in phase",
    "rising in quadrature",
)
ODD = (
    "pan",
    "rising pan",
    "rising level difference",
    "in quadrature",
    "rising in quadrature",
)


@dataclass(frozen=True)
class Tables:
    """Constants of the transform.

    window: (WINDOW,). bands: (bins, BANDS) triangles. cosine, sine: (bins, parts * LAGS) of the
    delays, each part's bins alone, divided by their number.
    """

    window: Any
    bands: Any
    cosine: Any
    sine: Any


@cache
def tables() -> Tables:
    """As numpy float32."""
    hz = np.fft.rfftfreq(WINDOW, 1 / RATE)
    phase = 2 * np.pi * hz[:, None] * lags()[None]
    parts = [
        ((hz >= low) & (hz < high)) / np.sum((hz >= low) & (hz < high))
        for low, high in zip(LAG_EDGES_HZ, LAG_EDGES_HZ[1:], strict=False)
    ]
    return Tables(
        *(
            np.ascontiguousarray(table, np.float32)
            for table in (
                np.hanning(WINDOW + 1)[:-1] / WINDOW,
                _triangles(hz),
                np.concatenate([part[:, None] * np.cos(phase) for part in parts], 1),
                np.concatenate([part[:, None] * np.sin(phase) for part in parts], 1),
            )
        )
    )


def lags() -> np.ndarray:
    """(LAGS,) seconds that the right channel leads, odd around 0 and denser there."""
    at = np.linspace(-1, 1, LAGS)
    return LARGEST_LAG_S * np.sinh(2.5 * at) / np.sinh(2.5)


def _triangles(hz: np.ndarray) -> np.ndarray:
    """(bins, BANDS) overlapping triangles, equal steps on a scale like the ear's."""
    warped = np.linspace(np.log(LOW_HZ + 300), np.log(HIGH_HZ + 300), BANDS + 2)
    edges = np.exp(warped) - 300
    widths = np.diff(edges)
    ramps = hz[:, None] - edges[None]
    rising, falling = ramps[:, :-2] / widths[:-1], -ramps[:, 2:] / widths[1:]
    return np.maximum(0, np.minimum(rising, falling))


def cell_count(samples: int) -> int:
    """Cells of a clip: an even number, as the localiser answers once for every two."""
    return 2 * -(-samples // (2 * CELL))


def framed(samples: np.ndarray) -> np.ndarray:
    """(2, n) to (2, frames, WINDOW) windowed frames, each around its hop's middle."""
    count = cell_count(samples.shape[-1])
    before = (WINDOW - HOP) // 2
    after = count * CELL + WINDOW - HOP - before - samples.shape[-1]
    padded = np.pad(samples, ((0, 0), (before, after)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=-1)[:, ::HOP]
    return frames * tables().window


def features(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """((len(CHANNELS), T, BANDS), (parts, T, LAGS)) float32 of (2, n) sound at `RATE`.

    Scaling the sound changes nothing but rounding.
    """
    peak = max(float(np.abs(samples).max()), 1e-20)
    spectra = np.fft.rfft(framed((samples / peak).astype(np.float32)))
    return directions(spectra, tables(), np)


def directions(spectra: Any, table: Tables, xp: Any) -> tuple[Any, Any]:
    """(..., 2, frames, bins) spectra to cells (..., C, T, BANDS), delays (..., parts, T, LAGS)."""
    left, right = spectra[..., 0, :, :], spectra[..., 1, :, :]
    sums = _products(left, right)
    weight = _rising(sums[0] + sums[1], xp)
    plain = [_together(one) for one in sums]
    rising = [_together(one * weight) for one in sums]
    bands = [one @ table.bands for one in plain]
    total, nothing = bands[0] + bands[1], _nothing(bands, xp)
    rise = [one @ table.bands for one in rising]
    pan, _, single, real, imaginary = _cell(bands, nothing, xp)
    r_pan, r_level, r_single, r_real, r_imaginary = _cell(rise, nothing, xp)
    level = xp.log10(total + nothing) - xp.log10(nothing / NOTHING)
    share = (rise[0] + rise[1]) / (total + nothing)
    cells = (level / 2, share * 2 - 1, pan, r_pan, r_level, single, r_single)
    return (
        xp.stack([*cells, real, imaginary, r_real, r_imaginary], -3),
        _delays(rising, _nothing(rising, xp), table, xp),
    )


def _products(left: Any, right: Any) -> list[Any]:
    """Power of both and the real and imaginary part of left times conjugate of right."""
    a, b, c, d = left.real, left.imag, right.real, right.imag
    return [a * a + b * b, c * c + d * d, a * c + b * d, b * c - a * d]


def _nothing(products: list[Any], xp: Any) -> Any:
    """What is nothing beside a clip's mean power."""
    return NOTHING * xp.mean(products[0] + products[1], axis=(-2, -1), keepdims=True) + 1e-20


def _rising(power: Any, xp: Any) -> Any:
    """Weight of every bin and frame: 1 where its power grows, `FALLING` where it falls."""
    before = xp.concatenate([power[..., :1, :], power[..., :-1, :]], -2)
    change = (power - before) / (power + before + 1e-20)
    return xp.clip(0.5 + 4 * change, FALLING, 1.0)


def _together(values: Any) -> Any:
    """Means of `TOGETHER` frames."""
    shape = (*values.shape[:-2], -1, TOGETHER, values.shape[-1])
    return values.reshape(shape).mean(-2)


def _cell(products: list[Any], nothing: Any, xp: Any) -> tuple[Any, ...]:
    """Panning -1..1 by the principal axis, level difference, share of that axis, coherence.

    In nearly empty cells panning is 0, the level difference 0 and the coherence 0.
    """
    left, right, real, imaginary = products
    total = left + right + nothing
    together = xp.clip(real, 0.0, None)
    pan = xp.arctan2(2 * together + nothing, left - right) * (2 / np.pi) - 1
    level = xp.log10((right + nothing) / (left + nothing)) / 2
    single = xp.sqrt((left - right) ** 2 + 4 * together**2) / total
    scale = xp.sqrt((left + nothing) * (right + nothing))
    return pan, level, single, real / scale, imaginary / scale


def _delays(products: list[Any], nothing: Any, table: Tables, xp: Any) -> Any:
    """(..., parts, T, LAGS): the channels' coherence at each delay (GCC-PHAT, weighed by it)."""
    left, right, real, imaginary = products
    scale = xp.sqrt((left + nothing) * (right + nothing))
    at = (real / scale) @ table.cosine - (imaginary / scale) @ table.sine
    parts = at.reshape((*at.shape[:-1], -1, LAGS))
    return parts.swapaxes(-2, -3)


def mirrored(cells: np.ndarray, delays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The features (C, B, T) and (parts, T, LAGS) of the clip with left and right exchanged."""
    sign = np.array([-1 if name in ODD else 1 for name in CHANNELS], np.float32)
    return cells * sign[:, None, None], np.ascontiguousarray(delays[..., ::-1])
