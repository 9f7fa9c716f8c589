"""How a heard source moves: level is read as distance, position as travel, and what it is decides
which of the two can be believed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..audio.sources import HeardSource
from ..audio.weighted import smooth, weighted_median
from ..vocabulary import Thing

Motion = Literal["approaching", "receding", "crossing", "stationary"]

#: Net level change that reads as a change of distance, and the share of variance that a straight
#: line must explain: 6 dB is half or twice as far (1/r).
DISTANCE = (6.0, 0.5)
#: The same for what calls now loud and now soft, and for the unknown, which may be music.
UNSTEADY_DISTANCE = (10.0, 0.8)
#: Part of the width that reads as crossing, and that reads as passing by whatever the level does.
TRAVEL, PASSES = 0.25, 0.5
#: A smaller part is travel too where it can't be missed: this far, with that share of variance
#: explained, and places that sure. A second of what passes is no more than that.
CLEAR_TRAVEL, CLEAR_FIT, CLEAR_CERTAINTY = 0.1, 0.97, 0.8
#: A trend smaller than that still reads as crossing for a thing that usually travels, because
#: ambience compresses level differences; a smaller one is enough where the thing is heard to pass.
FAINT_TRAVEL, FAINTEST_TRAVEL = 0.045, 0.03
#: Share of variance that a faint trend must explain, and how sure the places must be.
FAINT_FIT, FAINT_CERTAINTY = 0.5, 0.6
#: A mean place further than this from the middle is a lasting level difference (1 dB by the
#: constant-power law): what stays on its side does not cross, however it drifts.
LASTING = 0.037
#: Rise of the middle over both ends by which a thing that travels is heard to pass.
HUMP_DB = 4.0
#: Where a crossing goes whose travel can't be read: between these, so that no name moves a box by
#: a third of the picture from where it is heard; and how near the picture's edge the middle of
#: what does not cross may be.
FROM_X, TO_X, EDGE = 0.2, 0.8, 0.05
#: Probability from which on the localiser's motion is taken.
TOLD_SURE = 0.7
#: Fall of the pitch, semitones, and its confidence, by which it is heard to pass.
DOPPLER_FALL, DOPPLER_CONFIDENCE = -0.3, 0.6


@dataclass(frozen=True)
class MotionReading:
    """How a source moves.

    Attributes
    ----------
    motion
        kind.
    level_change_db, travel
        net change over the clip, travel in widths.
    hump_db
        level of the middle third over the louder of the ends.
    faint
        the travel had to be stretched.
    unheard
        it passes, but which way can't be heard.
    """

    motion: Motion
    level_change_db: float
    travel: float
    hump_db: float = 0.0
    faint: bool = False
    unheard: bool = False


def read_motion(
    source: HeardSource, thing: Thing | None, doppler: tuple[float, float] = (0.0, 0.0)
) -> MotionReading:
    """What kind of motion a source makes; `thing` is what it is, None if that is unknown; doppler:
    (semitones, confidence) that the pitch shifts over the clip.

    Level is read as distance for things that travel with a steady sound; for others that travel,
    and the unknown, only when it changes a lot and smoothly; never for what stays: music swings
    by 8 dB without anything moving.
    """
    heard = source.audible
    if len(heard) < 3:
        return MotionReading("stationary", 0.0, 0.0)
    t = (heard - heard[0]) / (heard[-1] - heard[0])
    levels = source.level_db[heard]
    level, level_fit = _trend(t, _envelope(levels))
    travel, travel_fit = _trend(t, source.x[heard], source.trust[heard])
    reading = MotionReading("stationary", level, travel, _hump(levels))
    placed = source.certainty > 0
    clear = (
        abs(travel) > CLEAR_TRAVEL and travel_fit > CLEAR_FIT and source.certainty > CLEAR_CERTAINTY
    )
    told = _told(source, reading, thing)
    if told is not None:
        return replace(reading, motion="crossing") if told is reading and clear else told
    mobile = thing is not None and thing.mobile
    steady = thing is not None and thing.steady
    change, fit = DISTANCE if steady else UNSTEADY_DISTANCE
    if placed and abs(travel) > PASSES:
        return replace(reading, motion="crossing")
    if (mobile or thing is None) and abs(level) >= change and level_fit >= fit:
        return replace(reading, motion="approaching" if level > 0 else "receding")
    if clear or (placed and abs(travel) > TRAVEL):
        return replace(reading, motion="crossing")
    passes = reading.hump_db > HUMP_DB or (
        doppler[0] < DOPPLER_FALL and doppler[1] > DOPPLER_CONFIDENCE
    )
    travels = placed and mobile and steady and travel_fit > FAINT_FIT
    if travels and _is_faint(reading, source, passes):
        return replace(reading, motion="crossing", faint=True)
    if not placed and mobile and reading.hump_db > HUMP_DB:
        return replace(reading, motion="crossing", unheard=True)
    return reading


def _told(source: HeardSource, reading: MotionReading, thing: Thing | None) -> MotionReading | None:
    """How the localiser says that it moves, None if it is not sure or can't be believed: what
    can't move, or calls now loud and now soft, does not come closer."""
    if not source.motion or source.certainty == 0:
        return None
    motion, p = max(source.motion.items(), key=lambda item: item[1])
    if p < TOLD_SURE:
        return None
    if motion == "still":  # the level of what drives says more
        return None if thing is not None and thing.mobile and thing.steady else reading
    if motion == "crossing":
        return replace(reading, motion="crossing") if abs(reading.travel) > TRAVEL / 2 else None
    if thing is not None and not thing.mobile:
        return None
    return replace(reading, motion="approaching" if motion == "approaching" else "receding")


