"""From cues to paths: how many sources, where each is over time, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..audio.cues import SpatialCues

Motion = Literal["approaching", "receding", "crossing", "stationary"]

#: Net level change that reads as a change of distance: 6 dB is half or twice as far (1/r).
DISTANCE_DB = 6.0
#: So far under its loudest frame a source counts as silent.
SILENT_DB = 45.0
#: Part of the width that reads as crossing.
TRAVEL = 0.25
#: A trend smaller than that still reads as crossing for a thing that usually travels, because
#: ambience and wide microphones compress level differences (res9 of the development clips:
#: 0.05 of the width for a car that crosses the whole picture).
FAINT_TRAVEL = 0.03


@dataclass(frozen=True)
class HeardPath:
    """One source as heard over N frames.

    x (N,) position 0..1; level_db (N,); confidence 0..1; share of the clip's audible energy.
    """

    x: np.ndarray
    level_db: np.ndarray
    confidence: float
    share: float

    @property
    def audible(self) -> np.ndarray:
        """Frames that are not silent (at most 45 dB under the loudest)."""
        return np.flatnonzero(self.level_db > self.level_db.max() - SILENT_DB)


@dataclass(frozen=True)
class MotionReading:
    """How a path moves: kind, net level change (dB), net travel (of the width) and whether the
    travel was faint and had to be stretched."""

    motion: Motion
    level_change_db: float
    travel: float
    faint: bool = False


def separate(cues: SpatialCues, count: int | None) -> list[HeardPath]:
    """One or two paths, the louder first; `count` is how many sources are named, None if unknown.

    Cells of time and frequency are shared out between two straight paths by expectation
    maximisation; two sources are planned where two paths explain the positions much better than
    one, lie apart and both carry energy.
    """
    if count == 1 or not cues.positioned:
        return [_whole(cues)]
    lines, member = _two_lines(cues)
    apart = float(np.abs(lines[0] - lines[1]).mean())
    cost_one, weight = _cost(cues, _line_fit(cues, None)[None]), _weights(cues)
    cost_two = _cost(cues, lines)
    shares = (member * weight).sum((1, 2)) / max(float(weight.sum()), 1e-12)
    sure = apart > 0.25 and shares.min() > 0.12 and cost_one > 2.5 * cost_two
    likely = apart > 0.12 and shares.min() > 0.05 and cost_one > 1.3 * cost_two
    if not (sure or (count and count > 1 and likely)):
        return [_whole(cues)]
    power = [(m * cues.cell_power).sum() for m in member]
    order = np.argsort(power)[::-1]
    return [_member_path(cues, lines[i], member[i], float(power[i] / sum(power))) for i in order]


def read_motion(path: HeardPath, *, mobile: bool, known: bool) -> MotionReading:
    """What kind of motion a path is.

    Level is read as distance only for things that travel, or, if what sounds is unknown, when it
    changes a lot and smoothly: music swings by 8 dB without anything moving.
    """
    heard = path.audible
    if len(heard) < 3:
        return MotionReading("stationary", 0.0, 0.0)
    t = (heard - heard[0]) / (heard[-1] - heard[0])
    level, level_fit = _trend(t, path.level_db[heard])
    travel, travel_fit = _trend(t, path.x[heard])
    reading = MotionReading("stationary", level, travel)
    enough = (DISTANCE_DB, 0.5) if mobile else (10.0, 0.8)
    if (mobile or not known) and abs(level) >= enough[0] and level_fit >= enough[1]:
        return replace(reading, motion="approaching" if level > 0 else "receding")
    if abs(travel) > TRAVEL:
        return replace(reading, motion="crossing")
    if mobile and path.confidence > 0 and abs(travel) > FAINT_TRAVEL and travel_fit > 0.5:
        return replace(reading, motion="crossing", faint=True)
    return reading


def smooth(values: np.ndarray, width: int = 5, weight: np.ndarray | None = None) -> np.ndarray:
    """Weighted moving average of odd `width`; the window shrinks symmetrically at the ends, so
    that a straight line stays itself."""
    weight = np.ones_like(values) if weight is None else np.maximum(weight, 1e-3)
    out = np.empty_like(values, dtype=float)
    for k in range(len(values)):
        half = min(width // 2, k, len(values) - 1 - k)
        window = slice(k - half, k + half + 1)
        out[k] = np.average(values[window], weights=weight[window])
    return out


def _trend(t: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Net change of the straight fit over the clip, and the share of variance it explains."""
    slope, offset = np.polyfit(t, values, 1)
    residual = values - (slope * t + offset)
    variance = float(np.var(values))
    return float(slope), 1 - float(np.var(residual)) / variance if variance > 1e-12 else 0.0


