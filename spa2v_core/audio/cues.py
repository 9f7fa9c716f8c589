"""What a clip says about where its sounds are, frame by frame.

Channels are kept apart throughout: what is wrong with them is undone first (`channels`), then
every cell of time and frequency has a place (`places`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..units import frame_time
from . import timbre
from .channels import condition
from .clip import AudioClip
from .places import Cells, are_apart, cells_of, frame_delays, may_be_coincident
from .spectra import Spectra, band_sums, slot_sums, stereo_spectra
from .weighted import decibel, weighted_median

FRAMES = 16
#: Edges of the bands whose level difference is reported, Hz.
BANDS_HZ = (100.0, 400.0, 1500.0, 5000.0, 12000.0)
#: Time slots that a frame is cut into for the cells.
SLOTS = 4
#: Above this correlation and below this level difference (dB) the channels are the same.
MONO_CORRELATION, MONO_DIFFERENCE_DB = 0.9995, 0.1
MONO_NOTE = "mono recording: position is not audible"
SPACED_NOTE = "spaced microphones: position is read from the time difference"
COINCIDENT_NOTE = (
    "the microphones may be a crossed pair: widen if everything is too near the middle (width 2)"
)
#: Frames that far under the loudest are silent, dB.
SILENT_DB = 45.0

Evidence = Literal["level", "time", "none"]


@dataclass(frozen=True)
class SpatialCues:
    """Measured cues of N frames (frame k stands for the time (k + 0.5) / N * duration).

    Attributes
    ----------
    clip
        what was measured: without rumble and with faults between the channels undone.
    duration_s, channels
        of it.
    time_s
        (N,) middle of each frame.
    level_db
        (N,) RMS over both channels, A-weighted, dB re full scale.
    band_level_difference_db
        (bands, N) right minus left, dB, per band of `BANDS_HZ`.
    time_difference_ms
        (N,) how much earlier the sound reaches the right channel (GCC-PHAT).
    coherence
        (N,) height of that peak, 0 (unrelated channels) to 1.
    correlation
        (N,) correlation of left and right at lag 0, -1..1.
    centroid_hz
        (N,) spectral centroid.
    pitch_hz
        (N,) pitch by autocorrelation, NaN where there is none.
    onset
        (N,) strength of the strongest onset (spectral flux), 0..1 of the clip's strongest.
    doppler_semitones
        how far the spectrum shifts from the first to the last third (a thing that passes falls;
        minus is down), and doppler_confidence 0..1.
    x
        (N,) heard position of the whole mix, 0 left to 1 right.
    confidence
        (N,) 0..1, how far x can be trusted.
    evidence
        (N,) what it is read from.
    cells
        what sources are told apart by.
    rising
        spectra of the rising sound in slots, which the cells are made of.
    notes
        what a user should know.
    width
        factor by which positions were spread.
    """

    clip: AudioClip
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
    rising: Spectra
    notes: tuple[str, ...]
    width: float = 1.0

    @property
    def frame_count(self) -> int:
        return len(self.time_s)

    @property
    def positioned(self) -> bool:
        """Whether anything about position could be heard."""
        return any(kind != "none" for kind in self.evidence)


def measure(
    clip: AudioClip, frame_count: int = FRAMES, *, mend: bool = True, width: float = 1.0
) -> SpatialCues:
    """Cues of a mono or stereo clip.

    mend: whether faults between the channels are looked for and undone. width: factor by which
    positions are spread from the middle (microphones of a narrow angle).
    """
    notes = clip.notes
    clip, channel_notes = condition(clip, mend)
    spectra, rising = stereo_spectra(clip, frame_count * SLOTS)
    frames = slot_sums(spectra, SLOTS)
    correlation, loud, same = _loudness(frames)
    heard = ~same & (loud > -SILENT_DB) & (clip.channels == 2)
    lag, coherence = frame_delays(slot_sums(rising, SLOTS))
    apart = are_apart(lag[heard], coherence[heard])
    cells = cells_of(rising, apart, width)
    cells.weight[:] *= np.repeat(heard, SLOTS)
    x, agreement = _position(cells)
    kind: Evidence = "time" if apart else "level"
    narrow = width == 1 and not apart and may_be_coincident(spectra)
    shift, shift_confidence = timbre.doppler(spectra)
    return SpatialCues(
        clip=clip,
        duration_s=clip.duration_s,
        channels=clip.channels,
        time_s=np.array([frame_time(k, frame_count, clip.duration_s) for k in range(frame_count)]),
        level_db=timbre.levels(clip, frames),
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
        confidence=np.where(heard, agreement * np.clip((loud + SILENT_DB) / 25, 0.1, 1), 0.0),
        evidence=tuple(kind if one else "none" for one in heard),
        cells=cells,
        rising=rising,
        notes=(*notes, *channel_notes, *_notes(heard, same, kind, narrow)),
        width=width,
    )


def _loudness(frames: Spectra) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By ear, of each frame (N,): correlation of the channels (-1..1), level in dB below the
    loudest, and whether it is the same on both sides for a while: mono within a stereo file."""
    audible = timbre.a_weighting(frames.frequencies)
    left, right = audible @ frames.left, audible @ frames.right
    common = audible @ frames.cross.real / np.maximum(np.sqrt(left * right), 1e-20)
    correlation = np.clip(common, -1, 1)
    as_loud = np.abs(decibel(right) - decibel(left)) < MONO_DIFFERENCE_DB
    same = _lasting((correlation > MONO_CORRELATION) & as_loud)
    return correlation, decibel(left + right) - decibel((left + right).max()), same


def _notes(heard: np.ndarray, same: np.ndarray, kind: Evidence, narrow: bool) -> list[str]:
    if not heard.any():
        return [MONO_NOTE]
    notes = [SPACED_NOTE] if kind == "time" else []
    if narrow:
        notes.append(COINCIDENT_NOTE)
    if same.mean() > 0.2:
        notes.append(f"partly mono: {same.mean():.0%} of the frames have no position evidence")
    return notes


def _position(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """((N,) median position per frame, (N,) how far the cells agree on it, 0.05..1)."""
    x = frame_medians(cells.x, cells.even)
    away = (cells.x - np.repeat(x, SLOTS)) ** 2
    power = cells.even * cells.power**0.5
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
