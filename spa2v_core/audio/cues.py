"""What a stereo clip says about where its sounds are, frame by frame.

Channels are kept apart throughout. Level differences are read per cell of time and frequency
and turned into a position by the inverse of the constant-power pan law.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..units import frame_time
from .io import AudioClip, level_db

FRAMES = 16
#: Edges of the bands whose level difference is reported, Hz.
BANDS_HZ = (100, 400, 1500, 5000, 12000)
#: Edges of the finer bands that separation works on, Hz.
CELL_BANDS_HZ = tuple(float(f) for f in np.geomspace(120, 14000, 25))
#: Above this correlation and below this level difference (dB) the channels are the same.
MONO_CORRELATION, MONO_DIFFERENCE_DB = 0.9995, 0.1
MONO_NOTE = "mono recording: position is not audible"


@dataclass(frozen=True)
class SpatialCues:
    """Measured cues of N frames (frame k stands for the time (k + 0.5) / N * duration).

    Attributes
    ----------
    duration_s, channels: of the clip.
    time_s: (N,) middle of each frame.
    level_db: (N,) RMS over both channels, dB re full scale.
    band_level_difference_db: (bands, N) right minus left, dB, per band of `BANDS_HZ`.
    correlation: (N,) correlation of left and right at lag 0, -1..1.
    x: (N,) heard position of the whole mix, 0 left to 1 right.
    confidence: (N,) 0..1, how far x can be trusted.
    evidence: (N,) "level" or "none".
    cell_x, cell_power: (cells, N) position and power per fine band.
    notes: what a user should know.
    """

    duration_s: float
    channels: int
    time_s: np.ndarray
    level_db: np.ndarray
    band_level_difference_db: np.ndarray
    correlation: np.ndarray
    x: np.ndarray
    confidence: np.ndarray
    evidence: tuple[str, ...]
    cell_x: np.ndarray
    cell_power: np.ndarray
    notes: tuple[str, ...]

    @property
    def frame_count(self) -> int:
        return len(self.time_s)

    @property
    def positioned(self) -> bool:
        """Whether anything about position could be heard."""
        return any(kind != "none" for kind in self.evidence)


def measure(clip: AudioClip, frame_count: int = FRAMES) -> SpatialCues:
    """Cues of a mono or stereo clip."""
    power, cross, frequencies = _spectra(clip, frame_count)
    audible = power.sum(0).sum(0)
    difference = _band_difference(power, frequencies, BANDS_HZ)
    cells = _bands(power, frequencies, CELL_BANDS_HZ)
    cell_power = cells.sum(0)
    cell_x = _position(cells)
    x = _position(_bands(power, frequencies, (BANDS_HZ[0], BANDS_HZ[-1])))[0]
    total = np.sqrt(power[0].sum(0) * power[1].sum(0))
    correlation = np.clip(cross.sum(0) / np.maximum(total, 1e-20), -1, 1)
    loud = 10 * np.log10(np.maximum(audible, 1e-20) / max(float(audible.max()), 1e-20))
    overall = np.abs(
        10 * np.log10(np.maximum(power[1].sum(0), 1e-20) / np.maximum(power[0].sum(0), 1e-20))
    )
    same = _lasting((correlation > MONO_CORRELATION) & (overall < MONO_DIFFERENCE_DB))
    heard = ~same & (loud > -45) & (clip.channels == 2)
    agreement = _agreement(cell_x, cell_power, x)
    confidence = np.where(heard, agreement * np.clip((loud + 45) / 25, 0.1, 1), 0.0)
    notes = []
    if not heard.any():
        notes.append(MONO_NOTE)
    elif same.mean() > 0.2:
        notes.append(f"partly mono: {same.mean():.0%} of the frames have no position evidence")
    return SpatialCues(
        duration_s=clip.duration_s,
        channels=clip.channels,
        time_s=np.array([frame_time(k, frame_count, clip.duration_s) for k in range(frame_count)]),
        level_db=_levels(clip, frame_count),
        band_level_difference_db=difference,
        correlation=correlation,
        x=np.where(heard, x, 0.5),
        confidence=confidence,
        evidence=tuple("level" if one else "none" for one in heard),
        cell_x=cell_x,
        cell_power=cell_power,
        notes=tuple(notes),
    )


def to_dict(cues: SpatialCues) -> dict[str, Any]:
    """The `cues.json` form."""
    values = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in asdict(cues).items()}
    per_frame = ("time_s", "level_db", "band_level_difference_db", "correlation")

    def rounded(value: Any) -> Any:
        return [rounded(v) for v in value] if isinstance(value, list) else round(value, 4)

    source = {
        "name": "mix",
        "tags": [],
        "start_s": 0.0,
        "end_s": round(cues.duration_s, 4),
        "x": [
            round(float(x), 4) if kind != "none" else None
            for x, kind in zip(cues.x, cues.evidence, strict=True)
        ],
        "confidence": rounded(values["confidence"]),
        "evidence": list(cues.evidence),
    }
    return {
        "version": 1,
        "duration_s": round(cues.duration_s, 4),
        "channels": cues.channels,
        "frame_count": cues.frame_count,
        "bands_hz": list(BANDS_HZ),
        "frames": {name: rounded(values[name]) for name in per_frame},
        "sources": [source],
        "notes": list(cues.notes),
    }


def _spectra(clip: AudioClip, frame_count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per frame: power (2, bins, N), real cross power (bins, N), and the bins' frequencies."""
    from scipy.signal import stft

    samples = clip.samples if clip.channels == 2 else np.repeat(clip.samples, 2, axis=0)
    window = 2 ** max(8, round(np.log2(0.04 * clip.rate)))
    window = min(window, samples.shape[1])
    frequencies, times, spectrum = stft(
        samples.astype(np.float64), clip.rate, nperseg=window, noverlap=window // 2, boundary="even"
    )
    frame = np.minimum((times / clip.duration_s * frame_count).astype(int), frame_count - 1)
    member = np.zeros((len(times), frame_count))
    member[np.arange(len(times)), frame] = 1
    member /= np.maximum(member.sum(0), 1)
    power = np.abs(spectrum) ** 2 @ member
    cross = (spectrum[0] * spectrum[1].conj()).real @ member
    return power, cross, frequencies