def _whole(cues: SpatialCues) -> HeardPath:
    """Everything as one source."""
    weight = cues.confidence
    x = cues.x
    if cues.positioned:
        heard = np.flatnonzero(weight > 0)
        x = np.interp(np.arange(len(x)), heard, x[heard])
    loud = cues.level_db > cues.level_db.max() - 30
    confidence = float(weight[loud].mean())
    return HeardPath(smooth(x, 5, weight), cues.level_db, confidence, 1.0)


def _weights(cues: SpatialCues) -> np.ndarray:
    """(cells, N) what each cell counts: compressed power, so that the quieter source is heard."""
    relative = cues.cell_power / max(float(cues.cell_power.max()), 1e-20)
    trusted = np.array([kind != "none" for kind in cues.evidence])
    return np.where(relative > 1e-5, relative**0.3, 0.0) * trusted


def _line_fit(cues: SpatialCues, member: np.ndarray | None) -> np.ndarray:
    """(N,) weighted straight fit of the cells' positions over time."""
    weight = _weights(cues) if member is None else _weights(cues) * member
    t = np.linspace(-0.5, 0.5, cues.frame_count)
    total = weight.sum() + 1e-9
    mean_t, mean_x = (weight * t).sum() / total, (weight * cues.cell_x).sum() / total
    spread = (weight * (t - mean_t) ** 2).sum() + 0.02 * total
    slope = (weight * (t - mean_t) * (cues.cell_x - mean_x)).sum() / spread
    return np.clip(mean_x + slope * (t - mean_t), 0, 1)


def _two_lines(cues: SpatialCues) -> tuple[np.ndarray, np.ndarray]:
    """Two straight paths (2, N) and each cell's membership (2, cells, N)."""
    weight = _weights(cues)
    order = np.argsort(cues.cell_x.ravel())
    share = np.cumsum(weight.ravel()[order]) / max(float(weight.sum()), 1e-12)
    low, high = (cues.cell_x.ravel()[order][np.searchsorted(share, q)] for q in (0.15, 0.85))
    lines = np.stack([np.full(cues.frame_count, low), np.full(cues.frame_count, high)])
    member = np.zeros((2, *weight.shape))
    for _ in range(30):
        distance = (cues.cell_x[None] - lines[:, None]) ** 2 / (2 * 0.1**2)
        member = np.exp(-(distance - distance.min(0)))
        member /= member.sum(0)
        lines = np.stack([_line_fit(cues, member[i]) for i in range(2)])
    return lines, member


def _cost(cues: SpatialCues, lines: np.ndarray) -> float:
    """Weighted mean squared distance of the cells to their nearest line."""
    weight = _weights(cues)
    nearest = ((cues.cell_x[None] - lines[:, None]) ** 2).min(0)
    return float((weight * nearest).sum() / max(float(weight.sum()), 1e-12)) + 1e-5


def _member_path(
    cues: SpatialCues, line: np.ndarray, member: np.ndarray, share: float
) -> HeardPath:
    """Path of one of two sources: its cells' mean position, its line where it is silent."""
    weight = _weights(cues) * member
    sure = weight.sum(0) / max(float(weight.sum(0).max()), 1e-12)
    mean = (weight * cues.cell_x).sum(0) / np.maximum(weight.sum(0), 1e-12)
    x = smooth(np.where(sure > 0.1, mean, line), 5, sure)
    power = (member * cues.cell_power).sum(0)
    level = 10 * np.log10(np.maximum(power, 1e-8 * max(float(power.max()), 1e-12)))
    level += cues.level_db.max() - level.max()
    return HeardPath(x, level, float(np.average(cues.confidence, weights=sure + 1e-6)), share)
