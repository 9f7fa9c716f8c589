"""What a clip says about where its sounds are, frame by frame.

Channels are kept apart throughout. In every cell of time and frequency the principal axis of the
two channels' covariance gives the panning (Avendano and Jot, 2002): what is the same strength but
unrelated in both channels, such as reverberation and noise, does not pull it to the middle. Where
the channels differ in time and not in level (spaced microphones), GCC-PHAT (Knapp and Carter,
1976) gives the direction instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..units import SPEED_OF_SOUND, frame_time
from .io import AudioClip
from .spectra import Spectra, band_sums, gcc_phat, slot_sums, stereo_spectra
from .weighted import decibel, weighted_median, weighted_quantile

FRAMES = 16
#: Edges of the bands whose level difference is reported, Hz.
BANDS_HZ = (100.0, 400.0, 1500.0, 5000.0, 12000.0)
#: Edges of the finer bands that positions are read in; lower down wind and rooms speak.
CELL_BANDS_HZ = tuple(float(f) for f in np.geomspace(180, 14000, 41))
#: Edges of the bands that delays are read in.
TIME_BANDS_HZ = (200.0, 1000.0, 3500.0, 12000.0)
#: Below this walls and wind make a lasting difference between the channels, Hz, and what such
#: cells count.
LOW_HZ, LOW_TRUST = 500.0, 0.3
#: What one source alone is placed by is mostly above this: rooms are less even lower down, Hz.
WALLS_HZ = 800.0
#: Time slots that a frame is cut into for the cells.
SLOTS = 4
#: Above this correlation and below this level difference (dB) the channels are the same.
MONO_CORRELATION, MONO_DIFFERENCE_DB = 0.9995, 0.1
MONO_NOTE = "mono recording: position is not audible"
SPACED_NOTE = "spaced microphones: position is read from the time difference"
#: Frames that far under the loudest are silent, dB.
SILENT_DB = 45.0
#: Distance of spaced microphones if nothing tells more, m, and the largest delay looked for, s.
SPACING_M, LARGEST_LAG_S = 0.18, 0.9e-3
#: What the highest of so many lags reaches by chance.
CHANCE_COHERENCE = 0.06

Evidence = Literal["level", "time", "none"]


@dataclass(frozen=True)
class Cells:
    """Cells of time and frequency: B bands and N * SLOTS slots.

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
        return float(self.weight.sum() / max(float(_compressed(self.power).sum()), 1e-12))


@dataclass(frozen=True)
class SpatialCues:
    """Measured cues of N frames (frame k stands for the time (k + 0.5) / N * duration).

    Attributes
    ----------
    duration_s, channels: of the clip.
    time_s: (N,) middle of each frame.
    level_db: (N,) RMS over both channels, dB re full scale.
    band_level_difference_db: (bands, N) right minus left, dB, per band of `BANDS_HZ`.
    time_difference_ms: (N,) how much earlier the sound reaches the right channel (GCC-PHAT).
    coherence: (N,) height of that peak, 0 (unrelated channels) to 1.
    correlation: (N,) correlation of left and right at lag 0, -1..1.
    centroid_hz: (N,) spectral centroid.
    pitch_hz: (N,) pitch by autocorrelation, NaN where there is none.
    onset: (N,) strength of the strongest onset (spectral flux), 0..1 of the clip's strongest.
    doppler_semitones: how far the spectrum shifts from the first to the last third (a thing that
    passes falls; minus is down), and doppler_confidence 0..1.
    x: (N,) heard position of the whole mix, 0 left to 1 right.
    confidence: (N,) 0..1, how far x can be trusted; evidence: (N,) what it is read from.
    cells: what sources are told apart by.
    notes: what a user should know.
    """

    duration_s: float
    channels: int
    time_s: np.ndarray
    level_db: np.ndarray
    band_level_difference_db: np.ndarray
    time_difference_ms: np.ndarray
    coherence: np.ndarray
    correlation: np.ndarray
    centroid_hz: np.ndarray
    pitch_hz: np.ndarray
    onset: np.ndarray
    doppler_semitones: float
    doppler_confidence: float
    x: np.ndarray
    confidence: np.ndarray
    evidence: tuple[Evidence, ...]
    cells: Cells
    notes: tuple[str, ...]

    @property
    def frame_count(self) -> int:
        return len(self.time_s)

    @property
    def positioned(self) -> bool:
        """Whether anything about position could be heard."""
        return any(kind != "none" for kind in self.evidence)