def _is_faint(reading: MotionReading, source: HeardSource, passes: bool) -> bool:
    """Whether a small trend of a thing that travels may stand for a crossing of the picture."""
    if abs(reading.travel) < (FAINTEST_TRAVEL if passes else FAINT_TRAVEL):
        return False
    middle = float(np.average(source.x, weights=source.trust + 1e-6))
    return abs(middle - 0.5) < LASTING and source.certainty > FAINT_CERTAINTY


def path_of(source: HeardSource, reading: MotionReading) -> np.ndarray:
    """(N,) where a source that moves like that is in the picture, 0..1: where it is heard, or, if
    it is only heard to pass, across the picture. What agrees with it agrees with the evidence."""
    x, trust = source.x, source.trust
    if reading.unheard or reading.faint:
        path = np.linspace(FROM_X, TO_X, len(x))
        return path[::-1] if reading.travel < 0 else path
    if source.certainty == 0:
        return np.full_like(x, 0.5)
    if reading.motion == "stationary":
        return np.full_like(x, np.clip(weighted_median(x, trust), EDGE, 1 - EDGE))
    t = np.linspace(-0.5, 0.5, len(x))
    slope, offset = np.polyfit(t, x, 1, w=np.sqrt(trust + 1e-3))
    straight = slope * t + offset
    if reading.motion == "crossing":  # where it is hardly heard it goes straight on
        share = np.minimum(1, 3 * trust)
        return np.clip(share * x + (1 - share) * straight, 0, 1)
    return np.clip(straight, EDGE, 1 - EDGE)


def _envelope(levels: np.ndarray) -> np.ndarray:
    """Levels without the gaps between steps, barks or strokes: mean power of five frames."""
    return 10 * np.log10(smooth(10 ** (levels / 10), 5))


def _hump(levels: np.ndarray) -> float:
    """How far the middle third is over the louder of the outer sixths, dB."""
    third, sixth = max(1, len(levels) // 3), max(1, len(levels) // 6)
    ends = max(float(levels[:sixth].mean()), float(levels[-sixth:].mean()))
    return float(levels[third:-third].mean()) - ends


def _trend(
    t: np.ndarray, values: np.ndarray, weight: np.ndarray | None = None
) -> tuple[float, float]:
    """Net change of the (weighted) straight fit, and the share of variance it explains."""
    weight = np.ones_like(t) if weight is None else weight + 1e-3
    slope, offset = np.polyfit(t, values, 1, w=np.sqrt(weight))
    residual = values - (slope * t + offset)
    mean = np.average(values, weights=weight)
    variance = float(np.average((values - mean) ** 2, weights=weight))
    left = float(np.average(residual**2, weights=weight))
    return float(slope), 1 - left / variance if variance > 1e-12 else 0.0
