"""The offline planner: tracks from measured cues and tags, nothing guessed."""

from __future__ import annotations

import numpy as np

from ..audio.weighted import smooth
from ..layout import Box, ObjectTrack, VideoSceneLayout, picture
from ..layout.keyframes import sparse
from ..layout.pose import fitted, headings, resting
from ..vocabulary import Thing
from . import wording
from .base import Plan, PlannerSpec, PlanRequest
from .identify import Planned, identify
from .motion import TOLD_SURE, path_of
from .setting import setting_of

#: How far keyframes may be from what they stand for, in widths: fewer to drag.
TOLERANCE = 0.03
#: Height of a box in the far distance.
SMALLEST = 0.08
#: Confidence of a motion that is read from level alone, for a known and an unknown thing.
FROM_LEVEL, FROM_LEVEL_UNKNOWN = 0.5, 0.3


class CuePlanner:
    """Plans from what was measured and recognised offline (no network, no torch)."""

    def plan(self, request: PlanRequest) -> Plan:
        cues = request.cues
        parts = identify(request)
        tracks = tuple(_track(index, part) for index, part in enumerate(parts) if part.is_object)
        tracks = tuple(sorted(tracks, key=lambda track: track.keyframes[-1].box.y2))
        said = tuple(part.name for part in parts if part.named and not part.is_object)
        setting = setting_of(request.heard, tracks, said)
        return Plan(
            VideoSceneLayout(
                frame_count=cues.frame_count,
                duration_s=cues.duration_s,
                scene=setting.cues,
                reasoning=wording.reasoning(request, parts, tracks, setting),
                caption=wording.caption(tracks, cues.frame_count, setting),
                frame_captions=wording.frame_captions(tracks, cues.frame_count),
                objects=tracks,
            )
        )


SPEC = PlannerSpec("Measured cues (offline)", CuePlanner)


def _track(index: int, part: Planned) -> ObjectTrack:
    thing, reading = part.resolution.thing, part.reading
    x, heights = _positions(part), _heights(part)
    boxes = _as_seen(thing, x, heights)
    start, end = _presence(part)
    keyframes = sparse(boxes[start : end + 1], start, tolerance=TOLERANCE)
    if reading.motion == "stationary":
        keyframes = keyframes[:1]
    return ObjectTrack(
        id=index,
        name=part.name,
        appearance=part.appearance,
        start=start,
        end=end,
        confidence=_confidence(part),
        keyframes=keyframes,
    )


def _as_seen(thing: Thing, x: np.ndarray, heights: np.ndarray) -> list[Box]:
    """Boxes of a thing whose middle is at x (N,) and that is so high (N,): as wide as it is seen
    where it is heading, a bus that comes closer narrower than one that passes."""
    middles = np.array([picture.middle(thing.place, float(height)) for height in heights])
    upright = np.stack([x, middles - heights / 2, x, middles + heights / 2], 1)
    turned = headings(upright, resting(thing, "auto", float(x.mean())))
    return [
        fitted(Box(*row), thing, float(heading))
        for row, heading in zip(upright.tolist(), turned, strict=True)
    ]


def _confidence(part: Planned) -> float:
    """Of the place (or of the motion that level shows), less where the name is unsure."""
    confidence = part.source.certainty * (0.6 if part.reading.faint else 1.0)
    if part.reading.motion in ("approaching", "receding"):
        known = part.named or part.certainty > 0
        confidence = max(confidence, FROM_LEVEL if known else FROM_LEVEL_UNKNOWN)
    confidence *= part.certainty**0.5 if part.certainty else 0.6
    return round(min(max(confidence, 0.05), 1.0), 2)


def _positions(part: Planned) -> np.ndarray:
    """(N,) centre of the box in the picture: where it is heard; a category never moves it."""
    if not part.heard_apart:
        return part.source.x
    return path_of(part.source, part.reading)


def _heights(part: Planned) -> np.ndarray:
    """(N,) box heights: size follows distance, 1/r, as level does (20 log10)."""
    thing, level = part.resolution.thing, part.source.level_db
    if part.reading.motion not in ("approaching", "receding"):
        return np.full(len(level), thing.height)
    if part.source.distance is not None and part.source.motion[part.reading.motion] > TOLD_SURE:
        return _by_distance(part, part.source.distance)
    heard = part.source.audible
    curve = smooth(np.interp(np.arange(len(level)), heard, level[heard]), 5)
    rising = part.reading.motion == "approaching"
    curve = np.maximum.accumulate(curve) if rising else np.maximum.accumulate(curve[::-1])[::-1]
    nearest = min(0.8, 1.9 * thing.height)
    heights = nearest * 10 ** ((curve - curve.max()) / 20)
    return np.maximum(heights, SMALLEST)


def _by_distance(part: Planned, distance: np.ndarray) -> np.ndarray:
    """(N,) box heights from the natural log of the distance: 1/r."""
    away = distance if part.reading.motion == "receding" else distance[::-1]
    away = np.maximum.accumulate(away)
    away = away if part.reading.motion == "receding" else away[::-1]
    nearest = min(0.8, 1.9 * part.resolution.thing.height)
    return np.maximum(nearest * np.exp(away.min() - away), SMALLEST)


def _presence(part: Planned) -> tuple[int, int]:
    """First and last frame where it is there: from the first to the last audible one, but a thing
    that is quiet for less than a quarter of the clip stays."""
    audible, last = part.source.audible, len(part.source.x) - 1
    pause = (last + 1) / 4
    start, end = int(audible[0]), int(audible[-1])
    return (start if start >= pause else 0), (end if last - end >= pause else last)