def measure(clip: AudioClip, frame_count: int = FRAMES) -> SpatialCues:
    """Cues of a mono or stereo clip (first-order ambisonics are decoded by `io`)."""
    from . import timbre

    spectra, rising = stereo_spectra(clip, frame_count * SLOTS)
    frames = slot_sums(spectra, SLOTS)
    left, right = frames.left.sum(0), frames.right.sum(0)
    correlation = np.clip(
        frames.cross.real.sum(0) / np.maximum(np.sqrt(left * right), 1e-20), -1, 1
    )
    loud = decibel(left + right) - decibel((left + right).max())
    same = _lasting(
        (correlation > MONO_CORRELATION)
        & (np.abs(decibel(right) - decibel(left)) < MONO_DIFFERENCE_DB)
    )
    heard = ~same & (loud > -SILENT_DB) & (clip.channels == 2)
    lag, coherence = gcc_phat(slot_sums(rising, SLOTS), LARGEST_LAG_S)
    spaced = _spaced(lag, coherence, frames, heard)
    cells = (_time_cells if spaced else _level_cells)(rising)
    cells.weight[:] *= np.repeat(heard, SLOTS)
    x, agreement = _position(cells)
    confidence = np.where(heard, agreement * np.clip((loud + SILENT_DB) / 25, 0.1, 1), 0.0)
    kind: Evidence = "time" if spaced else "level"
    shift, shift_confidence = timbre.doppler(spectra)
    return SpatialCues(
        duration_s=clip.duration_s,
        channels=clip.channels,
        time_s=np.array([frame_time(k, frame_count, clip.duration_s) for k in range(frame_count)]),
        level_db=timbre.levels(clip, frame_count),
        band_level_difference_db=_band_difference(frames),
        time_difference_ms=np.where(heard, 1000 * lag, 0.0),
        coherence=coherence,
        correlation=correlation,
        centroid_hz=timbre.centroid(frames),
        pitch_hz=timbre.pitch(clip, frame_count),
        onset=timbre.onset(spectra, frame_count),
        doppler_semitones=shift,
        doppler_confidence=shift_confidence,
        x=np.where(heard, x, 0.5),
        confidence=confidence,
        evidence=tuple(kind if one else "none" for one in heard),
        cells=cells,
        notes=tuple(_notes(heard, same, spaced)),
    )


def _notes(heard: np.ndarray, same: np.ndarray, spaced: bool) -> list[str]:
    if not heard.any():
        return [MONO_NOTE]
    notes = [SPACED_NOTE] if spaced else []
    if same.mean() > 0.2:
        notes.append(f"partly mono: {same.mean():.0%} of the frames have no position evidence")
    return notes


def _level_cells(spectra: Spectra) -> Cells:
    """Position by the inverse of the constant-power pan law from the principal axis."""
    bands = band_sums(spectra, CELL_BANDS_HZ)
    left, right, cross = bands.left, bands.right, np.maximum(bands.cross.real, 0)
    x = np.arctan2(2 * cross, left - right) / np.pi
    # share of the power that is not the same in all directions
    total = np.maximum(left + right, 1e-20)
    single = np.sqrt((left - right) ** 2 + 4 * cross**2) / total
    trust = np.where(bands.frequencies < LOW_HZ, LOW_TRUST, 1.0)[:, None]
    weight = _compressed(left + right) * single**2 * trust
    return Cells(CELL_BANDS_HZ, x, left + right, weight)


