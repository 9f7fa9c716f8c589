"""Where cells are heard by a coincident pair: two alike directional microphones at one place,
turned 45 degrees to either side (XY; Blumlein's where they are figures of eight).

Of a source at the angle a they pick up 1 + b cos(a -+ 45 degrees) (b: 0 omnidirectional, 1
cardioid, more towards the figure of eight), so it is panned by less than a pan law would. And a
room's diffuse sound is not unrelated in them, as in microphones that are apart, but leans to the
middle; how far follows from b (Elko, "Spatial coherence functions for differential microphones in
isotropic noise fields", 2001), so it can be taken out.
"""

from __future__ import annotations

import numpy as np

from .places import CELL_BANDS_HZ, Cells, weights
from .spectra import Spectra, band_sums

#: Narrowest and widest share of the panning range that a picture of 90 degrees takes up: nearly
#: omnidirectional microphones, and figures of eight.
NARROWEST, WIDEST = 0.2, 0.98
#: The power of the direct sound's share that a cell counts by: what is not quite the diffuse sound
#: that is taken out still leans to the middle.
DIRECT = 6.0
#: In the middle of all cells above so many Hz and so many dB under the loudest of their band the
#: channels of a crossed pair are that much alike, rooms and all (0.75 in the diffuse sound alone of
#: cardioids): of most others' rooms they are not.
HEARD_HZ, HEARD_DB, ALIKE = 400.0, 45.0, 0.8
#: Furthest angle that is told from the next, radians: beyond it the picture has long ended.
FURTHEST = 1.1


def crossed_cells(spectra: Spectra, share: float) -> Cells:
    """The place and weight of every cell; share: of the panning range (0..1) that the picture takes
    up."""
    bands = band_sums(spectra, CELL_BANDS_HZ)
    strength = _strength(share)
    diffuse, direct = _split(bands, 1 / (1 + 2 * strength**2 / 3))
    power = np.maximum(bands.left + bands.right, 1e-20)
    single = np.maximum(1 - 2 * diffuse / power, 0)
    panned = np.arctan2(2 * direct, bands.left - bands.right) / 2 - np.pi / 4
    x = 0.5 + 0.5 * np.tan(_angle(panned, strength))
    weight = weights(power, single, bands.frequencies, DIRECT)
    return Cells(CELL_BANDS_HZ, np.clip(x, 0, 1), bands.left + bands.right, weight)


def are_alike(spectra: Spectra) -> bool:
    """Whether the channels are so much alike that a crossed pair can have heard all of it."""
    bands = band_sums(spectra, CELL_BANDS_HZ)
    power = bands.left + bands.right
    heard = power > 10 ** (-HEARD_DB / 10) * power.max(1, keepdims=True)
    heard &= bands.frequencies[:, None] > HEARD_HZ
    alike = bands.cross.real / np.maximum(np.sqrt(bands.left * bands.right), 1e-20)
    return bool(heard.any() and np.median(alike[heard]) > ALIKE)


def _strength(share: float) -> float:
    """b / sqrt(2) of microphones with which the edge of the picture is panned so far."""
    edge = np.tan(np.pi / 4 * np.clip(share, NARROWEST, WIDEST))
    return float(edge / (np.sqrt(0.5) * (1 - edge)))


def _angle(panned: np.ndarray, strength: float) -> np.ndarray:
    """Angle of a source, radians, to the right, by how far it is panned, radians -pi/4..pi/4: with
    tan(panned) = s sin(a) / (1 + s cos(a)) solved for a."""
    beyond = np.arcsin(np.clip(np.sin(panned) / strength, -1, 1))
    return np.clip(panned + beyond, -FURTHEST, FURTHEST)


def _split(bands: Spectra, alike: float) -> tuple[np.ndarray, np.ndarray]:
    """((B, S) diffuse power of each channel, (B, S) cross power of the direct sound).

    alike: correlation of the diffuse sound, 0..1. What is left without it is one source, whose
    cross power squared is the product of its powers: of the two solutions the one that fits.
    """
    left, right, cross = bands.left, bands.right, bands.cross.real
    half = (left + right) / 2 - alike * cross
    alone = 1 - alike**2
    root = np.sqrt(np.maximum(half**2 - alone * (left * right - cross**2), 0))
    diffuse = np.clip((half - root) / alone, 0, np.minimum(left, right))
    return diffuse, np.maximum(cross - alike * diffuse, 0)