def _bands(power: np.ndarray, frequencies: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    """(2, bands, N) power per band."""
    index = np.digitize(frequencies, edges) - 1
    out = np.zeros((2, len(edges) - 1, power.shape[-1]))
    for band in range(len(edges) - 1):
        out[:, band] = power[:, index == band].sum(1)
    return out


def _band_difference(
    power: np.ndarray, frequencies: np.ndarray, edges: tuple[float, ...]
) -> np.ndarray:
    """(bands, N) right minus left in dB, limited to +-60; 0 where a band is silent."""
    left, right = _bands(power, frequencies, edges)
    floor = 1e-9 * max(float((left + right).max()), 1e-20)
    return np.clip(10 * np.log10((right + floor) / (left + floor)), -60, 60)


def _position(bands: np.ndarray) -> np.ndarray:
    """(bands, N) position 0..1 by the inverse of the constant-power law."""
    left, right = np.sqrt(bands)
    return np.where(left + right > 0, np.arctan2(right, left + 1e-20) / (np.pi / 2), 0.5)


def _agreement(cell_x: np.ndarray, cell_power: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(N,) 1 where all bands point to x, towards 0 where they scatter by a third of the width."""
    weight = cell_power / np.maximum(cell_power.sum(0), 1e-20)
    spread = np.sqrt((weight * (cell_x - x) ** 2).sum(0))
    return np.clip(1 - 3 * spread, 0.05, 1)


def _lasting(same: np.ndarray) -> np.ndarray:
    """(N,) without short runs between others: a source that passes the middle is not mono."""
    out = same.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(int), [0]])))
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        if first > 0 and stop < len(same) and stop - first <= 3:
            out[first:stop] = False
    return out


def _levels(clip: AudioClip, frame_count: int) -> np.ndarray:
    edges = np.linspace(0, clip.samples.shape[1], frame_count + 1).astype(int)
    return np.array(
        [
            level_db(clip.samples[:, a : max(b, a + 1)])
            for a, b in zip(edges, edges[1:], strict=False)
        ]
    )