def _time_cells(spectra: Spectra) -> Cells:
    """Position by the delay in three wide bands; their slots are all that tells sources apart."""
    parts = [
        gcc_phat(spectra, LARGEST_LAG_S, low, high)
        for low, high in zip(TIME_BANDS_HZ, TIME_BANDS_HZ[1:], strict=False)
    ]
    lag, coherence = (np.stack([part[i] for part in parts]) for i in (0, 1))
    bands = band_sums(spectra, TIME_BANDS_HZ)
    power = bands.left + bands.right
    weight = _compressed(power) * np.clip(coherence - 2 * CHANCE_COHERENCE, 0, 1)
    return Cells(TIME_BANDS_HZ, _lag_position(lag, weight), power, weight)


def _lag_position(lag: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Where in a picture of 90 degrees a far source with that delay is.

    The microphones' distance is unknown: `SPACING_M`, or so wide that the largest lasting delay
    is at the picture's edge.
    """
    largest = float(weighted_quantile(np.abs(lag), weight, 0.9)) if weight.any() else 0.0
    spacing = max(SPACING_M, largest * SPEED_OF_SOUND / np.sin(np.pi / 4))
    sine = np.clip(lag * SPEED_OF_SOUND / spacing, -0.95, 0.95)
    return np.clip(0.5 + 0.5 * sine / np.sqrt(1 - sine**2), 0, 1)


def _spaced(lag: np.ndarray, coherence: np.ndarray, frames: Spectra, heard: np.ndarray) -> bool:
    """Whether the channels differ in time rather than in level.

    Panned and coincident sound arrives at once in both channels, whatever the room adds.
    """
    weight = np.clip(coherence - CHANCE_COHERENCE, 0, 1) * heard
    if weight.sum() < 0.1:
        return False
    late = float((weight * (np.abs(lag) > 3e-5)).sum() / weight.sum())
    difference = decibel(frames.right.sum(0)) - decibel(frames.left.sum(0))
    level = float((weight * np.abs(difference)).sum() / weight.sum())
    return late > 0.5 and level < 4.0


def _compressed(power: np.ndarray) -> np.ndarray:
    """Power relative to the clip's loudest cell, to the 0.3; nothing 50 dB under it."""
    relative = power / max(float(power.max()), 1e-20)
    return np.where(relative > 1e-5, relative**0.3, 0.0)


def _position(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """((N,) median position per frame, (N,) how far the cells agree on it, 0.05..1)."""
    high = np.where(np.array(cells.edges[:-1]) < WALLS_HZ, 0.15, 1.0)[:, None]
    x = frame_medians(cells.x, cells.weight * high)
    away = (cells.x - np.repeat(x, SLOTS)) ** 2
    power = cells.weight * high * cells.power**0.5
    frames = (len(x), SLOTS)
    total = power.sum(0).reshape(frames).sum(1)
    spread = np.sqrt((power * away).sum(0).reshape(frames).sum(1) / np.maximum(total, 1e-20))
    return x, np.clip((1 - 3 * spread) * min(1.0, 2.5 * cells.dryness), 0.05, 1)


def frame_medians(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(N,) weighted median of (B, S) positions over each frame and its neighbours; 0.5 where a
    frame has no weight.

    The median, since in a room the cells of the reverberation lie about the middle: a mean would
    be drawn there.
    """
    middles = np.full(x.shape[1] // SLOTS, 0.5)
    for k in range(len(middles)):
        if weight[:, k * SLOTS : (k + 1) * SLOTS].any():
            near = slice(max(0, k - 1) * SLOTS, (k + 2) * SLOTS)
            middles[k] = weighted_median(x[:, near], weight[:, near])
    return middles


def _band_difference(frames: Spectra) -> np.ndarray:
    """(bands, N) right minus left in dB, limited to +-60; 0 where a band is silent."""
    bands = band_sums(frames, BANDS_HZ)
    floor = 1e-9 * max(float((bands.left + bands.right).max()), 1e-20)
    return np.clip(decibel(bands.right + floor) - decibel(bands.left + floor), -60, 60)


def _lasting(same: np.ndarray) -> np.ndarray:
    """(N,) without short runs between others: a source that passes the middle is not mono."""
    out = same.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(int), [0]])))
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        if first > 0 and stop < len(same) and stop - first <= 3:
            out[first:stop] = False
    return out
