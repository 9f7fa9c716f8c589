"""Where each cell of time and frequency is heard: one place from level and time together.

The principal axis of the two channels' covariance gives the panning (Avendano and Jot, 2002): what
is the same strength but unrelated in both channels, such as reverberation and noise, does not pull
it to the middle. Where there is evidence that the microphones are apart (a pair with some distance
between, or a head), a cell's delay is the one of those heard around it that its own phase agrees
with best, and the place is read from that; level then only adds what it says beyond.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..units import SPEED_OF_SOUND
from .spectra import Spectra, band_of, band_sums, gcc_phat
from .weighted import decibel, weighted_median, weighted_quantile

#: Edges of the bands that positions are read in; lower down wind and rooms speak.
CELL_BANDS_HZ = tuple(float(f) for f in np.geomspace(180, 14000, 41))
#: Below this walls and wind make a lasting difference between the channels, Hz, and what such
#: cells count.
LOW_HZ, LOW_TRUST = 500.0, 0.3
#: What one source alone is placed by is mostly above this: rooms are less even lower down, Hz, and
#: cells there count so much.
WALLS_HZ, WALLS_TRUST = 800.0, 0.15
#: Distance of spaced microphones if nothing tells more, m, and the largest delay looked for, s.
SPACING_M, LARGEST_LAG_S = 0.18, 0.9e-3
#: Distance of two microphones that delay as a head does: (r / c)(a + sin a) of 8.75 cm (Woodworth,
#: 1938), and a tenth more, as a rigid sphere has it from 1 to 4 kHz (Duda and Martens, 1998).
HEAD_M = 0.19
#: Band that delays are believed in, Hz: lower they are a room's, higher they are ambiguous.
DELAY_BAND_HZ = (400.0, 6000.0)
#: What the highest of so many lags reaches by chance.
CHANCE_COHERENCE = 0.06
#: Delays under this are none, s. Share of the frames (weighed by how far all frequencies agree on a
#: delay) that must have one, and the mean height of their peaks.
NO_DELAY_S, DELAYED_SHARE, DELAYED_HEIGHT = 6e-5, 0.15, 0.33
#: Share of these whose delay is that of the frames beside them: a tone fits several delays.
STEADY_SHARE = 0.6
#: Where few frequencies sound, or a room blurs them, the peaks are lower: then nearly all frames
#: must have a delay, so many of them the same (within so many s), and the peaks must be so much
#: over chance in the mean. Wide ambience has any delay.
LASTING_SHARE, SAME_SHARE, SAME_S, OVER_CHANCE = 0.8, 0.4, 8e-5, 0.04
#: Level difference that a room scatters between spaced microphones, as a distance from the middle.
SCATTER = 0.15


#: Factors by which places may be spread from the middle.
MIN_WIDTH, MAX_WIDTH = 0.25, 4.0
#: Two directional microphones at one place: in the cells of its ambience the channels are alike,
#: but not the same (0.75 in a diffuse field, for cardioids at 90 degrees), and hardly differ in
#: level, dB: what comes from the edges of the picture does by 6 to 7.
COINCIDENT_ALIKE, COINCIDENT_DB = (0.33, 0.9), 6.5


@dataclass(frozen=True)
class Cells:
    """Cells of time and frequency: B bands and S slots.

    edges: (B + 1,) of the bands, Hz. x (B, S) position 0..1; power (B, S) of both channels;
    weight (B, S) what a cell counts: compressed power (so that quiet sources are heard) where one
    direction dominates.
    """

    edges: tuple[float, ...]
    x: np.ndarray
    power: np.ndarray
    weight: np.ndarray

    @property
    def dryness(self) -> float:
        """How far every cell has one direction: 1 dry, towards 0 in a room full of echoes."""
        return float(self.weight.sum() / max(float(compressed(self.power).sum()), 1e-12))

    @property
    def even(self) -> np.ndarray:
        """(B, S) their weight for placing one source alone."""
        low = np.array(self.edges[:-1]) < WALLS_HZ
        return self.weight * np.where(low, WALLS_TRUST, 1.0)[:, None]


def are_apart(lag: np.ndarray, coherence: np.ndarray) -> bool:
    """Whether microphones are apart, from (N,) delays in s and (N,) heights of their peaks.

    Panned and coincident sound arrives at once in both channels, whatever the room adds.
    """
    weight = np.clip(coherence - CHANCE_COHERENCE, 0, 1)
    late = weight * (np.abs(lag) > NO_DELAY_S)
    share = float(late.sum() / max(float(weight.sum()), 1e-9))
    if late.sum() < 0.05 or share < DELAYED_SHARE:
        return False
    around = np.array([np.median(lag[max(k - 1, 0) : k + 2]) for k in range(len(lag))])
    steady = float((late * (np.abs(lag - around) < SAME_S)).sum() / late.sum()) > STEADY_SHARE
    if steady and float((late * coherence).sum() / late.sum()) > DELAYED_HEIGHT:
        return True
    same = np.abs(lag - weighted_median(lag, weight)) < SAME_S
    lasting = share > LASTING_SHARE and float(weight.mean()) > OVER_CHANCE
    return lasting and float((weight * same).sum() / weight.sum()) > SAME_SHARE


def may_be_coincident(spectra: Spectra) -> bool:
    """Whether this looks like a coincident pair, whose range is narrower than a pan law's
    (Lipshitz, 1986). Without ambience nothing tells it from a narrow pan, so it is only ever said.
    """
    bands = band_sums(spectra, CELL_BANDS_HZ)
    inside = (bands.frequencies > 400) & (bands.frequencies < 8000)

    def pairs(values: np.ndarray) -> np.ndarray:
        return values[inside, : values.shape[1] // 2 * 2].reshape(int(inside.sum()), -1, 2).sum(2)

    left, right, cross = pairs(bands.left), pairs(bands.right), pairs(bands.cross.real)
    power = left + right
    there = power > 10**-4.5 * power.max(1, keepdims=True)
    if power.max() < 1e-20:
        return False
    alike = float(np.quantile((cross / np.maximum(np.sqrt(left * right), 1e-20))[there], 0.1))
    difference = float(np.quantile(np.abs(decibel(right) - decibel(left))[there], 0.96))
    low, high = COINCIDENT_ALIKE
    return low < alike < high and difference < COINCIDENT_DB


def cells_of(
    spectra: Spectra, apart: bool, width: float = 1.0, spacing_m: float | None = None
) -> Cells:
    """The place and weight of every cell; apart: whether the microphones are; width: factor by
    which places are spread from the middle; spacing_m: their distance if it is known."""
    bands = band_sums(spectra, CELL_BANDS_HZ)
    # what is alike in both channels, once the delay is undone
    lag, alike = _delays(spectra) if apart else (None, bands.cross.real)
    alike = np.maximum(alike, 0)
    by_level = np.arctan2(2 * alike, bands.left - bands.right) / np.pi
    total = np.maximum(bands.left + bands.right, 1e-20)
    # share of the power that is not the same in all directions
    single = np.sqrt((bands.left - bands.right) ** 2 + 4 * alike**2) / total
    weight = weights(total, single, bands.frequencies)
    x = by_level if lag is None else _together(by_level, lag_position(lag, weight, spacing_m), lag)
    x = np.clip(0.5 + width * (x - 0.5), 0, 1)
    return Cells(CELL_BANDS_HZ, x, bands.left + bands.right, weight)


def weights(
    power: np.ndarray, single: np.ndarray, frequencies: np.ndarray, sharpness: float = 2.0
) -> np.ndarray:
    """(B, S) what cells of so much power count of which the share `single` has one direction, to
    the power `sharpness`; frequencies (B,): of the bands, Hz."""
    trust = np.where(frequencies < LOW_HZ, LOW_TRUST, 1.0)[:, None]
    return compressed(power) * single**sharpness * trust


def _delays(spectra: Spectra) -> tuple[np.ndarray, np.ndarray]:
    """((B, S) delay of each cell in s, plus where the right channel leads, (B, S) the part of the
    cross power that is in phase once it is undone).

    A band's own phase fits many delays; of these the one is taken that most frequencies of the
    slot, and the slots beside it, agree on.
    """
    lags = np.linspace(-LARGEST_LAG_S, LARGEST_LAG_S, 73)
    turn = 2 * np.pi * np.outer(lags, spectra.frequencies)
    band = band_of(spectra.frequencies, CELL_BANDS_HZ)
    count = len(CELL_BANDS_HZ) - 1
    steered = np.zeros((count, len(lags), spectra.cross.shape[1]))
    for k in range(count):
        inside = band == k
        steered[k] = (np.exp(1j * turn[:, inside]) @ spectra.cross[inside]).real
    likely = np.maximum(steered, 0) * _agreed(spectra, turn) ** 2
    best = likely.argmax(1)
    alike = np.take_along_axis(steered, best[:, None], 1)[:, 0]
    return lags[best] + _between(likely, best) * (lags[1] - lags[0]), alike


def _between(likely: np.ndarray, best: np.ndarray) -> np.ndarray:
    """(B, S) -0.5..0.5 how far the top of (B, L, S) curves lies beside their highest of L points,
    (B, S): that of a parabola through it and those beside it."""
    at = np.clip(best, 1, likely.shape[1] - 2)
    before, top, after = (
        np.take_along_axis(likely, at[:, None] + step, 1)[:, 0] for step in (-1, 0, 1)
    )
    bend = np.maximum(2 * top - before - after, 1e-30)
    return np.where(at == best, np.clip((after - before) / (2 * bend), -0.5, 0.5), 0.0)


def _agreed(spectra: Spectra, turn: np.ndarray) -> np.ndarray:
    """(L, S) how far all frequencies of a slot and its neighbours agree on each delay, 0..1."""
    low, high = DELAY_BAND_HZ
    inside = (spectra.frequencies >= low) & (spectra.frequencies <= high)
    cross = spectra.cross[inside]
    power = np.sqrt(spectra.left[inside] * spectra.right[inside])
    phase = np.where(power > 1e-5 * power.max(), cross / np.maximum(power, 1e-20), 0)
    peaks = np.maximum((np.exp(1j * turn[:, inside]) @ phase).real / max(int(inside.sum()), 1), 0)
    padded = np.pad(peaks, ((0, 0), (1, 1)), mode="edge")
    return (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4 + 1e-6


def _together(by_level: np.ndarray, by_time: np.ndarray, lag: np.ndarray) -> np.ndarray:
    """One place from both: the one further from the middle where they say the same side, else time.

    Of the level differences of what arrives at different times only what is beyond `SCATTER`
    counts; what arrives at once is placed by level alone.
    """
    level, time = by_level - 0.5, by_time - 0.5
    level = np.where(
        np.abs(lag) > NO_DELAY_S, np.sign(level) * np.maximum(np.abs(level) - SCATTER, 0), level
    )
    at_once = np.abs(lag) <= NO_DELAY_S
    same_side = (level * time >= 0) | at_once
    return 0.5 + np.where(same_side & (np.abs(level) > np.abs(time)), level, time)


def lag_position(lag: np.ndarray, weight: np.ndarray, spacing_m: float | None = None) -> np.ndarray:
    """(...,) 0..1 where in a picture of 90 degrees a far source with that delay (s) is.

    spacing_m: the microphones' distance. Unknown it is `SPACING_M`, or so wide that the largest
    lasting delay is at the picture's edge.
    """
    if spacing_m is None:
        largest = float(weighted_quantile(np.abs(lag), weight, 0.9)) if weight.any() else 0.0
        spacing_m = max(SPACING_M, largest * SPEED_OF_SOUND / np.sin(np.pi / 4))
    sine = np.clip(lag * SPEED_OF_SOUND / spacing_m, -0.95, 0.95)
    return np.clip(0.5 + 0.5 * sine / np.sqrt(1 - sine**2), 0, 1)


def frame_delays(spectra: Spectra) -> tuple[np.ndarray, np.ndarray]:
    """((N,) s that the right channel leads, (N,) height of the peak, 0..1) in `DELAY_BAND_HZ`."""
    return gcc_phat(spectra, LARGEST_LAG_S, *DELAY_BAND_HZ)


def compressed(power: np.ndarray) -> np.ndarray:
    """(...,) power relative to the clip's loudest cell, to the 0.3; nothing 50 dB under it."""
    relative = power / max(float(power.max()), 1e-20)
    return np.where(relative > 1e-5, relative**0.3, 0.0)
